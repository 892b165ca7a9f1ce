Malformed options of run and create: nothing comes into being.

  $ . "$TESTDIR/setup.sh"
  $ docker run -v aa:b busybox true
  invalid volume specification: 'aa:b': invalid mount config for type "volume": invalid mount path: 'b' mount path must be absolute
  [125]
  $ docker run -v /a:/b:nope busybox true
  invalid mode: nope
  [125]
  $ docker run -v /a:/b:ro:rw busybox true
  invalid volume specification: '/a:/b:ro:rw'
  [125]
  $ docker run -v /a:/ busybox true
  invalid volume specification: '/a:/': invalid mount config for type "bind": invalid specification: destination can't be '/'
  [125]
  $ docker run -v 'in valid:/y' busybox true
  create in valid: "in valid" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path
  [125]
  $ docker run -v vv:/y:rslave busybox true
  invalid volume specification: 'vv:/y:rslave': invalid mount config for type "volume": field BindOptions must not be specified
  [125]
  $ docker run -v /a:/b:z,Z busybox true
  invalid mode: z,Z
  [125]
  $ docker run --mount nope busybox true
  invalid argument "nope" for "--mount" flag: invalid field 'nope' must be a key=value pair
  [125]
  $ docker run --mount type=nope,target=/x busybox true
  invalid mount config for type "nope": mount type unknown
  [125]
  $ docker run --mount type=bind,source=/nope,target=/x busybox true
  invalid mount config for type "bind": bind source path does not exist: /nope
  [125]
  $ docker run --mount type=bind,target=/x busybox true
  invalid mount config for type "bind": field Source must not be empty
  [125]
  $ docker run --mount type=bind,source=/tmp busybox true
  invalid argument "type=bind,source=/tmp" for "--mount" flag: target is required
  [125]
  $ docker run --mount type=bind,source=relative,target=/x busybox true
  invalid mount config for type "bind": invalid mount path: 'relative' mount path must be absolute
  [125]
  $ docker run --mount type=volume,source=aa,target=x busybox true
  invalid mount config for type "volume": invalid mount path: 'x' mount path must be absolute
  [125]
  $ docker run --mount type=tmpfs,source=aa,target=/x busybox true
  invalid mount config for type "tmpfs": field Source must not be specified
  [125]
  $ docker run --mount type=volume,target=/x,readonly=maybe busybox true
  invalid argument "type=volume,target=/x,readonly=maybe" for "--mount" flag: invalid value for readonly: maybe
  [125]
  $ docker run --mount type=tmpfs,target=/x,tmpfs-size=q busybox true
  invalid argument "type=tmpfs,target=/x,tmpfs-size=q" for "--mount" flag: invalid value for tmpfs-size: q
  [125]
  $ docker run --mount type=tmpfs,target=/x,tmpfs-mode=9 busybox true
  invalid argument "type=tmpfs,target=/x,tmpfs-mode=9" for "--mount" flag: invalid value for tmpfs-mode: 9
  [125]
  $ docker run --mount type=bind,source=/tmp,target=/x,volume-nocopy busybox true
  invalid argument "type=bind,source=/tmp,target=/x,volume-nocopy" for "--mount" flag: cannot mix 'volume-*' options with mount type 'bind'
  [125]
  $ docker run --mount type=volume,target=/x,bind-propagation=rslave busybox true
  invalid argument "type=volume,target=/x,bind-propagation=rslave" for "--mount" flag: cannot mix 'bind-*' options with mount type 'volume'
  [125]
  $ docker run --mount type=volume,target=/x,nope=1 busybox true
  invalid argument "type=volume,target=/x,nope=1" for "--mount" flag: unexpected key 'nope' in 'nope=1'
  [125]
  $ docker run -v aa:/x -v bb:/x busybox true
  Duplicate mount point: /x
  [125]
  $ docker run --mount type=volume,source=aa,target=/x -v bb:/x busybox true
  Duplicate mount point: /x
  [125]
  $ docker run --tmpfs relative busybox true
  invalid mount path: 'relative' mount path must be absolute
  [125]
  $ docker run --tmpfs /x:nope busybox true
  invalid tmpfs option ["nope"]
  [125]
  $ docker run --tmpfs /x:size=q busybox true
  *tmpfs*size=q* (glob)
  [125]
  $ docker run --volumes-from nope busybox true
  No such container: nope
  [125]
  $ docker run --volumes-from nope:xx busybox true
  invalid mode: xx
  [125]
  $ docker run -p x busybox true
  ?nvalid *ort*x* (glob)
  [125]
  $ docker run -p 99999:80 busybox true
  ?nvalid *ort*99999* (glob)
  [125]
  $ docker run -p 80:99999 busybox true
  ?nvalid *ort*99999* (glob)
  [125]
  $ docker run -p 80:80/nope busybox true
  ?nvalid proto: nope* (glob)
  [125]
  $ docker run -p 1-3:1-2 busybox true
  ?nvalid ranges specified for container and host Ports: *1-* (glob)
  [125]
  $ docker run -p nope:80:80 busybox true
  ?nvalid ?? address*nope* (glob)
  [125]
  $ docker run --expose x busybox true
  invalid *x* (glob)
  [125]
  $ docker run --add-host nope busybox true
  invalid argument "nope" for "--add-host" flag: bad format for add-host: "nope"
  [125]
  $ docker run --add-host a:b busybox true
  invalid argument "a:b" for "--add-host" flag: invalid IP address in add-host: "b"
  [125]
  $ docker run --dns nope busybox true
  invalid argument "nope" for "--dns" flag: nope is not an ip address
  [125]
  $ docker run --mac-address nope busybox true
  nope is not a valid mac address
  [125]
  $ docker run --network nope busybox true
  network nope not found
  [125]
  $ docker run --network container:nope busybox true
  No such container: nope
  [125]
  $ docker run --link nope busybox true
  could not get container for nope: No such container: nope
  [125]
  $ docker run --network none --hostname a busybox hostname
  a
  $ docker run --uts nope busybox true
  --uts: invalid UTS mode
  [125]
  $ docker run --pid nope busybox true
  --pid: invalid PID mode
  [125]
  $ docker run --pid container:nope busybox true
  No such container: nope
  [125]
  $ docker run --ipc nope busybox true
  *nvalid IPC mode* (glob)
  [125]
  $ docker run --ipc container:nope busybox true
  No such container: nope
  [125]
  $ docker run --userns nope busybox true
  --userns: invalid USER mode
  [125]
  $ docker run --cgroupns nope busybox true
  --cgroupns: invalid CGROUP mode
  [125]
  $ docker run --cap-add NOPE busybox true
  invalid CapAdd: unknown capability: "CAP_NOPE"
  [125]
  $ docker run --cap-drop NOPE busybox true
  invalid CapDrop: unknown capability: "CAP_NOPE"
  [125]
  $ docker run --security-opt nope busybox true
  Invalid --security-opt: "nope"
  [125]
  $ docker run --security-opt nope=1 busybox true
  invalid --security-opt 2: "nope=1"
  [125]
  $ docker run --security-opt seccomp=/nope busybox true
  opening seccomp profile (/nope) failed: open /nope: no such file or directory
  [125]
  $ docker run --security-opt apparmor busybox true
  Invalid --security-opt: "apparmor"
  [125]
  $ docker run --device nope busybox true
  *nope is not an absolute path (glob)
  [125]
  $ docker run --device /nope busybox true
  error gathering device information while adding custom device "/nope": no such file or directory
  [127]
  $ docker run --device /dev/null:/dev/x:q busybox true
  *bad mode specified: q (glob)
  [125]
  $ docker run --device-cgroup-rule nope busybox true
  invalid argument "nope" for "--device-cgroup-rule" flag: invalid device cgroup format 'nope'
  [125]
  $ docker run --group-add nope busybox true
  ?nable to find group nope: no matching entries in group file (glob)
  [125]
  $ docker run --user nope busybox true
  unable to find user nope: no matching entries in passwd file
  [125]
  $ docker run --user 0:nope busybox true
  unable to find group nope: no matching entries in group file
  [125]
  $ docker run --workdir relative busybox true
  the working directory 'relative' is invalid, it needs to be an absolute path
  [125]
  $ docker run --sysctl nope busybox true
  invalid argument "nope" for "--sysctl" flag: sysctl 'nope' is not * (glob)
  [125]
  $ docker run --sysctl kernel.nope=1 busybox true
  invalid argument "kernel.nope=1" for "--sysctl" flag: sysctl 'kernel.nope=1' is not * (glob)
  [125]
  $ docker run --sysctl kernel.hostname=x busybox true
  invalid argument "kernel.hostname=x" for "--sysctl" flag: sysctl 'kernel.hostname=x' is not * (glob)
  [125]
  $ docker run --env-file /nope busybox true
  open /nope: no such file or directory
  [125]
  $ docker run --label-file /nope busybox true
  open /nope: no such file or directory
  [125]
  $ docker run -e =x busybox true
  invalid argument "=x" for "-e, --env" flag: invalid environment variable: =x
  [125]
  $ docker run -l =x busybox true
  invalid argument "=x" for "-l, --label" flag: invalid label '=x': empty name
  [125]
  $ docker run --name 'in valid' busybox true
  Invalid container name (in valid), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed
  [125]
  $ docker run --name -x busybox true
  Invalid container name (-x), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed
  [125]
  $ docker run --name x busybox true
  Invalid container name (x), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed
  [125]
  $ docker run --name '' busybox true
  $ docker run nope:nope:nope true
  invalid reference format
  [125]
  $ docker run Nope true
  invalid reference format: repository name *must be lowercase (glob)
  [125]
  $ docker run --pull never nope true
  No such image: nope* (glob)
  [125]
  $ docker run --name /slash busybox true
  $ docker run --entrypoint nope busybox
  exec: "nope": executable file not found in $PATH
  [127]
  $ docker run busybox nope
  exec: "nope": executable file not found in $PATH
  [127]
  $ docker run busybox /etc
  exec: "/etc": (permission denied|is a directory) (re)
  [126]
  $ docker run busybox /etc/passwd
  exec: "/etc/passwd": permission denied
  [126]
  $ docker run --cidfile /nope/nope busybox true
  failed to create the container ID file* /nope/nope: no such file or directory (glob)
  [127]
  $ docker run --gpus all busybox true
  could not select device driver "" with capabilities: ??gpu??* (glob)
  [125]
  $ docker run --storage-opt size=q busybox true
  --storage-opt is * (glob)
  [125]
  $ docker run --blkio-weight-device nope busybox true
  invalid argument "nope" for "--blkio-weight-device" flag: bad format: nope
  [125]
  $ docker volume ls -q | grep -v "^[0-9a-f]*$"
  [1]

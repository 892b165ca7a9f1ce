Commands in a running container.

  $ . "$TESTDIR/setup.sh"
  $ docker run -d --name box -e A=1 -w /var busybox sleep 1000
  [0-9a-f]{64} (re)
  $ docker exec box echo hello
  hello
  $ docker exec box sh -c 'echo out; echo err >&2'
  out
  err
  $ docker exec box sh -c 'exit 7'
  [7]
  $ docker exec box sh -c 'kill -9 $$'
  [137]
  $ docker exec box nope 2>&1 | cause
  exec: "nope": executable file not found in $PATH
  [126]
  $ docker exec box /etc 2>&1 | cause
  exec: "/etc": (permission denied|is a directory) (re)
  [126]
  $ docker exec box /etc/passwd 2>&1 | cause
  exec: "/etc/passwd": permission denied
  [126]
  $ docker exec box pwd
  /var
  $ docker exec -w /tmp box pwd
  /tmp
  $ docker exec -w /nope box pwd 2>&1 | cause
  chdir to cwd ("/nope") *ailed: *o such file or directory* (glob)
  [126]
  $ docker exec -w relative box pwd 2>&1 | cause
  Cwd must be an absolute path* (glob)
  [126]
  $ docker exec box sh -c 'echo $A $HOME'
  1 /root
  $ docker exec -e A=2 -e B=3 box sh -c 'echo $A $B'
  2 3
  $ printf 'X=1\n' > env
  $ docker exec --env-file env box sh -c 'echo $X'
  1
  $ docker exec --env-file nope box true
  open nope: no such file or directory
  [1]
  $ docker exec -u 1000 box id
  uid=1000 gid=0(root) groups=0(root)
  $ docker exec -u www-data box id
  uid=33(www-data) gid=33(www-data) groups=4(adm),33(www-data),100(users)
  $ docker exec -u nope box id 2>&1 | cause
  unable to find user nope: no matching entries in passwd file
  [126]
  $ docker exec -u 1000:33 box id
  uid=1000 gid=33(www-data) groups=33(www-data)
  $ docker exec box id
  uid=0(root) gid=0(root) groups=0(root)
  $ echo hello | docker exec -i box cat
  hello
  $ echo hello | docker exec box cat
  $ docker exec -it box true
  the input device is not a TTY
  [1]
  $ docker exec -d box touch /tmp/made
  $ eventually docker exec box test -e /tmp/made
  $ docker exec -d box nope 2>&1 | cause
  exec: "nope": executable file not found in $PATH
  [1]
  $ docker exec box grep CapEff /proc/self/status
  CapEff:\t00000000a80425fb (esc)
  $ docker exec -u 1000 box grep CapEff /proc/self/status
  CapEff:\t0000000000000000 (esc)
  $ docker exec -t box sh -c 'tty; echo $TERM' | tr -d '\r'
  /dev/pts/0
  xterm
  $ docker exec box sh -c 'tty'
  not a tty
  [1]
  $ docker exec --detach-keys nope box true
  Invalid * keys (nope) provided* (glob)
  [1]
  $ docker container exec box echo 'container exec'
  container exec
  $ docker exec box ps | grep -c 'sleep 1000'
  1
  $ docker exec box -- echo dashes 2>&1 | cause
  exec: "--": executable file not found in $PATH
  [126]
  $ docker exec -- box echo dashes
  dashes
  $ docker exec box hostname | wc -c
  13
  $ docker pause box
  box
  $ docker exec box true
  Container box is paused, unpause the container before exec
  [1]
  $ docker unpause box
  box
  $ docker kill box
  box
  $ docker exec box true
  Container ID is not running
  [1]
  $ docker create --name made busybox true
  [0-9a-f]{64} (re)
  $ docker exec made true
  Container ID is not running
  [1]
  $ docker rm box made
  box
  made

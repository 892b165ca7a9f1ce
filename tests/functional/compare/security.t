Capabilities, no new privileges, seccomp, masks, devices.

  $ . "$TESTDIR/setup.sh"
  $ docker run --rm busybox grep Cap /proc/self/status
  CapInh:\t0000000000000000 (esc)
  CapPrm:\t00000000a80425fb (esc)
  CapEff:\t00000000a80425fb (esc)
  CapBnd:\t00000000a80425fb (esc)
  CapAmb:\t0000000000000000 (esc)
  $ docker run --rm -u 1000 busybox grep Cap /proc/self/status
  CapInh:\t0000000000000000 (esc)
  CapPrm:\t0000000000000000 (esc)
  CapEff:\t0000000000000000 (esc)
  CapBnd:\t00000000a80425fb (esc)
  CapAmb:\t0000000000000000 (esc)
  $ docker run --rm --cap-drop ALL busybox grep CapBnd /proc/self/status
  CapBnd:\t0000000000000000 (esc)
  $ docker run --rm --cap-drop ALL --cap-add CHOWN busybox grep CapBnd /proc/self/status
  CapBnd:\t0000000000000001 (esc)
  $ docker run --rm --cap-add SYS_ADMIN busybox grep CapBnd /proc/self/status
  CapBnd:\t00000000a82425fb (esc)
  $ docker run --rm --cap-add cap_net_admin busybox grep CapBnd /proc/self/status
  CapBnd:\t00000000a80435fb (esc)
  $ docker run --rm --cap-add NET_ADMIN --cap-drop ALL busybox grep CapBnd /proc/self/status
  CapBnd:\t0000000000001000 (esc)
  $ docker run --rm --cap-drop chown busybox chown 1:1 /tmp
  chown: /tmp: Operation not permitted
  [1]
  $ docker run --rm --security-opt no-new-privileges busybox grep NoNewPrivs /proc/self/status
  NoNewPrivs:\t1 (esc)
  $ docker run --rm busybox grep NoNewPrivs /proc/self/status
  NoNewPrivs:\t0 (esc)
  $ docker run --rm busybox grep -w Seccomp /proc/self/status
  Seccomp:\t2 (esc)
  $ docker run --rm --security-opt seccomp=unconfined busybox grep -w Seccomp /proc/self/status
  Seccomp:\t0 (esc)
  $ docker run --rm busybox mount -t tmpfs none /mnt
  mount: permission denied (are you root?)
  [1]
  $ docker run --rm busybox sh -c 'cat /proc/kcore | wc -c; ls /proc/acpi /sys/firmware | wc -l'
  0
  3
  cat: can't open '/proc/kcore': no such file or directory
  $ docker run --rm busybox sh -c 'echo x > /proc/sys/kernel/core_pattern'
  sh: can't create /proc/sys/kernel/core_pattern: Read-only file system
  [1]
  $ docker run --rm busybox sh -c 'echo x > /proc/sysrq-trigger'
  sh: can't create /proc/sysrq-trigger: nonexistent directory
  [1]
  $ docker run --rm busybox sh -c 'ls /dev'
  fd
  full
  mqueue
  null
  ptmx
  pts
  random
  shm
  stderr
  stdin
  stdout
  tty
  urandom
  zero
  $ docker run --rm -t busybox sh -c 'ls /dev/console'
  /dev/console\r (esc)
  $ docker run --rm --device /dev/null:/dev/other busybox ls -l /dev/other | cut -c 1-10
  crw-rw-rw-
  $ docker run --rm --device /dev/zero:/dev/z:r busybox sh -c 'head -c 3 /dev/z | wc -c; echo x > /dev/z'
  3
  $ docker run --rm --sysctl net.ipv4.ip_forward=0 busybox cat /proc/sys/net/ipv4/ip_forward
  0
  $ docker run --rm --sysctl kernel.shmmax=65536 busybox cat /proc/sys/kernel/shmmax
  65536
  $ docker run --rm busybox cat /proc/sys/net/ipv4/ip_unprivileged_port_start
  0
  $ docker run --rm --ulimit nofile=100:200 busybox sh -c 'ulimit -n; ulimit -Hn'
  100
  200
  $ docker run --rm --ulimit nofile=100 busybox sh -c 'ulimit -Hn'
  100
  $ docker run --rm --ulimit core=0 busybox sh -c 'ulimit -c'
  0
  $ docker run --rm --oom-score-adj 500 busybox cat /proc/self/oom_score_adj
  500
  $ docker run --rm busybox cat /proc/self/oom_score_adj
  0
  $ docker run --rm busybox cat /proc/1/comm
  cat
  $ docker run --rm busybox sh -c 'set -- /proc/[0-9]*; echo $#'
  1
  $ docker run --rm busybox sh -c 'umask; pwd; echo $PATH; echo $HOME; echo ${TERM-none}'
  0022
  /
  /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
  /root
  none
  $ docker run --rm -t busybox sh -c 'echo $TERM' | tr -d '\r'
  xterm
  $ docker run --rm busybox ls /
  bin
  dev
  etc
  home
  proc
  root
  sys
  tmp
  usr
  var
  $ docker run --rm busybox ls -a / | grep dockerenv
  .dockerenv
  $ docker run --rm busybox sh -c 'grep -c " /dev/pts \| /dev/shm \| /dev/mqueue \| /sys \| /proc " /proc/mounts'
  5
  $ docker run -d --name one --ipc shareable busybox sleep 100
  [0-9a-f]{64} (re)
  $ docker run --rm --pid container:one busybox sh -c 'ps | grep -c "[s]leep 100"'
  1
  $ docker run --rm --network container:one busybox hostname | wc -c
  13
  $ docker run --rm --ipc container:one busybox true
  $ docker rm -f one
  one

Output, exit codes, streams.

  $ . "$TESTDIR/setup.sh"
  $ docker run --rm busybox echo hello
  hello
  $ docker run --rm busybox true
  $ docker run --rm busybox false
  [1]
  $ docker run --rm busybox sh -c 'exit 42'
  [42]
  $ docker run --rm busybox sh -c 'echo out; echo err >&2'
  out
  err
  $ docker run --rm busybox sh -c 'echo out; echo err >&2' 2>/dev/null
  out
  $ docker run --rm busybox sh -c 'kill -9 $$'
  $ docker run --rm busybox nope
  exec: "nope": executable file not found in $PATH
  [127]
  $ docker run --rm busybox /etc
  exec: "/etc": (permission denied|is a directory) (re)
  [126]
  $ docker run --rm busybox
  $ echo hello | docker run --rm -i busybox cat
  hello
  $ echo hello | docker run --rm busybox cat
  $ echo 'echo from standard input' | docker run --rm -i busybox
  from standard input
  $ docker run --rm -a stdout busybox sh -c 'echo out; echo err >&2'
  out
  $ docker run --rm -a stderr busybox sh -c 'echo out; echo err >&2'
  err
  $ echo hello | docker run --name quiet -i -a stdin busybox sh -c 'cat; exit 3'
  [0-9a-f]{64} (re)
  $ docker wait quiet
  3
  $ docker logs quiet
  hello
  $ docker rm quiet
  quiet
  $ echo x | docker run --rm -a stdin -a stdout -i busybox cat
  x
  $ docker run --rm -it busybox true
  the input device is not a TTY
  [1]
  $ docker run -d --name long busybox sleep 100
  [0-9a-f]{64} (re)
  $ docker run -d --rm --name gone busybox true | wc -c
  65
  $ docker container run --rm busybox echo 'container run'
  container run
  $ docker rm -f long
  long

Process: environment, directory, user, names.

  $ docker run --rm -e A=1 -e B -e C= busybox env | sort | grep -v HOSTNAME
  A=1
  C=
  HOME=/root
  PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
  $ B=host docker run --rm -e B busybox sh -c 'echo $B'
  host
  $ printf '# comment\n\nX=1\n  Y=two words\nZ\nPATH\n' > env
  $ docker run --rm --env-file env busybox sh -c 'echo $X-$Y-${Z-unset}; echo ${PATH:+path}'
  1-two words-unset
  path
  $ docker run --rm --env-file env -e X=2 busybox sh -c 'echo $X'
  2
  $ docker run --rm -w /var busybox pwd
  /var
  $ docker run --rm -w /new/dir busybox pwd
  /new/dir
  $ docker run --rm -u 1000 busybox id
  uid=1000 gid=0(root) groups=0(root)
  $ docker run --rm -u www-data busybox id
  uid=33(www-data) gid=33(www-data) groups=4(adm),33(www-data),100(users)
  $ docker run --rm -u www-data:users busybox id
  uid=33(www-data) gid=100(users) groups=100(users)
  $ docker run --rm -u 1000:1000 busybox id
  uid=1000 gid=1000 groups=1000
  $ docker run --rm -u :33 busybox id
  uid=0(root) gid=33(www-data) groups=33(www-data)
  $ docker run --rm --group-add users --group-add 50 busybox id -G
  0 50 100
  $ docker run --rm -u nobody busybox sh -c 'echo $HOME'
  /home
  $ docker run --rm --hostname box busybox hostname
  box
  $ docker run --rm --hostname box --domainname example.org busybox hostname -f
  box.example.org
  $ docker run --rm --hostname box busybox sh -c 'echo $HOSTNAME; cat /etc/hostname; grep -c box /etc/hosts'
  box
  box
  1
  $ docker run --rm --entrypoint echo busybox hello there
  hello there
  $ docker run --rm --entrypoint '' busybox echo cleared
  cleared
  $ docker run --rm --entrypoint /bin/sh busybox -c 'echo $0 $1' a b
  a b
  $ docker run --rm --init busybox sh -c 'cat /proc/1/comm | grep -c init'
  1
  $ docker run --rm --read-only busybox touch /x
  touch: /x: Read-only file system
  [1]
  $ docker run --rm --read-only --tmpfs /run busybox sh -c 'touch /run/x && echo written'
  written
  $ docker run --rm --shm-size 1m busybox df -k /dev/shm | awk 'NR == 2 {print $2}'
  1024
  $ docker run --rm busybox df -k /dev/shm | awk 'NR == 2 {print $2}'
  65536
  $ docker run --rm --add-host db:10.1.2.3 busybox grep -w db /etc/hosts
  10.1.2.3\tdb (esc)
  $ docker run --rm --dns 9.9.9.9 --dns-search example.org --dns-option ndots:3 busybox cat /etc/resolv.conf | sort
  nameserver 9.9.9.9
  options ndots:3
  search example.org
  $ docker run --rm --network none busybox ip -o link | wc -l
  1
  $ docker run --rm --mac-address 92:d0:c6:0a:29:33 busybox cat /sys/class/net/eth0/address
  92:d0:c6:0a:29:33
  $ docker run --rm busybox cat /sys/class/net/eth0/address | cut -c 1-5
  02:42
  $ docker run --rm busybox ip -o -4 addr show eth0 | grep -c '172.17.0'
  1
  $ docker run --name cid --cidfile id busybox true
  $ wc -c < id
  64
  $ docker inspect -f '{{.Name}}' $(cat id)
  /cid
  $ docker run --cidfile id busybox true
  container ID file found, make sure the other container isn't running or delete id
  [125]
  $ docker rm cid
  cid

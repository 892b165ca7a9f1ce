create, start, restart, rename, wait, rm.

  $ . "$TESTDIR/setup.sh"
  $ docker create --name c1 busybox echo hello
  [0-9a-f]{64} (re)
  $ docker ps -a --format '{{.Names}} {{.Status}}'
  c1 Created
  $ docker start c1
  c1
  $ docker wait c1
  0
  $ docker logs c1
  hello
  $ docker start -a c1
  hello
  $ docker logs c1
  hello
  hello
  $ docker create --name c2 busybox sh -c 'echo out; echo err >&2; exit 3'
  [0-9a-f]{64} (re)
  $ docker start -a c2
  out
  err
  [3]
  $ docker start --attach c2
  out
  err
  [3]
  $ docker start c1 c2
  c1
  c2
  $ docker wait c1 c2
  0
  3
  $ docker start c1 nope c2
  c1
  c2
  No such container: nope
  failed to start containers: nope
  [1]
  $ docker wait c2 nope c1
  3
  0
  No such container: nope
  [1]
  $ docker create -i --name c3 busybox cat
  [0-9a-f]{64} (re)
  $ echo from-stdin | docker start -ai c3
  from-stdin
  $ echo from-stdin | docker start -i c3
  from-stdin
  $ docker start -a c1 c2
  you cannot start and attach multiple containers at once
  [1]
  $ docker rm c1 c2 c3
  c1
  c2
  c3
  $ docker create busybox true | wc -c
  65
  $ docker rm $(docker ps -aq) | wc -l
  1
  $ docker run -d --name rx busybox sleep 100
  [0-9a-f]{64} (re)
  $ docker run -d --name rr busybox sleep 100
  [0-9a-f]{64} (re)
  $ docker start rr
  rr
  $ docker restart -t 0 rr
  rr
  $ docker inspect -f '{{.State.Status}} {{.RestartCount}}' rr
  running 0
  $ docker rename rr r2
  $ docker rename r2 rr
  $ docker ps --format '{{.Names}}'
  rr
  rx
  $ docker rm rr
  You cannot remove a running container ID. Stop the container before attempting removal or force remove
  [1]
  $ docker rm -f rr rx
  rr
  rx
  $ docker rm -f rr rx
  No such container: rr
  No such container: rx
  $ docker container create --name c4 busybox true
  [0-9a-f]{64} (re)
  $ docker container start c4
  c4
  $ docker container wait c4
  0
  $ docker container rm c4
  c4
  $ docker create --name c5 -p 8080:80 busybox true
  [0-9a-f]{64} (re)
  $ docker inspect -f '{{json .HostConfig.PortBindings}}' c5
  {"80/tcp":[{"HostIp":"","HostPort":"8080"}]}
  $ docker inspect -f '{{.State.Status}} {{.State.Running}} {{.State.ExitCode}} {{.State.Pid}} {{.State.StartedAt}}' c5
  created false 0 0 0001-01-01T00:00:00Z
  $ docker restart c5
  c5
  $ docker wait c5
  0
  $ docker inspect -f '{{.State.Status}} {{.State.ExitCode}}' c5
  exited 0
  $ docker create --name c6 nope 2>&1 | sed -n 1p
  Unable to find image 'nope:latest' locally
  [1]
  $ docker create --name c6 busybox nope
  [0-9a-f]{64} (re)
  $ docker start c6
  exec: "nope": executable file not found in $PATH
  failed to start containers: c6
  [1]
  $ docker inspect -f '{{.State.Status}} {{.State.ExitCode}} {{.State.Error}}' c6 | sed 's/failed to create.*process: //; s/: unknown//'
  created 127 exec: "nope": executable file not found in $PATH
  $ docker start -a c6
  exec: "nope": executable file not found in $PATH
  [1]
  $ docker rm -v c5 c6
  c5
  c6
  $ docker run --rm --name vv --volumes-from nope busybox true
  No such container: nope
  [125]
  $ docker ps -aq

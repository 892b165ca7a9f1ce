diff, export, commit, import.

  $ . "$TESTDIR/setup.sh"
  $ docker run --name cc busybox sh -c 'echo new > /new; mkdir /dir; echo x > /dir/x; rm /etc/group; echo more >> /etc/passwd; chmod 700 /var'
  $ docker diff cc | sort
  A /dir
  A /dir/x
  A /new
  C /etc
  C /etc/passwd
  C /var
  D /etc/group
  $ docker container diff cc | wc -l
  7
  $ docker export cc | tar -t | grep -c '^new$'
  1
  $ docker export cc | tar -xO new
  new
  $ docker export -o c.tar cc
  $ tar -tf c.tar | grep -c '^etc/group$'
  0
  [1]
  $ docker export -o nope/c.tar cc
  *invalid output path: directory "nope" does not exist (glob)
  [1]
  $ docker export nope
  No such container: nope
  [1]
  $ docker commit cc img | wc -c
  72
  $ docker run --rm img cat /new /dir/x
  new
  x
  $ docker run --rm img ls /etc/group
  ls: /etc/group: no such file or directory
  [1]
  $ docker run --rm img tail -n 1 /etc/passwd
  more
  $ docker commit -a 'Some One' -m 'a message' cc img:2 | cut -d: -f1
  sha256
  $ docker inspect -f '{{.Author}} {{.Comment}}' img:2
  Some One a message
  $ docker commit -c 'CMD echo from commit' cc img:3 > /dev/null
  $ docker run --rm img:3
  from commit
  $ docker commit -c 'ENV A=1 B="two words"' -c 'WORKDIR /dir' -c 'ENTRYPOINT ["pwd"]' cc img:4 > /dev/null
  $ docker inspect -f '{{json .Config.Env}} {{.Config.WorkingDir}} {{json .Config.Entrypoint}} {{json .Config.Cmd}}' img:4
  ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","A=1","B=two words"] /dir ["pwd"] null
  $ docker run --rm img:4
  /dir
  $ docker commit -c 'LABEL a=b' -c 'EXPOSE 80' -c 'USER 33' -c 'VOLUME /v' cc img:5 > /dev/null
  $ docker inspect -f '{{json .Config.Labels}} {{json .Config.ExposedPorts}} {{.Config.User}} {{json .Config.Volumes}}' img:5
  {"a":"b"} {"80/tcp":{}} 33 {"/v":{}}
  $ docker commit -c 'NOPE x' cc img:6
  nope is not a valid change command
  [1]
  $ docker commit -c 'RUN true' cc img:6
  run is not a valid change command
  [1]
  $ docker commit -c 'ENV' cc img:6
  ENV requires at least one argument
  [1]
  $ docker commit cc Upper
  invalid reference format: repository name *must be lowercase (glob)
  [1]
  $ docker commit cc img:a:b
  invalid reference format
  [1]
  $ docker commit nope img
  No such container: nope
  [1]
  $ docker commit --pause=false cc img:7 > /dev/null
  $ docker commit -p=false cc img:7 > /dev/null
  $ docker commit cc | cut -d: -f1
  sha256
  $ docker images --format '{{.Repository}}:{{.Tag}}' | sort
  <none>:<none>
  <none>:<none>
  busybox:latest
  img:2
  img:3
  img:4
  img:5
  img:7
  img:latest
  $ docker run -d --name running busybox sh -c 'echo live > /live; sleep 1000'
  [0-9a-f]{64} (re)
  $ eventually docker exec running test -e /live
  $ docker commit running img:live > /dev/null
  $ docker inspect -f '{{.State.Status}}' running
  running
  $ docker run --rm img:live cat /live
  live
  $ docker diff running
  A /live
  $ docker diff nope
  No such container: nope
  [1]
  $ docker create --name made busybox true
  [0-9a-f]{64} (re)
  $ docker diff made
  $ docker run --name vv -v vol:/data busybox sh -c 'echo x > /data/x'
  $ docker diff vv
  A /data
  $ docker export vv | tar -t | grep '^data'
  data/
  $ docker rm -f cc running made vv
  cc
  running
  made
  vv
  $ docker volume rm vol
  vol

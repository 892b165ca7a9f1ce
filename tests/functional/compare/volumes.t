volume create, ls, inspect, rm, prune.

  $ . "$TESTDIR/setup.sh"
  $ docker volume ls
  DRIVER    VOLUME NAME
  $ docker volume create one
  one
  $ docker volume create one
  one
  $ docker volume create --label a=1 --label b two
  two
  $ docker volume create --name three
  three
  $ docker volume create
  [0-9a-f]{64} (re)
  $ docker volume create --name four four
  conflicting options: either specify --name or provide positional arg, not both
  [1]
  $ docker volume ls -q | grep -v '^[0-9a-f]\{64\}$'
  one
  three
  two
  $ docker volume ls | grep -v '[0-9a-f]\{64\}$'
  DRIVER    VOLUME NAME
  local     one
  local     three
  local     two
  $ docker volume ls --filter name=t -q
  three
  two
  $ docker volume ls --filter label=a -q
  two
  $ docker volume ls --filter label=a=2 -q
  $ docker volume ls --filter driver=local --filter name=one -q
  one
  $ docker volume ls --filter driver=nope -q
  $ docker volume ls --filter dangling=true -q | wc -l
  4
  $ docker volume ls --filter dangling=false -q
  $ docker volume ls --filter dangling=maybe -q
  Invalid filter 'dangling=[maybe]'
  [1]
  $ docker volume ls --filter nope=1 -q
  Invalid filter 'nope'
  [1]
  $ docker volume ls --filter nope -q
  invalid argument "nope" for "-f, --filter" flag: bad format of filter (expected name=value)
  See 'docker volume ls --help'
  [125]
  $ docker volume ls --format '{{.Name}} {{.Driver}} {{.Scope}}' --filter name=two
  two local local
  $ docker volume ls --format '{{.Name}} {{.Labels}} {{.Label "a"}}' --filter name=two
  two a=1,b= 1
  $ docker volume ls --format '{{.Mountpoint}}' --filter name=one | grep -c '/volumes/one/_data$'
  1
  $ docker volume ls --format 'table {{.Name}}' --filter name=one
  VOLUME NAME
  one
  $ docker volume ls --format '{{json .}}' --filter name=one | jq -r 'keys[]'
  Driver
  Labels
  Links
  Mountpoint
  Name
  Scope
  Size
  $ docker volume ls --format '{{.Nope}}' --filter name=one 2>&1 | field
  at <.Nope>: unknown
  [1]
  $ docker volume list -q --filter name=one
  one
  $ docker volume inspect one | jq -c '.[0] | del(.CreatedAt, .Mountpoint)'
  {"Driver":"local","Labels":{},"Name":"one","Options":{},"Scope":"local"}
  $ docker volume inspect two | jq -c '.[0] | del(.CreatedAt, .Mountpoint)'
  {"Driver":"local","Labels":{"a":"1","b":""},"Name":"two","Options":{},"Scope":"local"}
  $ docker volume inspect -f '{{.Name}} {{.Driver}} {{json .Labels}} {{json .Options}}' one two
  one local {} {}
  two local {"a":"1","b":""} {}
  $ docker volume inspect one nope | jq length
  No such volume: nope
  1
  [1]
  $ docker volume inspect -f '{{.Nope}}' one 2>&1 | field
  at <.Nope>: unknown
  [1]
  $ docker volume inspect -f '{{.Mountpoint}}' one | grep -c '/volumes/one/_data$'
  1
  $ docker volume create -o type=tmpfs -o device=tmpfs -o o=size=1m tmp
  tmp
  $ docker volume inspect -f '{{json .Options}}' tmp
  {"device":"tmpfs","o":"size=1m","type":"tmpfs"}
  $ docker run --rm -v tmp:/t busybox sh -c 'grep -c " /t tmpfs" /proc/mounts'
  1
  $ docker volume create -o type=tmpfs bad1
  create bad1: missing required option: "device"
  [1]
  $ docker volume create -o nope=x bad2
  create bad2: invalid option: "nope"
  [1]
  $ docker volume create --driver nope bad3
  create bad3: error looking up volume plugin nope: plugin "nope" not found
  [1]
  $ docker volume create --opt type=none --opt o=bind --opt device=/nope/nope bind
  bind
  $ docker run --rm -v bind:/t busybox true
  error while mounting volume '/*/volumes/bind/_data': failed to mount local volume: mount /nope/nope:/*/volumes/bind/_data, flags: 0x1000: no such file or directory (glob)
  [127]
  $ docker run --rm -v one:/data busybox sh -c 'echo kept > /data/f'
  $ docker run --rm -v one:/data busybox cat /data/f
  kept
  $ docker run --rm -v one:/data:ro busybox touch /data/g
  touch: /data/g: Read-only file system
  [1]
  $ docker run --rm -v auto:/data busybox true
  $ docker volume ls -q --filter name=auto
  auto
  $ docker run --name user -v one:/data busybox true
  $ docker volume rm one
  remove one: volume is in use - [ID]
  [1]
  $ docker volume rm -f one
  remove one: volume is in use - [ID]
  [1]
  $ docker volume ls -q --filter dangling=false
  one
  $ docker rm -v user
  user
  $ docker volume rm one nope two
  one
  two
  No such volume: nope
  [1]
  $ docker volume rm -f nope
  nope
  $ docker volume remove three
  three
  $ docker run --rm -v /anon busybox true
  $ docker volume ls -qf dangling=true | grep -c '^[0-9a-f]\{64\}$'
  1
  $ docker run --name aa -v /anon busybox true
  $ docker rm -v aa
  aa
  $ docker volume ls -qf dangling=true | grep -c '^[0-9a-f]\{64\}$'
  1
  $ docker volume prune -f --filter label=nope
  Total reclaimed space: 0B
  $ docker volume prune -f --filter nope=1
  Invalid filter 'nope'
  [1]
  $ echo n | docker volume prune | tail -n 1
  Are you sure you want to continue? [y/N] Total reclaimed space: 0B
  $ docker volume create volume_1_s
  volume_1_s
  $ docker volume create volume_2_s
  volume_2_s
  $ docker volume create vol3
  vol3
  $ listed() { echo "$1:" $(docker volume ls -q --filter "name=$1" 2>&1); }
  $ for pattern in 'volume_1.+' 'volume_1*' '^vol3$' ol3 'x|vol3' /vol3 '['; do listed "$pattern"; done
  volume_1.+: volume_1_s
  volume_1*: volume_1_s volume_2_s
  ^vol3$: vol3
  ol3: vol3
  x|vol3: vol3
  /vol3:
  [:
  $ docker volume ls -q --format 'x{{.Name}}' --filter name=vol3
  xvol3
  $ docker volume rm volume_1_s volume_2_s vol3
  volume_1_s
  volume_2_s
  vol3

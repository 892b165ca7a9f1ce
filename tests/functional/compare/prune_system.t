container prune, volume prune, system prune, df, info, version.

  $ . "$TESTDIR/setup.sh"
  $ docker container prune -f
  Total reclaimed space: 0B
  $ docker volume prune -f
  Total reclaimed space: 0B
  $ docker system prune -f
  Total reclaimed space: 0B
  $ docker run --name p1 busybox true
  $ docker run --name p2 --label keep=1 busybox true
  $ docker run -d --name p3 busybox sleep 1000
  [0-9a-f]{64} (re)
  $ echo n | docker container prune
  WARNING! This will remove all stopped containers.
  Are you sure you want to continue? [y/N] Total reclaimed space: 0B
  $ docker container prune < /dev/null
  WARNING! This will remove all stopped containers.
  Are you sure you want to continue? [y/N] Total reclaimed space: 0B
  $ docker container prune -f --filter label!=keep | sed 's/^[0-9a-f]\{64\}$/ID/'
  Deleted Containers:
  ID
  
  Total reclaimed space: 0B
  $ docker ps -a --format '{{.Names}}'
  p3
  p2
  $ docker container prune -f --filter until=1h
  Total reclaimed space: 0B
  $ docker container prune -f --filter until=nope
  failed to parse value as time or duration: "nope"
  [1]
  $ docker container prune -f --filter nope=1
  Invalid filter 'nope'
  [1]
  $ echo y | docker container prune | sed 's/^[0-9a-f]\{64\}$/ID/'
  WARNING! This will remove all stopped containers.
  Are you sure you want to continue? [y/N] Deleted Containers:
  ID
  
  Total reclaimed space: 0B
  $ docker ps -a --format '{{.Names}}'
  p3
  $ docker volume create v1
  v1
  $ docker run --name p4 -v used:/d -v /anon busybox true
  $ docker system prune --volumes --filter until=1h -f
  The "until" filter is not supported with "--volumes"
  [1]
  $ docker system prune -f | sed 's/^[0-9a-f]\{64\}$/ID/'
  Deleted Containers:
  ID
  
  Total reclaimed space: 0B
  $ docker volume ls -q --filter name=v1
  v1
  $ docker tag busybox other:1
  $ docker run --name p5 other:1 true
  $ docker rm p5
  p5
  $ docker system prune --help | sed -n '/--volumes/p' | wc -l
  1
  $ echo n | docker system prune | sed -n 1,4p
  WARNING! This will remove:
    - all stopped containers
    - all networks not used by at least one container
    - all dangling images
  $ docker rm -f p3
  p3
  $ docker volume rm v1 used
  v1
  used
  $ docker system df --format '{{.Type}} {{.TotalCount}} {{.Active}}' | grep -v 'Build Cache'
  Images 1 0
  Containers 0 0
  Local Volumes 1 0
  $ docker system df | sed -n '1p'
  TYPE            TOTAL     ACTIVE    SIZE      RECLAIMABLE
  $ docker system df -v | grep -c 'space usage:'
  3
  $ docker system df --format '{{json .}}' | sed -n 1p | jq -r 'keys[]'
  Active
  Reclaimable
  Size
  TotalCount
  Type
  $ docker system df -v --format nope
  nope (no-eol)
  $ docker info --format '{{.Containers}} {{.ContainersRunning}} {{.Images}} {{.Driver}} {{.OSType}}'
  0 0 1 overlay2 linux
  $ docker info --format '{{.Nope}}' 2>&1 | field
  at <.Nope>: unknown
  [1]
  $ docker info --format '{{json .LoggingDriver}}'
  "json-file"
  $ docker info 2>/dev/null | sed -n '/^ Containers/p; /^  Running/p; /^ Images/p'
   Containers: 0
    Running: 0
   Images: 1
  $ docker system info --format '{{.NCPU}}' | grep -c '^[0-9]*$'
  1
  $ docker version --format '{{.Nope}}' 2>&1 | field
  at <.Nope>: unknown
  [1]
  $ docker version --format '{{.Client.Version}} {{.Server.Version}}' | wc -w
  2
  $ docker version --format '{{.Server.Os}}/{{.Server.Arch}}'
  linux/amd64
  $ docker version --format '{{json .}}' | jq -r 'keys[]'
  Client
  Server
  $ docker version | grep -c '^Client\|^Server\|^ Version'
  3
  $ docker --version | neutral | tr D d | cut -d' ' -f1,2
  docker version
  $ docker -v | wc -l
  1

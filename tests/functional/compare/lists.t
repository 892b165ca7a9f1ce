ps: columns, filters, templates.

  $ . "$TESTDIR/setup.sh"
  $ docker ps
  CONTAINER ID   IMAGE     COMMAND   CREATED   STATUS    PORTS     NAMES
  $ docker ps -q
  $ docker run -d --name up --label color=red --label size=1 busybox sleep 1000
  [0-9a-f]{64} (re)
  $ docker run --name done --label color=blue busybox false
  [1]
  $ docker create --name made --label color=red -v vol:/data busybox true
  [0-9a-f]{64} (re)
  $ docker run -d --name ports -p 127.0.0.1:18080:80 -p 18443:443/udp --expose 99 busybox sleep 1000
  [0-9a-f]{64} (re)
  $ docker ps --format '{{.Names}} {{.Image}} {{.Command}} {{.State}}'
  ports busybox "sleep 1000" running
  up busybox "sleep 1000" running
  $ docker ps -a --format '{{.Names}} {{.Image}} {{.Command}} {{.State}}'
  ports busybox "sleep 1000" running
  made busybox "true" created
  done busybox "false" exited
  up busybox "sleep 1000" running
  $ docker ps -a --no-trunc --format '{{.ID}} {{.Command}}' | sed 's/^[0-9a-f]\{64\} /ID /'
  ID "sleep 1000"
  ID "true"
  ID "false"
  ID "sleep 1000"
  $ docker ps -a --format '{{.Status}}' | sed 's/[0-9]* seconds\?\|Less than a second/TIME/'
  Up TIME
  Created
  Exited (1) TIME ago
  Up TIME
  $ docker ps --format '{{.Ports}}' | sed 's/, :::[^,]*//'
  99/tcp, 127.0.0.1:18080->80/tcp, 0.0.0.0:18443->443/udp
  
  $ docker ps -a --format '{{.RunningFor}}' | sed 's/[0-9]* seconds\?\|Less than a second/TIME/'
  TIME ago
  TIME ago
  TIME ago
  TIME ago
  $ docker ps -a --format '{{.Names}} {{.Labels}}'
  ports 
  made color=red
  done color=blue
  up color=red,size=1
  $ docker ps -a --format '{{.Names}} {{.Label "color"}}'
  ports 
  made red
  done blue
  up red
  $ docker ps -a --format '{{.Names}} {{.Mounts}} {{.LocalVolumes}} {{.Networks}}'
  ports  0 bridge
  made vol 1 bridge
  done  0 bridge
  up  0 bridge
  $ docker ps -a --format 'table {{.Names}}\t{{.Image}}\t{{.Command}}'
  NAMES     IMAGE     COMMAND
  ports     busybox   "sleep 1000"
  made      busybox   "true"
  done      busybox   "false"
  up        busybox   "sleep 1000"
  $ docker ps -a --format 'table {{.Names}}\t{{.Label "color"}}'
  NAMES     color
  ports     
  made      red
  done      blue
  up        red
  $ docker ps --format 'table {{.Names}}' --filter name=nope
  NAMES
  $ docker ps -aq | wc -l
  4
  $ docker ps -q | grep -c '^[0-9a-f]\{12\}$'
  2
  $ docker ps -q --no-trunc | grep -c '^[0-9a-f]\{64\}$'
  2
  $ docker ps -l --format '{{.Names}}'
  ports
  $ docker ps -n 2 --format '{{.Names}}'
  ports
  made
  $ docker ps -n 0 --format '{{.Names}}'
  ports
  up
  $ docker ps -n -1 --format '{{.Names}}'
  ports
  up
  $ docker ps -a --filter name=don --format '{{.Names}}'
  done
  $ docker ps -a --filter "name=^up$" --format '{{.Names}}'
  up
  $ docker ps -a --filter name=/up --format '{{.Names}}'
  up
  $ docker ps -a --filter label=color --format '{{.Names}}'
  made
  done
  up
  $ docker ps -a --filter label=color=red --format '{{.Names}}'
  made
  up
  $ docker ps -a --filter label=color=red --filter label=size=1 --format '{{.Names}}'
  up
  $ docker ps -a --filter status=exited --format '{{.Names}}'
  done
  $ docker ps -a --filter status=exited --filter status=created --format '{{.Names}}'
  made
  done
  $ docker ps --filter status=created --format '{{.Names}}'
  made
  $ docker ps -a --filter exited=1 --format '{{.Names}}'
  done
  $ docker ps -a --filter exited=0 --format '{{.Names}}'
  $ docker ps -a --filter ancestor=busybox --format '{{.Names}}'
  ports
  made
  done
  up
  $ docker ps -a --filter ancestor=busybox:latest --filter status=running --format '{{.Names}}'
  ports
  up
  $ docker ps -a --filter ancestor=nope --format '{{.Names}}'
  $ docker ps -a --filter volume=vol --format '{{.Names}}'
  made
  $ docker ps -a --filter volume=/data --format '{{.Names}}'
  made
  $ docker ps -a --filter before=done --format '{{.Names}}'
  up
  $ docker ps -a --filter since=done --format '{{.Names}}'
  ports
  made
  $ docker ps -a --filter since=nope --format '{{.Names}}'
  ?o such container* nope (glob)
  [1]
  $ docker ps -a --filter network=bridge --format '{{.Names}}'
  ports
  made
  done
  up
  $ docker ps -a --filter publish=18080 --format '{{.Names}}'
  ports
  $ docker ps -a --filter expose=80 --format '{{.Names}}'
  ports
  $ docker ps -a --filter health=none --format '{{.Names}}'
  ports
  made
  done
  up
  $ docker ps -a --filter is-task=true --format '{{.Names}}'
  $ docker ps -a --filter id=$(docker ps -aqf name=done) --format '{{.Names}}'
  done
  $ docker ps -a --filter nope=1
  Invalid filter 'nope'
  [1]
  $ docker ps -a --filter nope
  invalid argument "nope" for "-f, --filter" flag: bad format of filter (expected name=value)
  See 'docker ps --help'
  [125]
  $ docker ps -a --filter status=nope
  Invalid filter 'status=nope'
  [1]
  $ docker ps -a --filter exited=x
  strconv.Atoi: parsing "x": invalid syntax
  [1]
  $ docker ps -a --filter health=nope
  Unrecognised filter value for health: nope
  [1]
  $ docker ps -a --filter publish=x
  error while looking up for publish x: strconv.ParseUint: parsing "x": invalid syntax
  [1]
  $ docker ps -s --filter name=up --format '{{.Size}}' | sed 's/(.*)/(VIRTUAL)/'
  0B (VIRTUAL)
  $ docker ps --format '{{.Nope}}' 2>&1 | field
  at <.Nope>: unknown
  [1]
  $ docker ps --format '{{.ID'
  *template*: :1: unclosed action (glob)
  [1]
  $ docker ps --format '{{json .Names}}'
  "ports"
  "up"
  $ docker ps --format '{{upper .Names}}'
  PORTS
  UP
  $ docker ps --format '{{json .}}' --filter name=up | jq -r 'keys[]'
  Command
  CreatedAt
  ID
  Image
  Labels
  LocalVolumes
  Mounts
  Names
  Networks
  Ports
  RunningFor
  Size
  State
  Status
  $ docker ps --format json --filter name=up | wc -l
  1
  $ docker container ls -q | wc -l
  2
  $ docker container list -aq | wc -l
  4
  $ docker container ps -aq | wc -l
  4
  $ docker port ports | grep -v ::: | sort
  443/udp -> 0.0.0.0:18443
  80/tcp -> 127.0.0.1:18080
  $ docker port ports 80
  127.0.0.1:18080
  $ docker port ports 80/tcp
  127.0.0.1:18080
  $ docker port ports 443/udp | grep -v :::
  0.0.0.0:18443
  $ docker port ports 443
  No public port '443/tcp' published for ports
  [1]
  $ docker port ports x
  *x* (glob)
  [1]
  $ docker port done
  $ docker rm -f up done made ports
  up
  done
  made
  ports

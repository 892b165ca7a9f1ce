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
  $ docker run -d --name same -p 127.0.0.1:3850-3860:3850-3860 -p 127.0.0.1:3870:3870 --expose 99 busybox sleep 1000 > /dev/null
  $ docker run -d --name both -p 127.0.0.1:8100-8101:8100-8101 -p 127.0.0.1:8100-8101:8100-8101/udp busybox sleep 1000 > /dev/null
  $ docker run -d --name other -p 127.0.0.1:4000-4001:80-81 -p 127.0.0.1:1090:90/udp --expose 100-103 --expose 105/udp busybox sleep 1000 > /dev/null
  $ docker create --name unborn -p 9100:9100 busybox true > /dev/null
  $ docker ps -a --format '{{.Names}} {{.Ports}}'
  unborn 
  other 100-103/tcp, 105/udp, 127.0.0.1:4000->80/tcp, 127.0.0.1:4001->81/tcp, 127.0.0.1:1090->90/udp
  both 127.0.0.1:8100-8101->8100-8101/tcp, 127.0.0.1:8100-8101->8100-8101/udp
  same 127.0.0.1:3850-3860->3850-3860/tcp, 99/tcp, 127.0.0.1:3870->3870/tcp
  $ listed() { echo "$1:" $(docker ps -a --filter "$1" --format '{{.Names}}' 2>&1); }
  $ for filter in publish=3800-3900 publish=80 publish=4000 publish=1090 publish=1090/udp publish=0-65535/udp publish=9100; do listed $filter; done
  publish=3800-3900: same
  publish=80:
  publish=4000: other
  publish=1090:
  publish=1090/udp: other
  publish=0-65535/udp: other both
  publish=9100:
  $ for filter in expose=80 expose=101-102 expose=105/udp expose=3850 expose=9100; do listed $filter; done
  expose=80: other
  expose=101-102: other
  expose=105/udp: other
  expose=3850: same
  expose=9100:
  $ for filter in publish=90-80 publish=70000 publish= publish=1- expose=x-2; do listed $filter; done
  publish=90-80: error while looking up for publish 90-80: Invalid range specified for the Port: 90-80
  publish=70000: error while looking up for publish 70000: strconv.ParseUint: parsing "70000": value out of range
  publish=: error while looking up for publish : Empty string specified for ports
  publish=1-: error while looking up for publish 1-: strconv.ParseUint: parsing "": invalid syntax
  expose=x-2: error while looking up for expose x-2: strconv.ParseUint: parsing "x": invalid syntax
  $ docker stop -t 0 other
  other
  $ docker ps -a --filter name=other --format '[{{.Ports}}]'
  []
  $ docker rm -f same both other unborn
  same
  both
  other
  unborn
  $ docker tag busybox moved:1
  $ docker tag busybox gone:1
  $ docker run -d --name moved moved:1 sleep 1000 > /dev/null
  $ docker run -d --name gone gone:1 sleep 1000 > /dev/null
  $ docker run -d --name byid $(docker inspect -f '{{.Id}}' busybox) sleep 1000 > /dev/null
  $ docker run -d --name normal docker.io/library/busybox sleep 1000 > /dev/null
  $ docker ps --format '{{.Names}} {{.Image}}' | sed -E "s/ $(docker images -q busybox:latest)$/ ID/"
  normal busybox
  byid ID
  gone gone:1
  moved moved:1
  $ docker commit normal other > /dev/null
  $ docker tag other moved:1
  $ docker rmi -f gone:1
  Untagged: gone:1
  $ docker ps --format '{{.Names}} {{.Image}}' | sed -E "s/ $(docker images -q busybox:latest)$/ ID/"
  normal busybox
  byid ID
  gone ID
  moved ID
  $ docker ps --no-trunc --format '{{.Names}} {{.Image}}' | sed -E 's/[0-9a-f]{64}/ID/'
  normal docker.io/library/busybox
  byid sha256:ID
  gone sha256:ID
  moved sha256:ID
  $ docker inspect -f '{{.Config.Image}}' moved gone normal
  moved:1
  gone:1
  docker.io/library/busybox
  $ docker ps --filter ancestor=moved:1 --format '{{.Names}}'
  $ docker ps -q --format '{{.Names}}'
  normal
  byid
  gone
  moved
  $ docker ps -q --format table | grep -c '^[0-9a-f]\{12\}$'
  4
  $ docker images -q --format '{{.Tag}}' busybox
  latest
  $ docker rm -f moved gone byid normal
  moved
  gone
  byid
  normal

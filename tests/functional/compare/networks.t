Networks that users make.

  $ . "$TESTDIR/setup.sh"
  $ docker network ls --format '{{.Name}} {{.Driver}} {{.Scope}}'
  bridge bridge local
  host host local
  none null local
  $ docker network ls | sed 's/[0-9a-f]\{12\}/ID/'
  NETWORK ID     NAME      DRIVER    SCOPE
  ID   bridge    bridge    local
  ID   host      host      local
  ID   none      null      local
  $ docker network create --subnet 10.77.0.0/24 --ip-range 10.77.0.64/26 --aux-address printer=10.77.0.70 --label tier=db --label x net1 | grep -c '^[0-9a-f]\{64\}$'
  1
  $ docker network create --internal --subnet 10.78.0.0/24 --gateway 10.78.0.9 net2 > /dev/null
  $ docker network inspect net1 | sed 's/"\(Id\|Created\)": ".*"/"\1": "ID"/'
  [
      {
          "Name": "net1",
          "Id": "ID",
          "Created": "ID",
          "Scope": "local",
          "Driver": "bridge",
          "EnableIPv6": false,
          "IPAM": {
              "Driver": "default",
              "Options": {},
              "Config": [
                  {
                      "Subnet": "10.77.0.0/24",
                      "IPRange": "10.77.0.64/26",
                      "AuxiliaryAddresses": {
                          "printer": "10.77.0.70"
                      }
                  }
              ]
          },
          "Internal": false,
          "Attachable": false,
          "Ingress": false,
          "ConfigFrom": {
              "Network": ""
          },
          "ConfigOnly": false,
          "Containers": {},
          "Options": {},
          "Labels": {
              "tier": "db",
              "x": ""
          }
      }
  ]
  $ docker network inspect -f '{{json .IPAM}} {{.Internal}} {{json .Options}}' net2
  {"Driver":"default","Options":{},"Config":[{"Subnet":"10.78.0.0/24","Gateway":"10.78.0.9"}]} true {}
  $ docker network inspect -f '{{.Name}} {{.Driver}} {{json .IPAM}} {{json .Options}}' host none
  host host {"Driver":"default","Options":null,"Config":[]} {}
  none null {"Driver":"default","Options":null,"Config":[]} {}
  $ docker network ls --filter type=custom --format '{{.Name}} {{.Internal}} {{.Labels}}'
  net1 false tier=db,x=
  net2 true 
  $ for filter in name=net driver=null driver=bridge label=tier label=tier=x type=builtin dangling=true scope=local type=x nope=x; do echo "$filter:" $(docker network ls --filter $filter --format '{{.Name}}' 2>&1); done
  name=net: net1 net2
  driver=null: none
  driver=bridge: bridge net1 net2
  label=tier: net1
  label=tier=x:
  type=builtin: bridge host none
  dangling=true: net1 net2
  scope=local: bridge host net1 net2 none
  type=x: invalid filter: 'type'='x'
  nope=x: Invalid filter 'nope'
  $ docker run -d --name one --network net1 busybox sleep 1000 > /dev/null
  $ docker run -d --name two --network net1 --ip 10.77.0.200 --mac-address 02:42:0a:4d:00:01 busybox sleep 1000 > /dev/null
  $ docker inspect -f '{{.NetworkSettings.IPAddress}}/{{.HostConfig.NetworkMode}}/{{with .NetworkSettings.Networks.net1}}{{.IPAddress}} {{.Gateway}} {{.IPPrefixLen}} {{json .IPAMConfig}} {{.MacAddress}}{{end}}' one two
  /net1/10.77.0.65 10.77.0.64 24 null 02:42:0a:4d:00:41
  /net1/10.77.0.200 10.77.0.64 24 {"IPv4Address":"10.77.0.200"} 02:42:0a:4d:00:01
  $ docker inspect -f '{{range $name, $_ := .NetworkSettings.Networks}}{{$name}}{{end}} {{len .NetworkSettings.Networks.net1.Aliases}}' two
  net1 1
  $ docker exec two ip route | head -1
  default via 10.77.0.64 dev eth0 
  $ docker ps --format '{{.Names}} {{.Networks}}' --filter network=net1
  two net1
  one net1
  $ docker network inspect -f '{{range .Containers}}{{.IPv4Address}} {{.Name}}{{println}}{{end}}' net1 | sort
  
  10.77.0.200/24 two
  10.77.0.65/24 one
  $ docker network rm net1
  error while removing network: network net1 id ID has active endpoints
  [1]
  $ docker network rm bridge
  bridge is a pre-defined network and cannot be removed
  [1]
  $ docker network rm nope net2
  net2
  No such network: nope
  [1]
  $ docker network inspect nope
  []
  No such network: nope
  [1]
  $ docker network create net1
  network with name net1 already exists
  [1]
  $ docker network create host
  operation is not permitted on predefined host network
  [1]
  $ docker network create --subnet 10.77.0.128/25 net3
  Pool overlaps with other one on this address space* (glob)
  [1]
  $ docker network create --subnet 10.99.0.0/33 net3
  Invalid subnet 10.99.0.0/33 : invalid CIDR address: 10.99.0.0/33
  [1]
  $ docker network create --gateway 10.99.0.1 net3
  every ip-range or gateway must have a corresponding subnet
  [1]
  $ docker network create --subnet 10.99.0.0/24 --gateway 10.98.0.1 net3
  no matching subnet for gateway 10.98.0.1
  [1]
  $ docker network create --subnet 10.99.0.0/24 --ip-range 10.98.0.0/26 net3
  no matching subnet for range 10.98.0.0/26
  [1]
  $ docker network create -d nope net3
  plugin "nope" not found
  [1]
  $ docker network create
  "docker network create" requires exactly 1 argument
  See 'docker network create --help'
  Usage:  docker network create [OPTIONS] NETWORK
  [1]
  $ docker run --rm --network net1 --ip 10.77.0.200 busybox true
  Address already in use* (glob)
  [125]
  $ docker run --rm --network net1 --ip 10.99.0.1 busybox true
  Invalid address 10.99.0.1: It does not belong to any of this network's subnets
  [125]
  $ docker run --rm --network nope busybox true
  network nope not found
  [125]
  $ docker network create auto > /dev/null
  $ docker run --rm --network auto --ip 172.18.0.9 busybox true
  user specified IP address is supported only when connecting to networks with user configured subnets
  [125]
  $ docker stop -t 0 two
  two
  $ docker network inspect -f '{{len .Containers}}' net1
  1
  $ docker rm -f one two
  one
  two
  $ docker network prune -f | grep -v '^$' | sort
  Deleted Networks:
  auto
  net1
  $ docker network prune -f

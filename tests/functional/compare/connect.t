Containers on several networks.

  $ . "$TESTDIR/setup.sh"
  $ docker network create --subnet 10.77.0.0/24 net1 > /dev/null
  $ docker network create --subnet 10.78.0.0/24 net2 > /dev/null
  $ docker network create --internal --subnet 10.79.0.0/24 a-closed > /dev/null
  $ docker run -d --name one --network net2 --network-alias first busybox sleep 1000 > /dev/null
  $ docker network connect --ip 10.77.0.9 --alias db --alias store net1 one
  $ docker exec one ip -o -4 addr | awk '$2 != "lo" {print $2, $4}'
  eth0 10.78.0.2/24
  eth1 10.77.0.9/24
  $ docker exec one ip route
  default via 10.77.0.1 dev eth1 
  10.77.0.0/24 dev eth1 scope link  src 10.77.0.9 
  10.78.0.0/24 dev eth0 scope link  src 10.78.0.2 
  $ docker exec one sed 's/[0-9a-f]\{12\}/ID/' /etc/hosts
  127.0.0.1\tlocalhost (esc)
  ::1\tlocalhost ip6-localhost ip6-loopback (esc)
  fe00::0\tip6-localnet (esc)
  ff00::0\tip6-mcastprefix (esc)
  ff02::1\tip6-allnodes (esc)
  ff02::2\tip6-allrouters (esc)
  10.78.0.2\tID (esc)
  10.77.0.9\tID (esc)
  $ docker exec one grep -v '^search' /etc/resolv.conf
  nameserver 127.0.0.11
  options ndots:0
  $ docker inspect -f '{{range $name, $n := .NetworkSettings.Networks}}{{$name}} {{.IPAddress}} {{.Gateway}} {{json .IPAMConfig}} {{json .Links}} {{index .Aliases 0}} {{.MacAddress}};{{end}}' one
  net1 10.77.0.9 10.77.0.1 {"IPv4Address":"10.77.0.9"} null db 02:42:0a:4d:00:09;net2 10.78.0.2 10.78.0.1 null null first 02:42:0a:4e:00:02;
  $ docker inspect -f '{{.HostConfig.NetworkMode}} {{json .NetworkSettings.IPAddress}} {{json .NetworkSettings.Gateway}}' one
  net2 "" ""
  $ docker network inspect -f '{{range .Containers}}{{.Name}} {{.IPv4Address}}{{end}}' net1
  one 10.77.0.9/24
  $ docker ps --filter network=net1 --format '{{.Names}}'
  one
  $ docker network connect net1 one
  endpoint with name one already exists in network net1
  [1]
  $ docker network connect nope one
  network nope not found
  [1]
  $ docker network connect net1 nobody
  No such container: nobody
  [1]
  $ docker network connect host one
  container cannot be disconnected from host network or connected to host network
  [1]
  $ docker network connect none one
  container cannot be connected to multiple networks with one of the networks in private (none) mode
  [1]
  $ docker network connect --ip 10.99.0.1 a-closed one
  Invalid address 10.99.0.1: It does not belong to any of this network's subnets
  [1]
  $ docker network connect --ip 10.77.0.9 net1 nobody
  No such container: nobody
  [1]
  $ docker network connect a-closed one
  $ docker exec one ip route | head -1
  default via 10.77.0.1 dev eth1 
  $ docker network disconnect net1 one
  $ docker exec one ip route
  default via 10.78.0.1 dev eth0 
  10.78.0.0/24 dev eth0 scope link  src 10.78.0.2 
  10.79.0.0/24 dev eth2 scope link  src 10.79.0.2 
  $ docker network disconnect net1 one
  container ID is not connected to network net1
  [1]
  $ docker network disconnect nope one
  network nope not found
  [1]
  $ docker network disconnect net1 nobody
  No such container: nobody
  [1]
  $ docker network disconnect net2 one
  $ docker exec one ip -o -4 addr | awk '$2 != "lo" {print $2, $4}'
  eth2 10.79.0.2/24
  $ docker restart -t 0 one
  one
  $ docker exec one ip -o -4 addr | awk '$2 != "lo" {print $2, $4}' | cut -d. -f1-3
  eth0 10.79.0
  $ docker run -d --name alone --network none busybox sleep 1000 > /dev/null
  $ docker network connect net1 alone
  container cannot be connected to multiple networks with one of the networks in private (none) mode
  [1]
  $ docker run -d --name guest --network container:one busybox sleep 1000 > /dev/null
  $ docker network connect net1 guest
  container sharing network namespace with another container or host cannot be connected to any other network
  [1]
  $ docker create --name later --network net1 busybox sleep 1000 > /dev/null
  $ docker network connect --alias x net2 later
  $ docker inspect -f '{{range $name, $n := .NetworkSettings.Networks}}{{$name}} {{.IPAddress}};{{end}}' later
  net1 ;net2 ;
  $ docker network disconnect net1 later
  $ docker start later
  later
  $ docker exec later ip -o -4 addr | awk '$2 != "lo" {print $2, $4}' | cut -d. -f1-3
  eth0 10.78.0
  $ docker run --rm --network net1 --network-alias X1 --link one:uno busybox grep -c uno /etc/hosts
  0
  [1]
  $ docker network connect
  "docker network connect" requires exactly 2 arguments
  See 'docker network connect --help'
  Usage:  docker network connect [OPTIONS] NETWORK CONTAINER
  [1]
  $ docker network connect net1
  "docker network connect" requires exactly 2 arguments
  See 'docker network connect --help'
  Usage:  docker network connect [OPTIONS] NETWORK CONTAINER
  [1]
  $ docker network disconnect net1
  "docker network disconnect" requires exactly 2 arguments
  See 'docker network disconnect --help'
  Usage:  docker network disconnect [OPTIONS] NETWORK CONTAINER
  [1]

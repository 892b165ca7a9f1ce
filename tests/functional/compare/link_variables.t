Links, and what a linked container's environment and hosts file say.

  $ . "$TESTDIR/setup.sh"
  $ docker run -d --name store --hostname dbhost --expose 53/udp --expose 53 --expose 8000-8003 --expose 9000-9001 -e A=1 -e HOME=/x busybox sleep 1000 > /dev/null
  $ ip=$(docker inspect -f '{{.NetworkSettings.IPAddress}}' store)
  $ docker run -d --name web --link store:my-db --link store busybox sleep 1000 > /dev/null
  $ docker exec web env | grep -i '^MY_DB\|^STORE' | sed "s/$ip/IP/"
  MY_DB_PORT=tcp://IP:53
  MY_DB_PORT_8000_TCP_START=tcp://IP:8000
  MY_DB_PORT_8000_TCP_ADDR=IP
  MY_DB_PORT_8000_TCP_PROTO=tcp
  MY_DB_PORT_8000_TCP_PORT_START=8000
  MY_DB_PORT_8000_TCP_END=tcp://IP:8003
  MY_DB_PORT_8000_TCP_PORT_END=8003
  MY_DB_PORT_53_TCP=tcp://IP:53
  MY_DB_PORT_53_TCP_ADDR=IP
  MY_DB_PORT_53_TCP_PORT=53
  MY_DB_PORT_53_TCP_PROTO=tcp
  MY_DB_PORT_53_UDP=udp://IP:53
  MY_DB_PORT_53_UDP_ADDR=IP
  MY_DB_PORT_53_UDP_PORT=53
  MY_DB_PORT_53_UDP_PROTO=udp
  MY_DB_PORT_8000_TCP=tcp://IP:8000
  MY_DB_PORT_8000_TCP_PORT=8000
  MY_DB_PORT_8001_TCP=tcp://IP:8001
  MY_DB_PORT_8001_TCP_ADDR=IP
  MY_DB_PORT_8001_TCP_PORT=8001
  MY_DB_PORT_8001_TCP_PROTO=tcp
  MY_DB_PORT_8002_TCP=tcp://IP:8002
  MY_DB_PORT_8002_TCP_ADDR=IP
  MY_DB_PORT_8002_TCP_PORT=8002
  MY_DB_PORT_8002_TCP_PROTO=tcp
  MY_DB_PORT_8003_TCP=tcp://IP:8003
  MY_DB_PORT_8003_TCP_ADDR=IP
  MY_DB_PORT_8003_TCP_PORT=8003
  MY_DB_PORT_8003_TCP_PROTO=tcp
  MY_DB_PORT_9000_TCP=tcp://IP:9000
  MY_DB_PORT_9000_TCP_ADDR=IP
  MY_DB_PORT_9000_TCP_PORT=9000
  MY_DB_PORT_9000_TCP_PROTO=tcp
  MY_DB_PORT_9001_TCP=tcp://IP:9001
  MY_DB_PORT_9001_TCP_ADDR=IP
  MY_DB_PORT_9001_TCP_PORT=9001
  MY_DB_PORT_9001_TCP_PROTO=tcp
  MY_DB_NAME=/web/my-db
  MY_DB_ENV_A=1
  STORE_PORT=tcp://IP:53
  STORE_PORT_8000_TCP_START=tcp://IP:8000
  STORE_PORT_8000_TCP_ADDR=IP
  STORE_PORT_8000_TCP_PROTO=tcp
  STORE_PORT_8000_TCP_PORT_START=8000
  STORE_PORT_8000_TCP_END=tcp://IP:8003
  STORE_PORT_8000_TCP_PORT_END=8003
  STORE_PORT_53_TCP=tcp://IP:53
  STORE_PORT_53_TCP_ADDR=IP
  STORE_PORT_53_TCP_PORT=53
  STORE_PORT_53_TCP_PROTO=tcp
  STORE_PORT_53_UDP=udp://IP:53
  STORE_PORT_53_UDP_ADDR=IP
  STORE_PORT_53_UDP_PORT=53
  STORE_PORT_53_UDP_PROTO=udp
  STORE_PORT_8000_TCP=tcp://IP:8000
  STORE_PORT_8000_TCP_PORT=8000
  STORE_PORT_8001_TCP=tcp://IP:8001
  STORE_PORT_8001_TCP_ADDR=IP
  STORE_PORT_8001_TCP_PORT=8001
  STORE_PORT_8001_TCP_PROTO=tcp
  STORE_PORT_8002_TCP=tcp://IP:8002
  STORE_PORT_8002_TCP_ADDR=IP
  STORE_PORT_8002_TCP_PORT=8002
  STORE_PORT_8002_TCP_PROTO=tcp
  STORE_PORT_8003_TCP=tcp://IP:8003
  STORE_PORT_8003_TCP_ADDR=IP
  STORE_PORT_8003_TCP_PORT=8003
  STORE_PORT_8003_TCP_PROTO=tcp
  STORE_PORT_9000_TCP=tcp://IP:9000
  STORE_PORT_9000_TCP_ADDR=IP
  STORE_PORT_9000_TCP_PORT=9000
  STORE_PORT_9000_TCP_PROTO=tcp
  STORE_PORT_9001_TCP=tcp://IP:9001
  STORE_PORT_9001_TCP_ADDR=IP
  STORE_PORT_9001_TCP_PORT=9001
  STORE_PORT_9001_TCP_PROTO=tcp
  STORE_NAME=/web/store
  STORE_ENV_A=1
  $ docker exec web grep store /etc/hosts | sed "s/$ip/IP/"
  IP\tmy-db dbhost store (esc)
  IP\tstore dbhost (esc)
  $ docker run -d --name filler busybox sleep 1000 > /dev/null
  $ docker stop -t 0 store
  store
  $ docker run -d --name filler2 busybox sleep 1000 > /dev/null
  $ docker start store
  store
  $ ip=$(docker inspect -f '{{.NetworkSettings.IPAddress}}' store)
  $ docker exec web grep store /etc/hosts | sed "s/$ip/IP/"
  IP\tmy-db dbhost store (esc)
  IP\tstore dbhost (esc)
  $ docker exec web cat /etc/hosts | wc -l
  9
  $ docker rm -f store web filler filler2
  store
  web
  filler
  filler2

Links, and namespaces of other containers: they stay with the container that had the name at creation.

  $ . "$TESTDIR/setup.sh"
  $ docker run -d --name first busybox sleep 1000 > /dev/null
  $ docker run -d --name linking --link first:db busybox sleep 1000 > /dev/null
  $ docker ps --format '{{.Names}}'
  linking
  first
  $ docker ps --no-trunc --format '{{.Names}}'
  linking
  first,linking/db
  $ docker ps -a --filter name=db --format '{{.Names}}'
  $ docker rename first second
  $ docker ps --no-trunc --format '{{.Names}}'
  linking
  linking/db,second
  $ docker inspect -f '{{json .HostConfig.Links}}' linking
  ["/second:/linking/db"]
  $ docker run -d --name first busybox sleep 1000 > /dev/null
  $ docker restart -t 0 linking
  linking
  $ docker exec linking grep -o 'db .*' /etc/hosts | sed 's/ [0-9a-f]\{12\} / ID /'
  db ID second
  $ docker rename linking other
  $ docker inspect -f '{{json .HostConfig.Links}}' other
  ["/second:/other/db"]
  $ docker rm -f second
  second
  $ docker ps --no-trunc --format '{{.Names}}'
  first
  other
  $ docker inspect -f '{{json .HostConfig.Links}}' other
  ["/second:/other/db"]
  $ docker rename first second
  $ docker stop -t 0 other
  other
  $ docker start other
  Cannot link to a non running container: /second AS /other/db
  failed to start containers: other
  [1]
  $ docker rm -f other second
  other
  second
  $ docker run --rm --link nope:db busybox true
  could not get container for nope: No such container: nope
  [125]
  $ docker run -d --name donor --ipc shareable busybox sleep 1000 > /dev/null
  $ docker create --name joins --ipc container:donor --pid container:donor --net container:donor busybox true > /dev/null
  $ docker inspect -f '{{.HostConfig.IpcMode}} {{.HostConfig.PidMode}} {{.HostConfig.NetworkMode}}' joins | sed "s/$(docker inspect -f '{{.Id}}' donor)/ID/g"
  container:ID container:ID container:ID
  $ docker ps -a --filter name=joins --format '[{{.Networks}}]'
  []
  $ docker rename donor giver
  $ docker start joins
  joins

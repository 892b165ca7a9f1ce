Names that nobody has.

  $ . "$TESTDIR/setup.sh"
  $ docker start nope
  No such container: nope
  failed to start containers: nope
  [1]
  $ docker start nope nope2
  No such container: nope
  No such container: nope2
  failed to start containers: nope, nope2
  [1]
  $ docker start -a nope
  No such container: nope
  [1]
  $ docker stop nope
  No such container: nope
  [1]
  $ docker stop nope nope2
  No such container: nope
  No such container: nope2
  [1]
  $ docker restart nope
  No such container: nope
  [1]
  $ docker kill nope
  Cannot kill container: nope: No such container: nope
  [1]
  $ docker rm nope
  No such container: nope
  [1]
  $ docker rm -f nope
  No such container: nope
  $ docker rm -f nope nope2
  No such container: nope
  No such container: nope2
  $ docker rm nope nope2
  No such container: nope
  No such container: nope2
  [1]
  $ docker pause nope
  No such container: nope
  [1]
  $ docker unpause nope
  No such container: nope
  [1]
  $ docker wait nope
  No such container: nope
  [1]
  $ docker rename nope xx
  No such container: nope
  failed to rename container named nope
  [1]
  $ docker logs nope
  No such container: nope
  [1]
  $ docker attach nope
  No such container: nope
  [1]
  $ docker exec nope true
  No such container: nope
  [1]
  $ docker top nope
  No such container: nope
  [1]
  $ docker stats --no-stream nope
  No such container: nope
  [1]
  $ docker port nope
  No such container: nope
  [1]
  $ docker diff nope
  No such container: nope
  [1]
  $ docker commit nope
  No such container: nope
  [1]
  $ docker export nope
  No such container: nope
  [1]
  $ docker update --memory 10m nope
  No such container: nope
  [1]
  $ docker cp nope:/x .
  No such container*: nope* (glob)
  [1]
  $ docker cp . nope:/x
  No such container*: nope* (glob)
  [1]
  $ docker inspect nope
  []
  No such object: nope
  [1]
  $ docker inspect nope nope2
  []
  No such object: nope
  No such object: nope2
  [1]
  $ docker inspect --type container nope
  []
  No such container: nope
  [1]
  $ docker inspect --type image nope
  []
  No such image: nope* (glob)
  [1]
  $ docker inspect --type volume nope
  []
  No such volume: nope
  [1]
  $ docker inspect --type nope nope
  "nope" is not a valid value for --type
  [1]
  $ docker container inspect nope
  []
  No such container: nope
  [1]
  $ docker volume inspect nope
  []
  No such volume: nope
  [1]
  $ docker volume rm nope
  No such volume: nope
  [1]
  $ docker volume rm nope nope2
  No such volume: nope
  No such volume: nope2
  [1]
  $ docker volume rm -f nope
  nope
  $ docker image inspect nope
  []
  No such image: nope* (glob)
  [1]
  $ docker rmi nope
  No such image: nope* (glob)
  [1]
  $ docker tag nope x
  No such image: nope:latest
  [1]
  $ docker run --name a1 busybox true
  $ docker run --name a1 busybox true
  Conflict. The container name "/a1" is already in use by container "ID". You have to remove (or rename) that container to be able to reuse that name
  [125]
  $ docker create --name a1 busybox true
  Conflict. The container name "/a1" is already in use by container "ID". You have to remove (or rename) that container to be able to reuse that name
  [1]
  $ docker run --name b1 busybox true
  $ docker rename a1 b1
  Error when allocating new name: Conflict. The container name "/b1" is already in use by container "ID". You have to remove (or rename) that container to be able to reuse that name
  failed to rename container named a1
  [1]
  $ docker rename a1 a1
  Renaming a container with the same name as its current name
  failed to rename container named a1
  [1]
  $ docker rename a1 'in valid'
  Error when allocating new name: Invalid container name (*in valid), only * are allowed (glob)
  failed to rename container named a1
  [1]
  $ docker rename a1 ''
  Neither old nor new names may be empty
  [1]
  $ docker rm a1 nope b1
  a1
  b1
  No such container: nope
  [1]
  $ docker ps -aq
  $ docker rm ''
  (Container name cannot be empty|No such container: ) (re)
  [1]
  $ docker inspect ''
  []
  No such object: 
  [1]
  $ docker logs ''
  No such container: 
  [1]
  $ docker exec '' true
  No such container: 
  [1]
  $ docker volume inspect ''
  []
  No such volume: 
  [1]
  $ docker volume rm ''
  No such volume: 
  [1]
  $ docker volume create 'in valid'
  create in valid: "in valid" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path
  [1]
  $ docker volume create x1
  x1
  $ docker volume create --driver nope y1
  create y1: error looking up volume plugin nope: plugin "nope" not found
  [1]
  $ docker volume create -o nope=1 z1
  create z1: invalid option: "nope"
  [1]
  $ docker volume create -o type=tmpfs z1
  create z1: missing required option: "device"
  [1]
  $ docker volume create --name x1 x1
  conflicting options: either specify --name or provide positional arg, not both
  [1]

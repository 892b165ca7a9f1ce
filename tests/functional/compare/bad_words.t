Verbs and groups that do not exist, or stand alone.

  $ . "$TESTDIR/setup.sh"
  $ docker nope
  'nope' is not a docker command
  See 'docker --help'
  [1]
  $ docker --nope ps 2>&1 | sed -n 1,2p
  unknown flag: --nope
  See 'docker --help'
  [125]
  $ docker container nope 2>&1 | sed -n '/Usage:/p'
  Usage:  docker container COMMAND
  [1]
  $ docker volume nope 2>&1 | sed -n '/Usage:/p'
  Usage:  docker volume COMMAND
  [1]
  $ docker volume 2>&1 | neutral | sed -n '/Usage:/p'
  Usage:  docker volume COMMAND
  $ docker container 2>&1 | neutral | sed -n '/Usage:/p'
  Usage:  docker container COMMAND
  $ docker system 2>&1 | neutral | sed -n '/Usage:/p'
  Usage:  docker system COMMAND
  $ docker 2>&1 | neutral | sed -n '/Usage:/p'
  Usage:  docker [OPTIONS] COMMAND
  $ docker ps --help | neutral | grep Usage:
  Usage:  docker ps [OPTIONS]
  $ docker help ps | neutral | grep Usage:
  Usage:  docker ps [OPTIONS]
  $ docker help nope
  unknown help topic: nope
  [1]

Flags that do not exist.

  $ docker ps --nope
  unknown flag: --nope
  See 'docker ps --help'
  [125]
  $ docker ps -Z
  unknown shorthand flag: 'Z' in -Z
  See 'docker ps --help'
  [125]
  $ docker ps -aZ
  unknown shorthand flag: 'Z' in -Z
  See 'docker ps --help'
  [125]
  $ docker rm --nope x
  unknown flag: --nope
  See 'docker rm --help'
  [125]
  $ docker run --nope busybox
  unknown flag: --nope
  [125]
  $ docker run -Z busybox
  unknown shorthand flag: 'Z' in -Z
  [125]
  $ docker create --nope busybox
  unknown flag: --nope
  [125]
  $ docker start --nope x
  unknown flag: --nope
  See 'docker start --help'
  [125]
  $ docker stop --nope x
  unknown flag: --nope
  See 'docker stop --help'
  [125]
  $ docker restart --nope x
  unknown flag: --nope
  See 'docker restart --help'
  [125]
  $ docker kill --nope x
  unknown flag: --nope
  See 'docker kill --help'
  [125]
  $ docker exec --nope x true
  unknown flag: --nope
  See 'docker exec --help'
  [125]
  $ docker logs --nope x
  unknown flag: --nope
  See 'docker logs --help'
  [125]
  $ docker inspect --nope x
  unknown flag: --nope
  See 'docker inspect --help'
  [125]
  $ docker cp --nope a b
  unknown flag: --nope
  See 'docker cp --help'
  [125]
  $ docker wait --nope x
  unknown flag: --nope
  See 'docker wait --help'
  [125]
  $ docker top
  "docker top" requires at least 1 argument
  See 'docker top --help'
  Usage:  docker top CONTAINER [ps OPTIONS]
  [1]
  $ docker stats --nope
  unknown flag: --nope
  See 'docker stats --help'
  [125]
  $ docker pause --nope x
  unknown flag: --nope
  See 'docker pause --help'
  [125]
  $ docker unpause --nope x
  unknown flag: --nope
  See 'docker unpause --help'
  [125]
  $ docker rename --nope x y
  unknown flag: --nope
  See 'docker rename --help'
  [125]
  $ docker port --nope x
  unknown flag: --nope
  See 'docker port --help'
  [125]
  $ docker diff --nope x
  unknown flag: --nope
  See 'docker diff --help'
  [125]
  $ docker commit --nope x
  unknown flag: --nope
  See 'docker commit --help'
  [125]
  $ docker export --nope x
  unknown flag: --nope
  See 'docker export --help'
  [125]
  $ docker update --nope x
  unknown flag: --nope
  See 'docker update --help'
  [125]
  $ docker attach --nope x
  unknown flag: --nope
  See 'docker attach --help'
  [125]
  $ docker events --nope
  unknown flag: --nope
  See 'docker events --help'
  [125]
  $ docker info --nope
  unknown flag: --nope
  See 'docker info --help'
  [125]
  $ docker version --nope
  unknown flag: --nope
  See 'docker version --help'
  [125]
  $ docker volume create --nope
  unknown flag: --nope
  See 'docker volume create --help'
  [125]
  $ docker volume ls --nope
  unknown flag: --nope
  See 'docker volume ls --help'
  [125]
  $ docker volume inspect --nope
  unknown flag: --nope
  See 'docker volume inspect --help'
  [125]
  $ docker volume rm --nope
  unknown flag: --nope
  See 'docker volume rm --help'
  [125]
  $ docker volume prune --nope
  unknown flag: --nope
  See 'docker volume prune --help'
  [125]
  $ docker container prune --nope
  unknown flag: --nope
  See 'docker container prune --help'
  [125]
  $ docker system df --nope
  unknown flag: --nope
  See 'docker system df --help'
  [125]
  $ docker system prune --nope
  unknown flag: --nope
  See 'docker system prune --help'
  [125]

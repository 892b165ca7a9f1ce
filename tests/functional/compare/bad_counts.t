Too few words, or too many.

  $ . "$TESTDIR/setup.sh"
  $ docker ps x
  "docker ps" accepts no arguments
  See 'docker ps --help'
  Usage:  docker ps [OPTIONS]
  [1]
  $ docker container ls x y
  "docker container ls" accepts no arguments
  See 'docker container ls --help'
  Usage:  docker container ls [OPTIONS]
  [1]
  $ docker rm
  "docker rm" requires at least 1 argument
  See 'docker rm --help'
  Usage:  docker rm [OPTIONS] CONTAINER [CONTAINER...]
  [1]
  $ docker container rm
  "docker container rm" requires at least 1 argument
  See 'docker container rm --help'
  Usage:  docker container rm [OPTIONS] CONTAINER [CONTAINER...]
  [1]
  $ docker run
  "docker run" requires at least 1 argument
  Usage:  docker run [OPTIONS] IMAGE [COMMAND] [ARG...]
  [1]
  $ docker create
  "docker create" requires at least 1 argument
  Usage:  docker create [OPTIONS] IMAGE [COMMAND] [ARG...]
  [1]
  $ docker start
  "docker start" requires at least 1 argument
  See 'docker start --help'
  Usage:  docker start [OPTIONS] CONTAINER [CONTAINER...]
  [1]
  $ docker stop
  "docker stop" requires at least 1 argument
  See 'docker stop --help'
  Usage:  docker stop [OPTIONS] CONTAINER [CONTAINER...]
  [1]
  $ docker restart
  "docker restart" requires at least 1 argument
  See 'docker restart --help'
  Usage:  docker restart [OPTIONS] CONTAINER [CONTAINER...]
  [1]
  $ docker kill
  "docker kill" requires at least 1 argument
  See 'docker kill --help'
  Usage:  docker kill [OPTIONS] CONTAINER [CONTAINER...]
  [1]
  $ docker exec
  "docker exec" requires at least 2 arguments
  See 'docker exec --help'
  Usage:  docker exec [OPTIONS] CONTAINER COMMAND [ARG...]
  [1]
  $ docker exec x
  "docker exec" requires at least 2 arguments
  See 'docker exec --help'
  Usage:  docker exec [OPTIONS] CONTAINER COMMAND [ARG...]
  [1]
  $ docker logs
  "docker logs" requires exactly 1 argument
  See 'docker logs --help'
  Usage:  docker logs [OPTIONS] CONTAINER
  [1]
  $ docker logs x y
  "docker logs" requires exactly 1 argument
  See 'docker logs --help'
  Usage:  docker logs [OPTIONS] CONTAINER
  [1]
  $ docker inspect
  "docker inspect" requires at least 1 argument
  See 'docker inspect --help'
  Usage:  docker inspect [OPTIONS] NAME|ID [NAME|ID...]
  [1]
  $ docker container inspect
  "docker container inspect" requires at least 1 argument
  See 'docker container inspect --help'
  Usage:  docker container inspect [OPTIONS] CONTAINER [CONTAINER...]
  [1]
  $ docker cp
  "docker cp" requires exactly 2 arguments
  See 'docker cp --help'
  Usage:  docker cp [OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-
  [1]
  $ docker cp a
  "docker cp" requires exactly 2 arguments
  See 'docker cp --help'
  Usage:  docker cp [OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-
  [1]
  $ docker cp a b c
  "docker cp" requires exactly 2 arguments
  See 'docker cp --help'
  Usage:  docker cp [OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-
  [1]
  $ docker wait
  "docker wait" requires at least 1 argument
  See 'docker wait --help'
  Usage:  docker wait CONTAINER [CONTAINER...]
  [1]
  $ docker pause
  "docker pause" requires at least 1 argument
  See 'docker pause --help'
  Usage:  docker pause CONTAINER [CONTAINER...]
  [1]
  $ docker unpause
  "docker unpause" requires at least 1 argument
  See 'docker unpause --help'
  Usage:  docker unpause CONTAINER [CONTAINER...]
  [1]
  $ docker rename
  "docker rename" requires exactly 2 arguments
  See 'docker rename --help'
  Usage:  docker rename CONTAINER NEW_NAME
  [1]
  $ docker rename x
  "docker rename" requires exactly 2 arguments
  See 'docker rename --help'
  Usage:  docker rename CONTAINER NEW_NAME
  [1]
  $ docker rename x y z
  "docker rename" requires exactly 2 arguments
  See 'docker rename --help'
  Usage:  docker rename CONTAINER NEW_NAME
  [1]
  $ docker port
  "docker port" requires at least 1 and at most 2 arguments
  See 'docker port --help'
  Usage:  docker port CONTAINER [PRIVATE_PORT[/PROTO]]
  [1]
  $ docker port a b c
  "docker port" requires at least 1 and at most 2 arguments
  See 'docker port --help'
  Usage:  docker port CONTAINER [PRIVATE_PORT[/PROTO]]
  [1]
  $ docker diff
  "docker diff" requires exactly 1 argument
  See 'docker diff --help'
  Usage:  docker diff CONTAINER
  [1]
  $ docker diff x y
  "docker diff" requires exactly 1 argument
  See 'docker diff --help'
  Usage:  docker diff CONTAINER
  [1]
  $ docker commit
  "docker commit" requires at least 1 and at most 2 arguments
  See 'docker commit --help'
  Usage:  docker commit [OPTIONS] CONTAINER [REPOSITORY[:TAG]]
  [1]
  $ docker commit x y z
  "docker commit" requires at least 1 and at most 2 arguments
  See 'docker commit --help'
  Usage:  docker commit [OPTIONS] CONTAINER [REPOSITORY[:TAG]]
  [1]
  $ docker export
  "docker export" requires exactly 1 argument
  See 'docker export --help'
  Usage:  docker export [OPTIONS] CONTAINER
  [1]
  $ docker export x y
  "docker export" requires exactly 1 argument
  See 'docker export --help'
  Usage:  docker export [OPTIONS] CONTAINER
  [1]
  $ docker update
  "docker update" requires at least 1 argument
  See 'docker update --help'
  Usage:  docker update [OPTIONS] CONTAINER [CONTAINER...]
  [1]
  $ docker update --memory 10m
  "docker update" requires at least 1 argument
  See 'docker update --help'
  Usage:  docker update [OPTIONS] CONTAINER [CONTAINER...]
  [1]
  $ docker attach
  "docker attach" requires exactly 1 argument
  See 'docker attach --help'
  Usage:  docker attach [OPTIONS] CONTAINER
  [1]
  $ docker attach x y
  "docker attach" requires exactly 1 argument
  See 'docker attach --help'
  Usage:  docker attach [OPTIONS] CONTAINER
  [1]
  $ docker events x
  "docker events" accepts no arguments
  See 'docker events --help'
  Usage:  docker events [OPTIONS]
  [1]
  $ docker info x
  "docker info" accepts no arguments
  See 'docker info --help'
  Usage:  docker info [OPTIONS]
  [1]
  $ docker version x
  "docker version" accepts no arguments
  See 'docker version --help'
  Usage:  docker version [OPTIONS]
  [1]
  $ docker volume create x y
  "docker volume create" requires at most 1 argument
  See 'docker volume create --help'
  Usage:  docker volume create [OPTIONS] [VOLUME]
  [1]
  $ docker volume ls x
  "docker volume ls" accepts no arguments
  See 'docker volume ls --help'
  Usage:  docker volume ls [OPTIONS]
  [1]
  $ docker volume inspect
  "docker volume inspect" requires at least 1 argument
  See 'docker volume inspect --help'
  Usage:  docker volume inspect [OPTIONS] VOLUME [VOLUME...]
  [1]
  $ docker volume rm
  "docker volume rm" requires at least 1 argument
  See 'docker volume rm --help'
  Usage:  docker volume rm [OPTIONS] VOLUME [VOLUME...]
  [1]
  $ docker volume prune x
  "docker volume prune" accepts no arguments
  See 'docker volume prune --help'
  Usage:  docker volume prune [OPTIONS]
  [1]
  $ docker container prune x
  "docker container prune" accepts no arguments
  See 'docker container prune --help'
  Usage:  docker container prune [OPTIONS]
  [1]
  $ docker system df x
  "docker system df" accepts no arguments
  See 'docker system df --help'
  Usage:  docker system df [OPTIONS]
  [1]
  $ docker system prune x
  "docker system prune" accepts no arguments
  See 'docker system prune --help'
  Usage:  docker system prune [OPTIONS]
  [1]
  $ docker system events x
  "docker system events" accepts no arguments
  See 'docker system events --help'
  Usage:  docker system events [OPTIONS]
  [1]

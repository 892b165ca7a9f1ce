Binds, volumes, tmpfs, volumes-from.

  $ . "$TESTDIR/setup.sh"
  $ mkdir -p share/sub && chmod -R 777 share && echo host > share/file
  $ docker run --rm -v $PWD/share:/m busybox cat /m/file
  host
  $ docker run --rm -v $PWD/share:/m busybox sh -c 'echo inside > /m/made'
  $ cat share/made
  inside
  $ docker run --rm -v $PWD/share:/m:ro busybox touch /m/no
  touch: /m/no: Read-only file system
  [1]
  $ docker run --rm --mount type=bind,source=$PWD/share,target=/m busybox ls /m
  file
  made
  sub
  $ docker run --rm --mount type=bind,src=$PWD/share,dst=/m,readonly busybox touch /m/no
  touch: /m/no: Read-only file system
  [1]
  $ docker run --rm --mount type=bind,source=$PWD/share,target=/m,ro=false busybox ls /m
  file
  made
  sub
  $ docker run --rm -v $PWD/share/file:/f busybox cat /f
  host
  $ docker run --rm -v $PWD/new:/m busybox ls /m
  $ ls -d new
  new
  $ docker run --rm -v $PWD/share:/etc/deep/dir busybox ls /etc/deep/dir
  file
  made
  sub
  $ docker run --rm -v $PWD/share/file:/etc busybox true 2>&1 | grep -c 'directory'
  1
  [125]
  $ docker run --rm -v $PWD/share:/m -v $PWD/share/sub:/m/sub:ro busybox touch /m/sub/x
  touch: /m/sub/x: Read-only file system
  [1]
  $ docker run --rm -v $PWD/share:/m:rw,rslave busybox ls /m
  file
  made
  sub
  $ docker run --rm -v vol:/var/www busybox cat /var/www/index.html
  It works.
  $ docker run --rm -v vol:/m busybox cat /m/index.html
  It works.
  $ docker run --rm -v vol2:/var/www:nocopy busybox ls /var/www
  $ docker run --rm --mount type=volume,source=vol3,target=/var/www,volume-nocopy busybox ls /var/www
  $ docker run --rm --mount type=volume,source=vol4,target=/m,volume-label=a=b busybox true
  $ docker volume inspect -f '{{json .Labels}}' vol4
  {"a":"b"}
  $ docker run --rm -v vol:/m busybox stat -c '%u:%g' /m /m/index.html
  33:33
  33:33
  $ docker run --rm --mount source=vol,target=/m busybox ls /m
  index.html
  $ docker run --rm --mount type=volume,target=/m busybox ls -d /m
  /m
  $ docker run --rm --tmpfs /t busybox grep -c ' /t tmpfs rw,nosuid,nodev,noexec' /proc/mounts
  1
  $ docker run --rm --tmpfs /t:size=1m,mode=700 busybox sh -c 'df -k /t | awk "NR == 2 {print \$2}"; stat -c %a /t'
  1024
  700
  $ docker run --rm --tmpfs /t:exec busybox sh -c 'cp /bin/busybox /t/true && /t/true'
  $ docker run --rm --mount type=tmpfs,target=/t,tmpfs-size=1m,tmpfs-mode=0700 busybox sh -c 'df -k /t | awk "NR == 2 {print \$2}"; stat -c %a /t'
  1024
  700
  $ docker run --rm --mount type=tmpfs,destination=/t busybox stat -c %a /t
  1777
  $ docker run --name src -v vol:/v1 -v $PWD/share:/b1:ro -v /anon busybox sh -c 'echo a > /anon/f'
  $ docker run --rm --volumes-from src busybox sh -c 'cat /b1/file /v1/index.html /anon/f'
  host
  It works.
  a
  $ docker run --rm --volumes-from src busybox touch /b1/x
  touch: /b1/x: Read-only file system
  [1]
  $ docker run --rm --volumes-from src:ro busybox touch /v1/x
  touch: /v1/x: Read-only file system
  [1]
  $ docker run --rm --volumes-from src -v $PWD/share/sub:/v1 busybox ls /v1
  $ docker inspect -f '{{range .Mounts}}{{.Type}} {{.Destination}} {{.RW}} {{.Mode}}{{println}}{{end}}' src | sort
  
  bind /b1 false ro
  volume /anon true 
  volume /v1 true z
  $ docker inspect -f '{{json .HostConfig.Binds}}' src | sed "s|$PWD|PWD|"
  ["vol:/v1","PWD/share:/b1:ro"]
  $ docker rm -v src
  src
  $ docker volume ls -q
  vol
  vol2
  vol3
  vol4
  $ docker volume rm vol vol2 vol3 vol4
  vol
  vol2
  vol3
  vol4

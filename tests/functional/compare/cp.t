cp: files, directories, links, streams.

  $ . "$TESTDIR/setup.sh"
  $ chmod 755 .
  $ docker run -d --name cc busybox sh -c 'mkdir -p /d/sub; echo one > /d/one; echo two > /d/sub/two; ln -s one /d/link; ln -s sub /d/dirlink; sleep 1000'
  [0-9a-f]{64} (re)
  $ eventually docker exec cc test -e /d/dirlink
  $ docker cp cc:/d/one .
  $ cat one
  one
  $ docker cp cc:/d/one renamed
  $ cat renamed
  one
  $ docker cp cc:/d .
  $ find d | sort
  d
  d/dirlink
  d/link
  d/one
  d/sub
  d/sub/two
  $ readlink d/link
  one
  $ docker cp cc:/d/. into
  $ docker cp cc:/d into
  $ mkdir into2
  $ docker cp cc:/d/. into2
  $ find into2 | sort
  into2
  into2/dirlink
  into2/link
  into2/one
  into2/sub
  into2/sub/two
  $ docker cp cc:/d/link .
  $ readlink link
  one
  $ docker cp -L cc:/d/link followed
  $ cat followed
  one
  $ docker cp cc:/d/sub/ trailing
  $ find trailing | sort
  trailing
  trailing/two
  $ docker cp cc:/d/one/ x
  (lstat /.*/d/one/: not a directory|Could not find the file /d/one/ in container cc) (re)
  [1]
  $ docker cp cc:/nope .
  (No such container:path: cc:/nope|Could not find the file /nope in container cc) (re)
  [1]
  $ docker cp cc:/d/one nope/dir/
  invalid output path: directory "nope" does not exist
  [1]
  $ docker cp cc:/d one
  cannot copy directory
  [1]
  $ docker cp cc:/d/one /nope/nope
  invalid output path: directory "/nope" does not exist
  [1]
  $ docker cp one cc:/tmp
  $ docker exec cc cat /tmp/one
  one
  $ docker cp one cc:/tmp/new
  $ docker exec cc cat /tmp/new
  one
  $ docker cp one cc:/nope/new
  (No such container:path: cc:/nope|Could not find the file /nope in container cc) (re)
  [1]
  $ docker cp one cc:/tmp/nodir/
  no such directory
  [1]
  $ docker cp d cc:/tmp
  $ docker exec cc find /tmp/d | sort
  /tmp/d
  /tmp/d/dirlink
  /tmp/d/link
  /tmp/d/one
  /tmp/d/sub
  /tmp/d/sub/two
  $ docker cp d/. cc:/tmp/e
  $ docker exec cc find /tmp/e | sort
  /tmp/e
  /tmp/e/dirlink
  /tmp/e/link
  /tmp/e/one
  /tmp/e/sub
  /tmp/e/sub/two
  $ docker cp d cc:/tmp/one
  cannot copy directory
  [1]
  $ docker cp nope cc:/tmp
  lstat nope: no such file or directory
  [1]
  $ docker cp d/sub cc:/d/dirlink
  $ docker exec cc ls /d/sub
  sub
  two
  $ docker cp one cc:tmp/relative
  $ docker exec cc cat /tmp/relative
  one
  $ docker cp cc:/d - | tar -t | sort
  d/
  d/dirlink
  d/link
  d/one
  d/sub/
  d/sub/sub/
  d/sub/sub/two
  d/sub/two
  $ docker cp cc:/d/one - | tar -xO
  one
  $ tar -c -C d one | docker cp - cc:/tmp/in
  destination "cc:/tmp/in" must be a directory
  [1]
  $ tar -c -C d one | docker cp - cc:/tmp/d/sub
  $ docker exec cc ls /tmp/d/sub
  one
  two
  $ docker cp - cc:/tmp < /dev/null
  $ docker cp cc:/d/one cc:/tmp/x
  copying between containers is not supported
  [1]
  $ docker cp one renamed
  must specify at least one container source
  [1]
  $ docker cp cc: .
  *path*cannot be empty (glob)
  [1]
  $ docker cp :/x .
  must specify at least one container source
  [1]
  $ docker cp cc:/d/one .:/x
  invalid output path: directory ".:" does not exist
  [1]
  $ docker cp -a one cc:/tmp/a
  $ docker exec cc stat -c '%u:%g' /tmp/a
  0:0
  $ docker kill cc
  cc
  $ docker cp cc:/d/sub/two stopped
  $ cat stopped
  two
  $ docker cp one cc:/after
  $ docker start cc
  cc
  $ docker exec cc cat /after
  one
  $ docker cp cc:/etc/hostname h
  $ wc -c < h
  13
  $ docker rm -f cc
  cc
  $ docker create --name never -v vol:/data busybox true
  [0-9a-f]{64} (re)
  $ docker cp one never:/data/in
  $ docker run --rm -v vol:/data busybox cat /data/in
  one
  $ docker cp never:/data/in back
  $ cat back
  one
  $ docker create --name ro --read-only busybox true
  [0-9a-f]{64} (re)
  $ docker cp one ro:/x
  container rootfs is marked read-only
  [1]
  $ docker container cp never:/etc/passwd - | tar -t
  passwd
  $ docker rm never ro
  never
  ro

A container that is just ending has its files all the time.

  $ echo new > new
  $ for round in {1..12}; do
  >   id=$(docker run -d busybox true)
  >   docker cp new $id:/etc/new
  >   [[ $(docker run -d busybox true | xargs docker export | tar t | grep -c '^etc/passwd$') == 1 ]]
  >   docker update --cpu-shares 512 $(docker run -d busybox true) >/dev/null
  >   docker cp $id:/etc/new - | tar xO
  > done | sort | uniq -c | sed 's/^ *//'
  12 new

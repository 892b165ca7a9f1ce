stop, kill, pause, wait and the exit codes they leave.

  $ . "$TESTDIR/setup.sh"
  $ docker run -d --name s1 busybox sh -c 'trap "echo got TERM; exit 5" TERM; touch /ready; while :; do sleep 0.1; done'
  [0-9a-f]{64} (re)
  $ eventually docker exec s1 test -e /ready
  $ docker stop s1
  s1
  $ docker wait s1
  5
  $ docker logs s1
  got TERM
  $ docker stop s1
  s1
  $ docker kill s1
  Cannot kill container: s1: Container ID is not running
  [1]
  $ docker start s1
  s1
  $ docker kill s1
  s1
  $ docker wait s1
  137
  $ docker inspect -f '{{.State.ExitCode}} {{.State.OOMKilled}} {{.State.Error}}|' s1
  137 false |
  $ docker run -d --name s2 --stop-signal USR1 busybox sh -c 'trap "exit 6" USR1; touch /ready; while :; do sleep 0.1; done'
  [0-9a-f]{64} (re)
  $ eventually docker exec s2 test -e /ready
  $ docker stop s2
  s2
  $ docker wait s2
  6
  $ docker run -d --name s3 busybox sh -c 'trap "echo hup" HUP; trap "exit 3" INT; touch /ready; while :; do sleep 0.1; done'
  [0-9a-f]{64} (re)
  $ eventually docker exec s3 test -e /ready
  $ docker kill -s HUP s3
  s3
  $ docker kill --signal SIGHUP s3
  s3
  $ docker kill -s 1 s3
  s3
  $ docker kill -s NOPE s3
  Invalid signal: NOPE
  [1]
  $ docker kill -s 99 s3
  *signal*99 (glob)
  [1]
  $ docker kill -s 0 s3
  Invalid signal: 0
  [1]
  $ docker kill -s '' s3
  s3
  $ docker start s3
  s3
  $ eventually docker exec s3 true
  $ docker kill --signal=int s3
  s3
  $ docker wait s3
  3
  $ docker run -d --name s4 busybox sleep 1000
  [0-9a-f]{64} (re)
  $ docker stop -t 0 s4
  s4
  $ docker wait s4
  137
  $ docker run -d --name s5 --stop-timeout 0 busybox sleep 1000
  [0-9a-f]{64} (re)
  $ docker stop s5
  s5
  $ docker inspect -f '{{.State.ExitCode}} {{.Config.StopTimeout}}' s5
  137 0
  $ docker start s4 s5
  s4
  s5
  $ docker stop --time 0 s4 nope s5
  s4
  s5
  No such container: nope
  [1]
  $ docker kill s4 s5
  Cannot kill container: s4: Container ID is not running
  Cannot kill container: s5: Container ID is not running
  [1]
  $ docker restart -t 0 s4
  s4
  $ docker pause s4
  s4
  $ docker inspect -f '{{.State.Status}} {{.State.Paused}} {{.State.Running}}' s4
  paused true true
  $ docker ps --format '{{.Status}}' --filter name=s4 | sed 's/Up .* (/Up (/'
  Up (Paused)
  $ docker ps --filter status=paused --format '{{.Names}}'
  s4
  $ docker pause s4
  Container ID is already paused
  [1]
  $ docker start s4
  cannot start a paused container, try unpause instead
  failed to start containers: s4
  [1]
  $ docker unpause s4
  s4
  $ docker unpause s4
  Container ID is not paused
  [1]
  $ docker pause s5
  Container ID is not running
  [1]
  $ docker unpause s5
  Container ID is not paused
  [1]
  $ docker pause s4
  s4
  $ docker rm s4
  You cannot remove a paused container ID. Unpause and then stop the container before attempting removal or force remove
  [1]
  $ docker kill s4
  s4
  $ docker wait s4
  137
  $ docker wait s4 s5
  137
  137
  $ (sleep 0.3; docker kill s3 s4 >/dev/null 2>&1) &
  $ docker start s4
  s4
  $ docker wait s4
  137
  $ docker attach s5
  You cannot attach to a stopped container, start it first
  [1]
  $ docker rm -f s1 s2 s3 s4 s5
  s1
  s2
  s3
  s4
  s5

The client passes on what it gets, also what a shell without job control makes it ignore.

  $ cat > loop.sh <<'EOF'
  > for s in HUP INT QUIT ABRT ALRM USR1 USR2 CONT TSTP VTALRM WINCH IO PWR SYS 37; do trap "echo $s" $s; done
  > trap 'exit 3' TERM
  > echo ready
  > while :; do sleep 0.05; done
  > EOF
  $ said() { grep -q "^$1\$" out; }
  $ proxied() {
  >   : >out
  >   $ENGINE_COMMAND "$@" >>out </dev/null &
  >   eventually said ready
  >   for s in HUP INT QUIT ABRT ALRM USR1 USR2 CONT TSTP VTALRM WINCH IO PWR SYS 37; do
  >     kill -$s $!
  >     eventually said $s
  >   done
  >   kill -TERM $!
  >   wait $!
  > }
  $ proxied run --name p1 -v "$PWD/loop.sh:/loop.sh" busybox sh /loop.sh
  [3]
  $ sort out | uniq -c | sed 's/^ *//' | tr '\n' ' '; echo
  1 37 1 ABRT 1 ALRM 1 CONT 1 HUP 1 INT 1 IO 1 PWR 1 QUIT 1 SYS 1 TSTP 1 USR1 1 USR2 1 VTALRM 1 WINCH 1 ready 
  $ proxied start -a p1
  [3]
  $ (trap '' HUP; proxied start -a p1)
  [3]
  $ docker rm p1
  p1
  $ docker run --rm --name self busybox sh -c 'kill -TERM 1; echo still here'
  still here
  $ docker run --rm --init busybox sh -c 'kill -TERM $$'
  [143]
  $ docker run -d --rm --name auto busybox sleep 1000
  [0-9a-f]{64} (re)
  $ docker stop -t 0 auto
  auto
  $ eventually eval '! docker inspect auto'
  $ docker ps -aq

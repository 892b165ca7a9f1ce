Restart policies and health checks.

  $ . "$TESTDIR/setup.sh"
  $ docker run -d --name r1 --restart on-failure:2 busybox false
  [0-9a-f]{64} (re)
  $ eventually is r1 exited
  $ docker inspect -f '{{.RestartCount}} {{.State.ExitCode}} {{.State.Restarting}}' r1
  2 1 false
  $ docker run -d --name r2 --restart on-failure:2 busybox true
  [0-9a-f]{64} (re)
  $ docker wait r2
  0
  $ docker inspect -f '{{.RestartCount}} {{.State.Status}}' r2
  0 exited
  $ docker run -d --name r3 --restart always busybox sleep 1000
  [0-9a-f]{64} (re)
  $ docker kill r3
  r3
  $ docker wait r3
  137
  $ docker inspect -f '{{.RestartCount}} {{.State.Status}} {{.State.ExitCode}}' r3
  0 exited 137
  $ docker start r3
  r3
  $ docker stop -t 0 r3
  r3
  $ docker inspect -f '{{.RestartCount}} {{.State.Status}}' r3
  0 exited
  $ docker run -d --name r4 --restart unless-stopped busybox false
  [0-9a-f]{64} (re)
  $ eventually docker exec r4 true || docker inspect -f '{{.State.Status}}' r4 | grep -c 'restarting\|running'
  not within 30 seconds: docker exec r4 true
  $ docker stop r4
  r4
  $ docker inspect -f '{{.State.Status}} {{.HostConfig.RestartPolicy.Name}}' r4
  exited unless-stopped
  $ docker create --name r5 --restart no busybox true
  [0-9a-f]{64} (re)
  $ docker create --name r6 busybox true
  [0-9a-f]{64} (re)
  $ docker create --name r7 --restart on-failure busybox true
  [0-9a-f]{64} (re)
  $ docker inspect -f '{{.HostConfig.RestartPolicy.Name}}:{{.HostConfig.RestartPolicy.MaximumRetryCount}}' r5 r6 r7
  no:0
  no:0
  on-failure:0
  $ docker update --restart always r5
  r5
  $ docker inspect -f '{{.HostConfig.RestartPolicy.Name}}' r5
  always
  $ docker update --restart nope r5
  invalid restart policy 'nope'
  [1]
  $ docker create --name r9 --restart nope busybox true
  invalid restart policy 'nope'
  [1]
  $ docker create --name r9 --restart unless-stopped:1 busybox true
  maximum retry count cannot be used with restart policy 'unless-stopped'
  [1]
  $ docker create --name r9 --restart on-failure:-1 busybox true
  maximum retry count cannot be negative
  [1]
  $ docker create --name r9 --restart on-failure:1:2 busybox true
  invalid restart policy format* (glob)
  [125]
  $ docker run -d --name r8 --restart always busybox sh -c 'sleep 0.5; exit 4'
  [0-9a-f]{64} (re)
  $ docker wait r8
  4
  $ eventually is r8 restarting
  $ docker wait r8
  4
  $ docker rm -f r8
  r8
  $ docker rm -f r1 r2 r3 r4 r5 r6 r7
  r1
  r2
  r3
  r4
  r5
  r6
  r7

Health.

  $ docker run -d --name h1 --health-cmd 'test ! -e /sick' --health-interval 200ms --health-retries 2 --health-timeout 5s busybox sleep 1000
  [0-9a-f]{64} (re)
  $ health() { [[ $(docker inspect -f '{{.State.Health.Status}}' "$1") == "$2" ]]; }
  $ eventually health h1 healthy
  $ docker ps --filter name=h1 --format '{{.Status}}' | grep -c '(healthy)'
  1
  $ docker ps --filter health=healthy --format '{{.Names}}'
  h1
  $ docker exec h1 touch /sick
  $ eventually health h1 unhealthy
  $ docker inspect -f '{{ge .State.Health.FailingStreak 2}} {{(index .State.Health.Log 0).ExitCode}}' h1
  true 0
  $ docker ps --filter health=unhealthy --format '{{.Names}}'
  h1
  $ docker inspect h1 | jq -r '.[0].State.Health | keys[]'
  FailingStreak
  Log
  Status
  $ docker inspect h1 | jq -r '.[0].State.Health.Log[0] | keys[]'
  End
  ExitCode
  Output
  Start
  $ docker inspect -f '{{json .Config.Healthcheck}}' h1
  {"Test":["CMD-SHELL","test ! -e /sick"],"Interval":200000000,"Timeout":5000000000,"Retries":2}
  $ docker stop -t 0 h1
  h1
  $ docker inspect -f '{{.State.Health.Status}}' h1
  unhealthy
  $ docker start h1
  h1
  $ docker exec h1 rm /sick
  $ eventually health h1 healthy
  $ docker kill h1
  h1
  $ docker wait h1
  137
  $ docker inspect -f '{{.State.Health.Status}} {{.State.Health.FailingStreak}}' h1
  unhealthy 0
  $ docker run -d --name h5 --health-cmd 'sleep 60' --health-interval 100ms --health-timeout 50ms --health-retries 1 busybox sleep 1000
  [0-9a-f]{64} (re)
  $ eventually health h5 unhealthy
  $ docker inspect -f '{{(index .State.Health.Log 0).ExitCode}} {{(index .State.Health.Log 0).Output}}' h5
  -1 Health check exceeded timeout (50ms)
  $ docker rm -f h5
  h5
  $ docker run -d --name h2 --no-healthcheck busybox sleep 1000
  [0-9a-f]{64} (re)
  $ docker inspect -f '{{json .Config.Healthcheck}}' h2
  {"Test":["NONE"]}
  $ docker inspect -f '{{.State.Health}}' h2
  <n* (glob)
  $ docker inspect -f '{{.State.Health.Status}}' h2 | grep .
  template parsing error: template: :1:8: executing "" at <.State.Health.Status>: * (glob)
  [1]
  $ docker run -d --name h3 --health-cmd true --health-start-period 1m --health-interval 1h busybox sleep 1000
  [0-9a-f]{64} (re)
  $ docker inspect -f '{{.State.Health.Status}} {{len .State.Health.Log}}' h3
  starting 0
  $ docker ps --filter health=starting --format '{{.Names}} {{.Status}}' | sed 's/Up .* (/Up (/'
  h3 Up (health: starting)
  $ docker create --name h4 --health-interval 1s busybox true
  [0-9a-f]{64} (re)
  $ docker inspect -f '{{json .Config.Healthcheck}}' h4
  {"Interval":1000000000}
  $ docker rm -f h1 h2 h3 h4
  h1
  h2
  h3
  h4

logs: order, tail, since and until, timestamps, follow.

  $ . "$TESTDIR/setup.sh"
  $ docker run --name ll busybox sh -c 'for i in 1 2 3 4 5; do echo line $i; done'
  line 1
  line 2
  line 3
  line 4
  line 5
  $ docker logs ll 2>/dev/null
  line 1
  line 2
  line 3
  line 4
  line 5
  $ docker logs ll >/dev/null
  $ docker run --name two busybox sh -c 'echo out; echo err >&2'
  out
  err
  $ docker logs two 2>/dev/null
  out
  $ docker logs two >/dev/null
  err
  $ docker logs --tail 2 ll 2>/dev/null
  line 4
  line 5
  $ docker logs -n 1 ll 2>/dev/null
  line 5
  $ docker logs --tail 0 ll
  $ docker logs --tail all ll 2>/dev/null
  line 1
  line 2
  line 3
  line 4
  line 5
  $ docker logs --tail -1 ll 2>/dev/null
  line 1
  line 2
  line 3
  line 4
  line 5
  $ docker logs --tail 100 ll 2>/dev/null
  line 1
  line 2
  line 3
  line 4
  line 5
  $ docker logs --tail x ll 2>/dev/null
  line 1
  line 2
  line 3
  line 4
  line 5
  $ docker logs --tail '' ll 2>/dev/null
  line 1
  line 2
  line 3
  line 4
  line 5
  $ docker logs -t ll 2>/dev/null | sed 's/^[0-9T:.Z-]* /TIME /'
  TIME line 1
  TIME line 2
  TIME line 3
  TIME line 4
  TIME line 5
  $ docker logs -t --tail 1 ll 2>/dev/null | grep -c '^20[0-9][0-9]-[0-9-]*T[0-9:]*\.[0-9]\{9\}Z line'
  1
  $ docker logs --since 1h ll 2>/dev/null
  line 1
  line 2
  line 3
  line 4
  line 5
  $ docker logs --since 2000-01-01 --tail 1 ll 2>/dev/null
  line 5
  $ docker logs --since 2000-01-01T00:00:00Z --tail 1 ll 2>/dev/null
  line 5
  $ docker logs --since 2000-01-01T00:00:00 --tail 1 ll 2>/dev/null
  line 5
  $ docker logs --since 1000000000 --tail 1 ll 2>/dev/null
  line 5
  $ docker logs --since 1000000000.5 --tail 1 ll 2>/dev/null
  line 5
  $ docker logs --until 2000-01-01 ll
  $ docker logs --until 1h ll
  $ docker logs --since 2090-01-01 ll
  $ docker logs --since nope ll
  invalid value for "since": failed to parse value as time or duration: "nope"
  [1]
  $ docker logs --until nope ll
  invalid value for "until": failed to parse value as time or duration: "nope"
  [1]
  $ docker logs --follow ll 2>/dev/null
  line 1
  line 2
  line 3
  line 4
  line 5
  $ docker logs -f --tail 1 ll 2>/dev/null
  line 5
  $ docker logs --details ll 2>/dev/null
   line 1
   line 2
   line 3
   line 4
   line 5
  $ docker run -d --name ff busybox sh -c 'echo first; while [ ! -e /tmp/go ]; do sleep 0.1; done; echo last'
  [0-9a-f]{64} (re)
  $ docker logs -f ff > followed &
  $ eventually grep -q first followed
  $ docker exec ff touch /tmp/go
  $ wait
  $ cat followed
  first
  last
  $ docker start ff
  ff
  $ docker kill ff
  Cannot kill container: ff: Container ID is not running
  [1]
  $ docker logs ff
  first
  last
  first
  last
  $ docker run --name oo --log-opt max-size=1k --log-opt max-file=2 busybox sh -c 'for i in $(seq 100); do echo $i; done'
  1
  2
  3
  4
  5
  6
  7
  8
  9
  10
  11
  12
  13
  14
  15
  16
  17
  18
  19
  20
  21
  22
  23
  24
  25
  26
  27
  28
  29
  30
  31
  32
  33
  34
  35
  36
  37
  38
  39
  40
  41
  42
  43
  44
  45
  46
  47
  48
  49
  50
  51
  52
  53
  54
  55
  56
  57
  58
  59
  60
  61
  62
  63
  64
  65
  66
  67
  68
  69
  70
  71
  72
  73
  74
  75
  76
  77
  78
  79
  80
  81
  82
  83
  84
  85
  86
  87
  88
  89
  90
  91
  92
  93
  94
  95
  96
  97
  98
  99
  100
  $ docker logs oo | tail -n 1
  100
  $ docker run --name none --log-driver none busybox echo hello
  hello
  $ docker logs none
  configured logging driver does not support reading
  [1]
  $ docker run --name local --log-driver local busybox echo hello
  hello
  $ docker logs local
  hello
  $ docker run --name tty -t busybox sh -c 'echo out; echo err >&2'
  out\r (esc)
  err\r (esc)
  $ docker logs tty | od -c | sed -n 1,2p
  0000000   o   u   t  \r  \n   e   r   r  \r  \n
  0000012
  $ docker run --name part busybox printf 'no newline'
  no newline (no-eol)
  $ docker logs part
  no newline (no-eol)
  $ docker run --name details --label a=1 -e B=2 --log-opt labels=a --log-opt env=B busybox echo hello
  hello
  $ docker logs --details details
  B=2,a=1 hello
  $ docker create --name never busybox true
  [0-9a-f]{64} (re)
  $ docker logs never
  $ docker container logs ll 2>/dev/null | wc -l
  5
  $ docker inspect -f '{{.LogPath}}' ll | grep -c 'json'
  1
  $ docker inspect -f '{{.HostConfig.LogConfig.Type}}' ll none local
  json-file
  none
  local
  $ docker rm -f two ll ff oo none local tty part details never
  two
  ll
  ff
  oo
  none
  local
  tty
  part
  details
  never

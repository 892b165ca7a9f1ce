Flags without a value, or with one that does not parse.

  $ . "$TESTDIR/setup.sh"
  $ docker run --name
  flag needs an argument: --name
  [125]
  $ docker run -e
  flag needs an argument: 'e' in -e
  [125]
  $ docker ps --filter
  flag needs an argument: --filter
  See 'docker ps --help'
  [125]
  $ docker ps -n x
  invalid argument "x" for "-n, --last" flag: strconv.ParseInt: parsing "x": invalid syntax
  See 'docker ps --help'
  [125]
  $ docker ps -n 1.5
  invalid argument "1.5" for "-n, --last" flag: strconv.ParseInt: parsing "1.5": invalid syntax
  See 'docker ps --help'
  [125]
  $ docker ps --last=
  invalid argument "" for "-n, --last" flag: strconv.ParseInt: parsing "": invalid syntax
  See 'docker ps --help'
  [125]
  $ docker ps -a=maybe
  invalid argument "maybe" for "-a, --all" flag: strconv.ParseBool: parsing "maybe": invalid syntax
  See 'docker ps --help'
  [125]
  $ docker ps --all=x
  invalid argument "x" for "-a, --all" flag: strconv.ParseBool: parsing "x": invalid syntax
  See 'docker ps --help'
  [125]
  $ docker stop -t x c
  invalid argument "x" for "-t, --time" flag: strconv.ParseInt: parsing "x": invalid syntax
  See 'docker stop --help'
  [125]
  $ docker restart -t 1s c
  invalid argument "1s" for "-t, --time" flag: strconv.ParseInt: parsing "1s": invalid syntax
  See 'docker restart --help'
  [125]
  $ docker logs -f=2 c
  invalid argument "2" for "-f, --follow" flag: strconv.ParseBool: parsing "2": invalid syntax
  See 'docker logs --help'
  [125]
  $ docker rm -f=nope c
  invalid argument "nope" for "-f, --force" flag: strconv.ParseBool: parsing "nope": invalid syntax
  See 'docker rm --help'
  [125]
  $ docker run --memory x busybox true
  invalid argument "x" for "-m, --memory" flag: invalid size: 'x'
  [125]
  $ docker run --memory 1k busybox true
  Minimum memory limit allowed is (6M|512K)B (re)
  [125]
  $ docker run --memory -1 busybox true
  invalid argument "-1" for "-m, --memory" flag: invalid size: '-1'
  [125]
  $ docker run --memory-swap 1q busybox true
  invalid argument "1q" for "--memory-swap" flag: invalid *q' (glob)
  [125]
  $ docker run --cpus x busybox true
  invalid argument "x" for "--cpus" flag: failed to parse x as a rational number
  [125]
  $ docker run --cpus 1000 busybox true
  Range of CPUs is from 0.01 to *, as there are only * CPUs available (glob)
  [125]
  $ docker run --cpu-shares x busybox true
  invalid argument "x" for "-c, --cpu-shares" flag: strconv.ParseInt: parsing "x": invalid syntax
  [125]
  $ docker run --cpu-period 5 busybox true
  CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)
  [125]
  $ docker run --cpu-quota 5 busybox true
  CPU cfs quota can not be less than 1ms (i.e. 1000)
  [125]
  $ docker run --cpuset-cpus 99 busybox true
  Requested CPUs are not available - requested 99, available: * (glob)
  [125]
  $ docker run --cpuset-cpus x busybox true
  Invalid value x for cpuset cpus: invalid format: x
  [125]
  $ docker run --pids-limit x busybox true
  invalid argument "x" for "--pids-limit" flag: strconv.ParseInt: parsing "x": invalid syntax
  [125]
  $ docker run --device-read-bps /dev/null busybox true
  invalid argument "/dev/null" for "--device-read-bps" flag: bad format: /dev/null
  [125]
  $ docker run --ulimit nope=1 busybox true
  invalid argument "nope=1" for "--ulimit" flag: invalid ulimit type: nope
  [125]
  $ docker run --ulimit nofile busybox true
  invalid argument "nofile" for "--ulimit" flag: invalid ulimit argument: nofile
  [125]
  $ docker run --ulimit nofile=9:3 busybox true
  invalid argument "nofile=9:3" for "--ulimit" flag: ulimit soft limit must be less than or equal to hard limit: 9 > 3
  [125]
  $ docker run --ulimit nofile=x busybox true
  invalid argument "nofile=x" for "--ulimit" flag: strconv.ParseInt: parsing "x": invalid syntax
  [125]
  $ docker run --shm-size x busybox true
  invalid argument "x" for "--shm-size" flag: invalid size: 'x'
  [125]
  $ docker run --shm-size 0 busybox true
  $ docker run --oom-score-adj 2000 busybox true
  Invalid value 2000, range for oom score adj is [-1000, 1000]
  [125]
  $ docker run --oom-score-adj x busybox true
  invalid argument "x" for "--oom-score-adj" flag: strconv.ParseInt: parsing "x": invalid syntax
  [125]
  $ docker run --memory-swappiness 200 busybox true
  invalid value: 200. Valid memory swappiness range is 0-100
  [125]
  $ docker run --memory 10m --memory-swap 5m busybox true
  Minimum memoryswap limit should be larger than memory limit, see usage
  [125]
  $ docker run --memory-swap 50m busybox true
  You should always set the Memory limit when using Memoryswap limit, see usage
  [125]
  $ docker run --memory 10m --memory-reservation 20m busybox true
  Minimum memory limit can not be less than memory reservation limit, see usage
  [125]
  $ docker run --stop-timeout x busybox true
  invalid argument "x" for "--stop-timeout" flag: strconv.ParseInt: parsing "x": invalid syntax
  [125]
  $ docker run --stop-signal NOPE busybox true
  Invalid signal: NOPE
  [125]
  $ docker run --restart sometimes busybox true
  invalid restart policy 'sometimes'
  [125]
  $ docker run --restart always:3 busybox true
  maximum retry count cannot be used with restart policy 'always'
  [125]
  $ docker run --restart on-failure:x busybox true
  *maximum retry count must be an integer (glob)
  [125]
  $ docker run --restart on-failure:-1 busybox true
  maximum retry count cannot be negative
  [125]
  $ docker run --rm --restart always busybox true
  Conflicting options: --restart and --rm
  [125]
  $ docker run -d -a stdout busybox true
  Conflicting options: -a and -d
  [1]
  $ docker run -a nope busybox true
  invalid argument "nope" for "-a, --attach" flag: valid streams are STDIN, STDOUT and STDERR
  [125]
  $ docker run --rm --detach-keys nope busybox true
  (Unrecognized input header: 73|Invalid detach keys \(nope\) provided: .*) (re)
  [1]
  $ docker run --health-interval x busybox true
  invalid argument "x" for "--health-interval" flag: time: invalid duration "x"
  [125]
  $ docker run --health-interval 1us --health-cmd true busybox true
  Interval in Healthcheck cannot be less than 1ms
  [125]
  $ docker run --health-retries x busybox true
  invalid argument "x" for "--health-retries" flag: strconv.ParseInt: parsing "x": invalid syntax
  [125]
  $ docker run --health-retries -1 --health-cmd true busybox true
  --health-retries cannot be negative
  [125]
  $ docker run --no-healthcheck --health-cmd true busybox true
  --no-healthcheck conflicts with --health-* options
  [125]
  $ docker run --health-timeout -1s --health-cmd true busybox true
  --health-timeout cannot be negative
  [125]
  $ docker run --log-driver nope busybox true
  *log*nope* (glob)
  [125]
  $ docker run --log-opt max-size=x busybox true
  failed to initialize logging driver: invalid size: 'x'
  [125]
  $ docker run --log-opt nope=1 busybox true
  unknown log opt 'nope' for json-file log driver
  [125]
  $ docker run --log-opt max-file=0 busybox true
  failed to initialize logging driver: max-file cannot be less than 1
  [125]
  $ docker run --isolation nope busybox true
  ?nvalid isolation* "nope"*default* (glob)
  [125]
  $ docker run --runtime nope busybox true
  ?nknown *runtime*nope* (glob)
  [125]
  $ docker run --platform nope/nope/nope/nope busybox true
  *"nope/nope/nope/nope"*platform* (glob)
  [125]

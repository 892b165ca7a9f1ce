update

  $ . "$TESTDIR/setup.sh"
  $ docker run -d --name uu busybox sleep 1000
  [0-9a-f]{64} (re)
  $ docker update --cpu-shares 99 uu
  uu
  $ docker inspect -f '{{.HostConfig.CpuShares}}' uu
  99
  $ docker update --memory 64m --memory-swap 128m uu
  uu
  $ docker inspect -f '{{.HostConfig.Memory}} {{.HostConfig.MemorySwap}}' uu
  67108864 134217728
  $ docker update --memory 256m uu
  Cannot update container ID: Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time
  [1]
  $ docker update --memory-swap 1m uu
  (Cannot update container ID: .*memsw.*|Minimum memoryswap limit should be larger than memory limit, see usage) (re)
  [1]
  $ docker update --memory 100k uu
  Minimum memory limit allowed is (6M|512K)B (re)
  [1]
  $ docker update --memory x uu
  invalid argument "x" for "-m, --memory" flag: invalid size: 'x'
  See 'docker update --help'
  [125]
  $ docker update --cpus 0.5 uu
  uu
  $ docker inspect -f '{{.HostConfig.NanoCpus}}' uu
  500000000
  $ docker update --cpus 0.5 --cpu-quota 1000 uu
  Conflicting options: Nano CPUs and CPU Quota cannot both be set
  [1]
  $ docker update --cpuset-cpus 0 uu
  uu
  $ docker update --cpuset-cpus 99 uu
  Requested CPUs are not available - requested 99, available: * (glob)
  [1]
  $ docker update --pids-limit 50 uu
  uu
  $ docker update --pids-limit -1 uu
  uu
  $ docker update --restart on-failure:2 uu
  uu
  $ docker inspect -f '{{json .HostConfig.RestartPolicy}}' uu
  {"Name":"on-failure","MaximumRetryCount":2}
  $ docker update uu
  you must provide one or more flags when using this command
  [1]
  $ docker update --nope 1 uu
  unknown flag: --nope
  See 'docker update --help'
  [125]
  $ docker update --memory 64m nope uu
  uu
  No such container: nope
  [1]
  $ docker run -d --rm --name rm busybox sleep 1000
  [0-9a-f]{64} (re)
  $ docker update --restart always rm
  Cannot update container ID: Restart policy cannot be updated because AutoRemove is enabled for the container
  [1]
  $ docker kill rm
  rm
  $ docker create --name never busybox true
  [0-9a-f]{64} (re)
  $ docker update --cpu-shares 7 never
  never
  $ docker inspect -f '{{.HostConfig.CpuShares}}' never
  7

top

  $ docker top uu | awk '{print NF}'
  8
  9
  $ docker top uu | sed -n 1p
  UID                 PID                 PPID                C                   STIME               TTY                 TIME                CMD
  $ docker top uu | awk '{print $NF, $(NF-1)}'
  CMD TIME
  1000 sleep
  $ docker top uu -o pid,args | sed -n 1p
  PID                 COMMAND
  $ docker top uu -o comm
  Couldn't find PID field in ps output
  [1]
  $ docker top uu aux | sed -n 1p
  USER                PID                 %CPU                %MEM                VSZ                 RSS                 TTY                 STAT                START               TIME                COMMAND
  $ docker top uu -nope
  *error: unsupported SysV option (glob)
  [1]
  $ docker top uu -o args
  Couldn't find PID field in ps output
  [1]
  $ docker top never
  Container ID is not running
  [1]
  $ docker container top uu -o comm | tail -n 1
  Couldn't find PID field in ps output
  [1]

stats

  $ docker stats --no-stream --format '{{.Name}} {{.PIDs}}' uu
  uu 1
  $ docker stats --no-stream --format '{{.Container}} {{.Name}}' uu
  uu uu
  $ docker stats --no-stream uu | sed -n 1p | tr -s ' '
  CONTAINER ID NAME CPU % MEM USAGE / LIMIT MEM % NET I/O BLOCK I/O PIDS
  $ docker stats --no-stream --format 'table {{.Name}}' uu
  NAME
  uu
  $ docker stats --no-stream --format '{{.MemUsage}}' uu | grep -c 'iB / 256MiB'
  0
  [1]
  $ docker stats --no-stream --format '{{json .}}' uu | jq -r 'keys[]'
  BlockIO
  CPUPerc
  Container
  ID
  MemPerc
  MemUsage
  Name
  NetIO
  PIDs
  $ docker stats --no-stream --format '{{.Name}} {{.CPUPerc}} {{.MemUsage}} {{.NetIO}} {{.BlockIO}} {{.PIDs}}' never
  never 0.00% 0B / 0B 0B / 0B 0B / 0B 0
  $ docker stats --no-stream --all --format '{{.Name}}' | sort
  never
  uu
  $ docker stats --no-stream --format '{{.Name}}'
  uu
  $ docker stats --no-stream --format '{{.Nope}}' uu 2>&1 | field
  at <.Nope>: unknown
  [1]
  $ docker stats --no-stream --no-trunc --format '{{.ID}}' uu | wc -c
  65
  $ docker rm -f uu never
  uu
  never
  $ docker run -d --name uu --pids-limit 9 busybox sleep 1000 > /dev/null
  $ docker update --pids-limit -1 uu
  uu
  $ docker inspect -f '{{.HostConfig.PidsLimit}} {{json .HostConfig.PidsLimit}}' uu
  0 0
  $ docker update --pids-limit 12 uu
  uu
  $ docker inspect -f '{{.HostConfig.PidsLimit}}' uu
  12
  $ docker update --cpu-quota 20000 uu
  uu
  $ docker update --cpus 1 uu
  Cannot update container ID: Conflicting options: Nano CPUs cannot be updated as CPU Quota has already been set
  [1]
  $ docker update --cpu-quota -1 uu
  uu
  $ docker update --cpus 1 uu
  uu
  $ docker update --cpu-quota -1 uu
  uu
  $ docker inspect -f '{{.HostConfig.CpuQuota}} {{.HostConfig.NanoCpus}}' uu
  -1 1000000000
  $ docker top uu "o pid,cmd" | wc -l
  2
  $ docker top uu "" | wc -l
  2
  $ docker top uu "" "" 2>&1 | grep -o 'garbage option'
  garbage option
  [1]
  $ docker rm -f uu
  uu
  $ docker create --name uu --pids-limit -1 busybox > /dev/null
  $ docker inspect -f '{{.HostConfig.PidsLimit}}' uu
  <nil>
  $ docker rm uu
  uu

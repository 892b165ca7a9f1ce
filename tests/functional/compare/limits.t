What inspect says of limits, and what the container sees.

  $ . "$TESTDIR/setup.sh"
  $ docker create --name m0 --memory 64m busybox true
  [0-9a-f]{64} (re)
  $ docker inspect -f '{{.HostConfig.Memory}} {{.HostConfig.MemorySwap}} {{.HostConfig.MemoryReservation}}' m0
  67108864 134217728 0
  $ docker create --name m2 --memory 64m --memory-swap 128m --memory-reservation 32m busybox true
  [0-9a-f]{64} (re)
  $ docker inspect -f '{{.HostConfig.Memory}} {{.HostConfig.MemorySwap}} {{.HostConfig.MemoryReservation}}' m2
  67108864 134217728 33554432
  $ docker create --name m3 --memory 64m --memory-swap -1 busybox true
  [0-9a-f]{64} (re)
  $ docker inspect -f '{{.HostConfig.Memory}} {{.HostConfig.MemorySwap}}' m3
  67108864 -1
  $ docker create --name m4 -m 6291456 busybox true
  [0-9a-f]{64} (re)
  $ docker create --name m5 -m 1.5g busybox true
  [0-9a-f]{64} (re)
  $ docker inspect -f '{{.HostConfig.Memory}}' m4 m5
  6291456
  1610612736
  $ docker create --name c1 --cpus 1.5 busybox true
  [0-9a-f]{64} (re)
  $ docker create --name c2 --cpu-shares 512 --cpu-period 50000 --cpu-quota 25000 busybox true
  [0-9a-f]{64} (re)
  $ docker create --name c3 --cpuset-cpus 0 --cpuset-mems 0 busybox true
  [0-9a-f]{64} (re)
  $ docker inspect -f '{{.HostConfig.NanoCpus}} {{.HostConfig.CpuShares}} {{.HostConfig.CpuPeriod}} {{.HostConfig.CpuQuota}} {{.HostConfig.CpusetCpus}} {{.HostConfig.CpusetMems}}' c1 c2 c3
  1500000000 0 0 0  
  0 512 50000 25000  
  0 0 0 0 0 0
  $ docker create --name c4 --cpus 1 --cpu-period 1000 busybox true
  Conflicting options: Nano CPUs and CPU Period cannot both be set
  [1]
  $ docker create --name c5 --cpus 1 --cpu-quota 1000 busybox true
  Conflicting options: Nano CPUs and CPU Quota cannot both be set
  [1]
  $ docker create --name c6 --cpu-quota 500 busybox true
  CPU cfs quota can not be less than 1ms (i.e. 1000)
  [1]
  $ docker create --name c7 --cpuset-cpus 0,99 busybox true
  Requested CPUs are not available - requested 0,99, available: * (glob)
  [1]
  $ docker create --name c8 --cpuset-cpus 2-1 busybox true
  Invalid value 2-1 for cpuset cpus: invalid format: 2-1
  [1]
  $ docker create --name p1 --pids-limit 10 busybox true
  [0-9a-f]{64} (re)
  $ docker create --name p2 --pids-limit -1 busybox true
  [0-9a-f]{64} (re)
  $ docker create --name p3 --pids-limit 0 busybox true
  [0-9a-f]{64} (re)
  $ docker create --name p4 busybox true
  [0-9a-f]{64} (re)
  $ docker inspect -f '{{json .HostConfig.PidsLimit}}' p1 p2 p3 p4
  10
  null
  null
  null
  $ docker create --name s1 --shm-size 0 busybox true
  [0-9a-f]{64} (re)
  $ docker create --name s2 --shm-size 2g busybox true
  [0-9a-f]{64} (re)
  $ docker inspect -f '{{.HostConfig.ShmSize}}' s1 s2 p4
  67108864
  2147483648
  67108864
  $ docker create --name s3 --shm-size -1 busybox true
  invalid argument "-1" for "--shm-size" flag: invalid size: '-1'
  [125]
  $ docker create --name u1 --ulimit nofile=10 --ulimit nproc=5:6 busybox true
  [0-9a-f]{64} (re)
  $ docker inspect -f '{{json .HostConfig.Ulimits}}' u1
  [{"Name":"nofile","Hard":10,"Soft":10},{"Name":"nproc","Hard":6,"Soft":5}]
  $ docker create --name b3 --device-read-bps /dev/sda:x busybox true
  invalid argument "/dev/sda:x" for "--device-read-bps" flag: invalid rate for device: /dev/sda:x. The correct format is <device-path>:<number>[<unit>]. Number must be a positive integer. Unit is optional and can be kb, mb, or gb
  [125]
  $ docker create --name b4 --device-read-iops nope busybox true
  invalid argument "nope" for "--device-read-iops" flag: bad format: nope
  [125]
  $ docker create --name b5 --blkio-weight-device /dev/sda:5 busybox true
  invalid argument "/dev/sda:5" for "--blkio-weight-device" flag: invalid weight for device: /dev/sda:5
  [125]
  $ docker create --name o1 --oom-kill-disable busybox true
  [0-9a-f]{64} (re)
  WARNING: Disabling the OOM killer on containers without setting a '-m/--memory' limit may be dangerous
  WARNING: OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources
  $ docker create --name o2 --oom-kill-disable -m 64m busybox true
  [0-9a-f]{64} (re)
  $ docker create --name o3 --memory-swappiness 50 -m 64m busybox true
  [0-9a-f]{64} (re)
  $ docker inspect -f '{{json .HostConfig.OomKillDisable}} {{json .HostConfig.MemorySwappiness}}' o2 o3 p4
  true null
  false 50
  false null
  $ docker create --name g1 --cgroup-parent /nope-parent busybox true
  [0-9a-f]{64} (re)
  $ docker run --rm --cpuset-cpus 0 busybox nproc
  1
  $ docker run --name oom --memory 16m --memory-swap 16m busybox sh -c 'dd if=/dev/zero of=/dev/null bs=64M count=1; true' 2>/dev/null
  $ docker run --name oom2 --memory 16m --memory-swap 16m busybox dd if=/dev/zero of=/dev/null bs=64M count=1
  [137]
  $ docker inspect -f '{{.State.OOMKilled}} {{.State.ExitCode}}' oom2
  true 137
  $ docker rm $(docker ps -aq) | wc -l
  21

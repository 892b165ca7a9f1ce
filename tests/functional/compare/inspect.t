inspect: documents, templates, types.

  $ . "$TESTDIR/setup.sh"
  $ docker create --name cc --label a=1 -e X=1 -w /var -u 1000 --hostname box --memory 64m --cpu-shares 10 --pids-limit 20 --restart on-failure:3 --stop-signal INT --stop-timeout 3 -v vol:/data -v /tmp:/host:ro --tmpfs /t:size=1m --cap-add NET_ADMIN --cap-drop MKNOD --dns 9.9.9.9 --add-host db:10.0.0.1 --expose 99 -p 18080:80 --read-only --init --ulimit nofile=10:20 --log-opt max-size=1m --shm-size 1m --oom-score-adj 5 --sysctl net.ipv4.ip_forward=0 --security-opt no-new-privileges busybox sh -c 'exit 3'
  [0-9a-f]{64} (re)
  $ docker inspect cc | jq -r '.[0] | keys[]'
  AppArmorProfile
  Args
  Config
  Created
  Driver
  ExecIDs
  GraphDriver
  HostConfig
  HostnamePath
  HostsPath
  Id
  Image
  LogPath
  MountLabel
  Mounts
  Name
  NetworkSettings
  Path
  Platform
  ProcessLabel
  ResolvConfPath
  RestartCount
  State
  $ docker inspect cc | jq -r '.[0].State | keys[]'
  Dead
  Error
  ExitCode
  FinishedAt
  OOMKilled
  Paused
  Pid
  Restarting
  Running
  StartedAt
  Status
  $ docker inspect cc | jq -r '.[0].Config | keys[]'
  AttachStderr
  AttachStdin
  AttachStdout
  Cmd
  Domainname
  Entrypoint
  Env
  ExposedPorts
  Hostname
  Image
  Labels
  OnBuild
  OpenStdin
  StdinOnce
  StopSignal
  StopTimeout
  Tty
  User
  Volumes
  WorkingDir
  $ docker inspect cc | jq -r '.[0].HostConfig | keys[]'
  AutoRemove
  Binds
  BlkioDeviceReadBps
  BlkioDeviceReadIOps
  BlkioDeviceWriteBps
  BlkioDeviceWriteIOps
  BlkioWeight
  BlkioWeightDevice
  CapAdd
  CapDrop
  Cgroup
  CgroupParent
  CgroupnsMode
  ConsoleSize
  ContainerIDFile
  CpuCount
  CpuPercent
  CpuPeriod
  CpuQuota
  CpuRealtimePeriod
  CpuRealtimeRuntime
  CpuShares
  CpusetCpus
  CpusetMems
  DeviceCgroupRules
  DeviceRequests
  Devices
  Dns
  DnsOptions
  DnsSearch
  ExtraHosts
  GroupAdd
  IOMaximumBandwidth
  IOMaximumIOps
  Init
  IpcMode
  Isolation
  KernelMemory
  KernelMemoryTCP
  Links
  LogConfig
  MaskedPaths
  Memory
  MemoryReservation
  MemorySwap
  MemorySwappiness
  NanoCpus
  NetworkMode
  OomKillDisable
  OomScoreAdj
  PidMode
  PidsLimit
  PortBindings
  Privileged
  PublishAllPorts
  ReadonlyPaths
  ReadonlyRootfs
  RestartPolicy
  Runtime
  SecurityOpt
  ShmSize
  Sysctls
  Tmpfs
  UTSMode
  Ulimits
  UsernsMode
  VolumeDriver
  VolumesFrom
  $ docker inspect cc | jq -r '.[0].NetworkSettings | del(.Interface) | keys[]'
  Bridge
  EndpointID
  Gateway
  GlobalIPv6Address
  GlobalIPv6PrefixLen
  HairpinMode
  IPAddress
  IPPrefixLen
  IPv6Gateway
  LinkLocalIPv6Address
  LinkLocalIPv6PrefixLen
  MacAddress
  Networks
  Ports
  SandboxID
  SandboxKey
  SecondaryIPAddresses
  SecondaryIPv6Addresses
  $ docker inspect cc | jq -r '.[0].NetworkSettings.Networks.bridge | keys[]'
  Aliases
  DriverOpts
  EndpointID
  Gateway
  GlobalIPv6Address
  GlobalIPv6PrefixLen
  IPAMConfig
  IPAddress
  IPPrefixLen
  IPv6Gateway
  Links
  MacAddress
  NetworkID
  $ docker inspect cc | jq -Sc '.[0].Config | del(.Hostname)'
  {"AttachStderr":true,"AttachStdin":false,"AttachStdout":true,"Cmd":["sh","-c","exit 3"],"Domainname":"","Entrypoint":null,"Env":["X=1","PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],"ExposedPorts":{"80/tcp":{},"99/tcp":{}},"Image":"busybox","Labels":{"a":"1"},"OnBuild":null,"OpenStdin":false,"StdinOnce":false,"StopSignal":"INT","StopTimeout":3,"Tty":false,"User":"1000","Volumes":null,"WorkingDir":"/var"}
  $ docker inspect cc | jq -Sc '.[0].HostConfig | del(.Runtime, .CgroupnsMode, .BlkioDeviceReadBps, .BlkioDeviceWriteBps, .BlkioDeviceReadIOps, .BlkioDeviceWriteIOps, .MaskedPaths)'
  {"AutoRemove":false,"Binds":["vol:/data","/tmp:/host:ro"],"BlkioWeight":0,"BlkioWeightDevice":[],"CapAdd":["NET_ADMIN"],"CapDrop":["MKNOD"],"Cgroup":"","CgroupParent":"","ConsoleSize":[0,0],"ContainerIDFile":"","CpuCount":0,"CpuPercent":0,"CpuPeriod":0,"CpuQuota":0,"CpuRealtimePeriod":0,"CpuRealtimeRuntime":0,"CpuShares":10,"CpusetCpus":"","CpusetMems":"","DeviceCgroupRules":null,"DeviceRequests":null,"Devices":[],"Dns":["9.9.9.9"],"DnsOptions":[],"DnsSearch":[],"ExtraHosts":["db:10.0.0.1"],"GroupAdd":null,"IOMaximumBandwidth":0,"IOMaximumIOps":0,"Init":true,"IpcMode":"private","Isolation":"","KernelMemory":0,"KernelMemoryTCP":0,"Links":null,"LogConfig":{"Config":{"max-size":"1m"},"Type":"json-file"},"Memory":67108864,"MemoryReservation":0,"MemorySwap":134217728,"MemorySwappiness":null,"NanoCpus":0,"NetworkMode":"default","OomKillDisable":false,"OomScoreAdj":5,"PidMode":"","PidsLimit":20,"PortBindings":{"80/tcp":[{"HostIp":"","HostPort":"18080"}]},"Privileged":false,"PublishAllPorts":false,"ReadonlyPaths":["/proc/bus","/proc/fs","/proc/irq","/proc/sys","/proc/sysrq-trigger"],"ReadonlyRootfs":true,"RestartPolicy":{"MaximumRetryCount":3,"Name":"on-failure"},"SecurityOpt":["no-new-privileges"],"ShmSize":1048576,"Sysctls":{"net.ipv4.ip_forward":"0"},"Tmpfs":{"/t":"size=1m"},"UTSMode":"","Ulimits":[{"Hard":20,"Name":"nofile","Soft":10}],"UsernsMode":"","VolumeDriver":"","VolumesFrom":null}
  $ docker inspect cc | jq -c '.[0].State'
  {"Status":"created","Running":false,"Paused":false,"Restarting":false,"OOMKilled":false,"Dead":false,"Pid":0,"ExitCode":0,"Error":"","StartedAt":"0001-01-01T00:00:00Z","FinishedAt":"0001-01-01T00:00:00Z"}
  $ docker inspect cc | jq -c '.[0] | [.Path, .Args, .Name, .RestartCount, .Driver, .Platform, .MountLabel, .ProcessLabel, .AppArmorProfile, .ExecIDs]'
  ["sh",["-c","exit 3"],"/cc",0,"overlay2","linux","","","",null]
  $ docker inspect cc | jq -c '.[0].Mounts | sort_by(.Type) | .[] | del(.Source)'
  {"Type":"bind","Destination":"/host","Mode":"ro","RW":false,"Propagation":"rprivate"}
  {"Type":"volume","Name":"vol","Destination":"/data","Driver":"local","Mode":"z","RW":true,"Propagation":""}
  $ docker inspect -f '{{.Name}} {{.State.Status}} {{.Config.Image}}' cc
  /cc created busybox
  $ docker inspect -f '{{json .Config.Cmd}} {{.Config.User}} {{.Config.WorkingDir}}' cc
  ["sh","-c","exit 3"] 1000 /var
  $ docker inspect -f '{{.HostConfig.Memory}} {{.HostConfig.CpuShares}} {{.HostConfig.PidsLimit}}' cc
  67108864 10 20
  $ docker inspect -f '{{range .Mounts}}{{.Type}}:{{.Destination}}:{{.RW}} {{end}}' cc | tr ' ' '\n' | sort
  
  bind:/host:false
  volume:/data:true
  $ docker inspect -f '{{range $k, $v := .Config.Labels}}{{$k}}={{$v}} {{end}}' cc
  a=1 
  $ docker inspect -f '{{index .Config.Labels "a"}}' cc
  1
  $ docker inspect -f '{{.Config.Labels.a}}' cc
  1
  $ docker inspect -f '{{.Config.Labels.nope}}' cc
  <no value>
  $ docker inspect -f '{{len .Config.Env}} {{index .Config.Env 0}}' cc
  2 X=1
  $ docker inspect -f '{{if .State.Running}}yes{{else}}no{{end}}' cc
  no
  $ docker inspect -f '{{with .HostConfig.RestartPolicy}}{{.Name}}:{{.MaximumRetryCount}}{{end}}' cc
  on-failure:3
  $ docker inspect -f '{{printf "%s-%d" .Name .RestartCount}}' cc
  /cc-0
  $ docker inspect -f '{{.Config.Env | json}}' cc
  ["X=1","PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
  $ docker inspect -f '{{join .Config.Env ","}}' cc
  X=1,PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
  $ docker inspect -f '{{split .Name "/"}} {{upper .Name}} {{lower "AB"}} {{title "ab"}} {{pad "x" 1 2}}|' cc
  [ cc] /CC ab Ab  x  |
  $ docker inspect -f '{{println .Name}}' cc
  /cc
  
  $ docker inspect -f '{{(index .NetworkSettings.Networks "bridge").IPAddress}}|' cc
  |
  $ docker inspect -f '{{eq .Name "/cc"}} {{ne 1 2}} {{and true .State.Running}} {{or false "x"}} {{not false}} {{lt 1 2}}' cc
  true true false x true true
  $ docker inspect -f '{{/* nothing */}}{{"text"}}{{- " trimmed" -}}   !' cc
  text trimmed!
  $ docker inspect -f '{{$x := .Name}}{{$x}}' cc
  /cc
  $ docker inspect -f '{{.Nope}}' cc | grep .
  template parsing error: template: :1:2: executing "" at <.Nope>: map has no entry for key "Nope"
  [1]
  $ docker inspect -f '{{.State.Nope}}' cc | grep .
  template parsing error: template: :1:8: executing "" at <.State.Nope>: map has no entry for key "Nope"
  [1]
  $ docker inspect -f '{{nope}}' cc
  template parsing error: template: :1: function "nope" not defined
  [64]
  $ docker inspect -f '{{.Name' cc
  template parsing error: template: :1: unclosed action
  [64]
  $ docker inspect -f '{{range .Config.Env}}x' cc
  template parsing error: template: :1: unexpected EOF
  [64]
  $ docker inspect -f '{{index .Config.Env 99}}' cc | grep .
  template parsing error: template: :1:2: executing "" at <index .Config.Env 99>: error calling index: index out of range: 99
  [1]
  $ docker inspect -f '{{if}}{{end}}' cc
  template parsing error: template: :1: missing value for if
  [64]
  $ docker inspect --format='{{.Id}}' cc | wc -c
  65
  $ docker inspect --type container -f '{{.Name}}' cc
  /cc
  $ docker inspect --type volume -f '{{.Name}}' vol
  vol
  $ docker inspect -f '{{.Name}}' vol
  vol
  $ docker inspect -f '{{.RepoTags}}' busybox
  [busybox:latest]
  $ docker inspect -f '{{.Name}}' cc vol
  /cc
  vol
  $ docker inspect cc nope | jq length
  No such object: nope
  1
  [1]
  $ docker inspect -s -f '{{.SizeRw}} {{json .SizeRootFs | len | lt 3}}' cc
  0 true
  $ docker container inspect -f '{{.Name}}' cc vol
  /cc
  No such container: vol
  [1]
  $ docker rm cc
  cc
  $ docker run -d --name rr busybox sleep 1000
  [0-9a-f]{64} (re)
  $ docker inspect -f '{{.State.Status}} {{.State.Running}} {{gt .State.Pid 1}} {{.State.ExitCode}}' rr
  running true true 0
  $ docker inspect -f '{{.NetworkSettings.IPAddress}} {{.NetworkSettings.Gateway}} {{.NetworkSettings.IPPrefixLen}} {{.NetworkSettings.MacAddress}}' rr | sed -E 's/0\.[0-9]+ /0.N /; s/..$/NN/'
  172.17.0.N 172.17.0.1 16 02:42:ac:11:00:NN
  $ docker inspect -f '{{json .NetworkSettings.Ports}} {{.HostConfig.NetworkMode}}' rr
  {} default
  $ docker inspect $(docker inspect -f '{{.Id}}' rr | cut -c 1-10) -f '{{.Name}}'
  /rr
  $ docker rm -f rr
  rr
  $ docker volume rm vol
  vol

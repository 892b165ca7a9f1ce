inspect -f: fields as Go's types print them.

  $ . "$TESTDIR/setup.sh"
  $ print() { for field in "${@:2}"; do docker inspect -f "$field: {{.$field}} {{json .$field}}" "$1"; done; }
  $ docker create --name cc busybox > /dev/null
  $ print cc ExecIDs HostConfig.Binds HostConfig.CapAdd HostConfig.Links HostConfig.Ulimits HostConfig.Mounts Config.Entrypoint Config.OnBuild Config.Shell
  ExecIDs: [] null
  HostConfig.Binds: [] null
  HostConfig.CapAdd: [] null
  HostConfig.Links: [] null
  HostConfig.Ulimits: [] null
  HostConfig.Mounts: [] null
  Config.Entrypoint: [] null
  Config.OnBuild: [] null
  Config.Shell: [] null
  $ print cc Config.Volumes Config.ExposedPorts HostConfig.Tmpfs HostConfig.Sysctls HostConfig.StorageOpt
  Config.Volumes: map[] null
  Config.ExposedPorts: map[] null
  HostConfig.Tmpfs: map[] null
  HostConfig.Sysctls: map[] null
  HostConfig.StorageOpt: map[] null
  $ print cc HostConfig.PidsLimit HostConfig.MemorySwappiness HostConfig.Init State.Health SizeRw SizeRootFs Config.Healthcheck Config.StopTimeout
  HostConfig.PidsLimit: <nil> null
  HostConfig.MemorySwappiness: <nil> null
  HostConfig.Init: <nil> null
  State.Health: <nil> null
  SizeRw: <nil> null
  SizeRootFs: <nil> null
  Config.Healthcheck: <nil> null
  Config.StopTimeout: <nil> null
  $ print cc Config.StopSignal Config.MacAddress Config.NetworkDisabled HostConfig.LogConfig HostConfig.RestartPolicy
  Config.StopSignal:  ""
  Config.MacAddress:  ""
  Config.NetworkDisabled: false false
  HostConfig.LogConfig: {json-file map[]} {"Type":"json-file","Config":{}}
  HostConfig.RestartPolicy: {no 0} {"Name":"no","MaximumRetryCount":0}
  $ docker inspect -f '{{.State}} {{.NetworkSettings.SecondaryIPAddresses}}' cc
  {created false false false false false 0 0  0001-01-01T00:00:00Z 0001-01-01T00:00:00Z <nil>} []
  $ docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAMConfig}} {{.Links}} {{.Aliases}} {{.DriverOpts}}{{end}}' cc
  <nil> [] [] map[]
  $ docker inspect -f '{{print .ExecIDs}} {{println .HostConfig.Binds}}{{printf "%v %5v|" .HostConfig.CapAdd .HostConfig.Tmpfs}} {{len .ExecIDs}}' cc
  [] []
  [] map[]| 0
  $ docker inspect -f '{{if .SizeRw}}yes{{else}}no{{end}} {{with .HostConfig}}{{.CapAdd}}{{end}} {{$host := .HostConfig}}{{$host.Tmpfs}} {{eq .HostConfig.PidsLimit nil}}' cc
  no [] map[] true
  $ docker inspect -f '{{.State.Health.Status}}' cc | grep .
  template parsing error: template: :1:8: executing "" at <.State.Health.Status>: map has no entry for key "Health"
  [1]
  $ docker inspect -f '{{.HostConfig.StopTimeout}}' cc 2>&1 | field
  at <.HostConfig.StopTimeout>: unknown
  [1]
  $ docker create --name dd -v vv:/v -v /anon --mount type=bind,src=/tmp,dst=/mm --tmpfs /t:size=1m -p 127.0.0.1:1234:80 --expose 99 --device /dev/null:/dev/x --health-cmd true --health-interval 90s --health-timeout 1500ms --restart on-failure:3 --log-opt max-size=1m --stop-timeout 4 --pids-limit 7 --init --mac-address 02:42:ac:11:00:99 busybox > /dev/null
  $ docker inspect -f '{{.Config.Volumes}} {{.Config.ExposedPorts}} {{.Config.StopTimeout}} {{.Config.MacAddress}} {{.HostConfig.PidsLimit}} {{.HostConfig.Init}}' dd
  map[/anon:{}] map[80/tcp:{} 99/tcp:{}] 4 02:42:ac:11:00:99 7 true
  $ docker inspect -f '{{with .Config.Healthcheck}}{{.Interval}} {{.Timeout}} {{.StartPeriod}} {{.Retries}} {{.Test}} {{printf "%s %d" .Timeout .Timeout}}{{end}} {{.Config.Healthcheck}}' dd
  1m30s 1.5s 0s 0 [CMD-SHELL true] 1.5s 1500000000 {[CMD-SHELL true] 1m30s 1.5s 0s 0}
  $ docker inspect -f '{{.HostConfig.LogConfig}} {{.HostConfig.RestartPolicy}} {{.HostConfig.Devices}} {{.HostConfig.PortBindings}} {{.HostConfig.Mounts}}' dd
  {json-file map[max-size:1m]} {on-failure 3} [{/dev/null /dev/x rwm}] map[80/tcp:[{127.0.0.1 1234}]] [{bind /tmp /mm false  <nil> <nil> <nil>}]
  $ docker inspect -f '{{range .Mounts}}{{.Type}} {{.Name | len}} {{.Driver}} {{.Destination}}{{println}}{{end}}' dd | sort
  
  bind 0  /mm
  volume 2 local /v
  volume 64 local /anon
  $ docker inspect -f '{{.Config.Volumes}} {{.Config.Healthcheck}} {{.Config.Shell}} {{.RepoDigests}} {{.RootFS.BaseLayer}}' busybox
  map[] <nil> [] [] 
  $ docker inspect -f '{{.SizeRw}}' busybox 2>&1 | field
  at <.SizeRw>: unknown
  [1]
  $ docker inspect -f '{{.Labels}} {{.Options}} {{.Status}} {{.UsageData}}' vv
  map[] map[] map[] <nil>

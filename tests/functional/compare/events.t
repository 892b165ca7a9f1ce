events since a moment until another.

  $ . "$TESTDIR/setup.sh"
  $ start=$(date +%s)
  $ docker run --name e1 --label l=1 busybox true
  $ docker create --name e2 busybox sleep 1000
  [0-9a-f]{64} (re)
  $ docker start e2
  e2
  $ docker exec e2 true
  $ docker pause e2
  e2
  $ docker unpause e2
  e2
  $ docker rename e2 e3
  $ docker update --memory 64m --memory-swap 128m e3
  e3
  $ docker kill e3
  e3
  $ docker wait e3
  137
  $ docker rm e1 e3
  e1
  e3
  $ docker volume create ev
  ev
  $ docker volume rm ev
  ev
  $ end=$(($(date +%s) + 1))
  $ docker events --since $start --until $end --filter type=container --filter container=e1 --format '{{.Action}}'
  create
  attach
  start
  die
  destroy
  $ docker events --since $start --until $end --filter container=e1 --filter event=create --format '{{.Actor.Attributes.image}} {{.Actor.Attributes.name}} {{.Actor.Attributes.l}}'
  busybox e1 1
  $ docker events --since $start --until $end --filter container=e1 --filter event=die --format '{{.Actor.Attributes.exitCode}}'
  0
  $ docker events --since $start --until $end --filter container=e3 --format '{{.Action}}'
  rename
  update
  kill
  die
  destroy
  $ docker events --since $start --until $end --filter type=volume --format '{{.Type}} {{.Action}} {{.Actor.ID}} {{.Scope}}'
  volume create ev local
  volume destroy ev local
  $ docker events --since $start --until $end --filter event=rename --filter container=e3 --format '{{.Actor.Attributes.oldName}} {{.Actor.Attributes.name}}'
  /e2 e3
  $ docker events --since $start --until $end --filter label=l=1 --format '{{.Type}} {{.Action}}'
  container create
  container attach
  container start
  container die
  container destroy
  $ docker events --since $start --until $end --filter image=busybox --filter event=start --filter container=e1 --format '{{.Actor.Attributes.name}}'
  e1
  $ docker events --since $start --until $end --filter event=die --filter event=kill --filter container=e3 --format '{{.Action}}'
  kill
  die
  $ docker events --since $start --until $end --filter event=create --filter container=e1 --filter container=e2 --format '{{.Status}} {{.From}} {{.Type}}'
  create busybox container
  create busybox container
  $ docker events --since $start --until $end --filter event=start --format '{{json .}}' | jq -r 'keys[]' | sort -u
  Action
  Actor
  Type
  from
  id
  scope
  status
  time
  timeNano
  $ docker events --since $start --until $end --filter container=e1 --filter event=start | sed 's/^[0-9T:.Z+-]* /TIME /; s/[0-9a-f]\{64\}/ID/'
  TIME container start ID (image=busybox, l=1, name=e1)
  $ docker events --since $start --until $end --filter nope
  invalid argument "nope" for "-f, --filter" flag: bad format of filter (expected name=value)
  See 'docker events --help'
  [125]
  $ docker events --since nope --until $end
  *failed to parse value as time or duration: "nope" (glob)
  [1]
  $ docker events --since $start --until nope
  *failed to parse value as time or duration: "nope" (glob)
  [1]
  $ docker events --since $start --until $end --format '{{.Nope}}' 2>&1 | field
  at <.Nope>: unknown
  [64]
  $ docker events --since $start --until $end --filter container=nope
  $ docker events --until 2000-01-01
  $ docker system events --since $start --until $end --filter event=destroy --filter label=l --format '{{.Actor.Attributes.name}}'
  e1
  $ docker events --since 10.5 --until 10.4
  `since` time (10.5) cannot be after `until` time (10.4)
  [1]
  $ docker events --since 2020-01-02T00:00:00Z --until 2020-01-01T00:00:00Z
  `since` time (1577923200.000000000) cannot be after `until` time (1577836800.000000000)
  [1]
  $ docker events --since 1s --until 1h 2>&1 | sed 's/[0-9]\{10\}/TIME/g'
  `since` time (TIME) cannot be after `until` time (TIME)
  [1]
  $ docker events --since 10 --until 10

// The fields whose Go type shows: as docker 20.10 declares them (api/types: ContainerJSON, ImageInspect, Volume).
#include "cmd/minidock/inspect_types.h"

namespace minidock::cmd {
namespace {

using gotemplate::Field;
using gotemplate::Kind;

// Of a container and of an image.
const std::vector<Field> kConfig{
    {"Config", Kind::structure,
     "Hostname Domainname User AttachStdin AttachStdout AttachStderr ExposedPorts Tty OpenStdin StdinOnce Env Cmd "
     "Healthcheck ArgsEscaped Image Volumes WorkingDir Entrypoint NetworkDisabled MacAddress OnBuild Labels StopSignal "
     "StopTimeout Shell"},
    {"Config.ExposedPorts", Kind::map},
    {"Config.ExposedPorts.*", Kind::structure},
    {"Config.Env", Kind::slice},
    {"Config.Cmd", Kind::slice},
    {"Config.Healthcheck", Kind::pointer, "Test Interval Timeout StartPeriod Retries"},
    {"Config.Healthcheck.Test", Kind::slice},
    {"Config.Healthcheck.Interval", Kind::duration},
    {"Config.Healthcheck.Timeout", Kind::duration},
    {"Config.Healthcheck.StartPeriod", Kind::duration},
    {"Config.Healthcheck.StartInterval", Kind::duration},
    {"Config.Healthcheck.Retries", Kind::number},
    {"Config.ArgsEscaped", Kind::boolean},
    {"Config.Volumes", Kind::map},
    {"Config.Volumes.*", Kind::structure},
    {"Config.Entrypoint", Kind::slice},
    {"Config.NetworkDisabled", Kind::boolean},
    {"Config.MacAddress", Kind::text},
    {"Config.OnBuild", Kind::slice},
    {"Config.Labels", Kind::map},
    {"Config.StopSignal", Kind::text},
    {"Config.StopTimeout", Kind::pointer},
    {"Config.Shell", Kind::slice},
};

const std::vector<Field> kContainer{
    {"Node", Kind::pointer},
    {"SizeRw", Kind::pointer},
    {"SizeRootFs", Kind::pointer},
    {"ExecIDs", Kind::slice},
    {"State", Kind::structure,
     "Status Running Paused Restarting OOMKilled Dead Pid ExitCode Error StartedAt FinishedAt Health"},
    {"State.Health", Kind::pointer, "Status FailingStreak Log"},
    {"Mounts.*", Kind::structure, "Type Name Source Destination Driver Mode RW Propagation"},
    {"Mounts.*.Name", Kind::text},
    {"Mounts.*.Source", Kind::text},
    {"Mounts.*.Driver", Kind::text},
    {"HostConfig.Binds", Kind::slice},
    {"HostConfig.LogConfig", Kind::structure, "Type Config"},
    {"HostConfig.PortBindings.*.*", Kind::structure, "HostIp HostPort"},
    {"HostConfig.RestartPolicy", Kind::structure, "Name MaximumRetryCount"},
    {"HostConfig.VolumesFrom", Kind::slice},
    {"HostConfig.CapAdd", Kind::slice},
    {"HostConfig.CapDrop", Kind::slice},
    {"HostConfig.ExtraHosts", Kind::slice},
    {"HostConfig.GroupAdd", Kind::slice},
    {"HostConfig.Links", Kind::slice},
    {"HostConfig.SecurityOpt", Kind::slice},
    {"HostConfig.StorageOpt", Kind::map},
    {"HostConfig.Tmpfs", Kind::map},
    {"HostConfig.Sysctls", Kind::map},
    {"HostConfig.Annotations", Kind::map},
    {"HostConfig.Devices.*", Kind::structure, "PathOnHost PathInContainer CgroupPermissions"},
    {"HostConfig.DeviceCgroupRules", Kind::slice},
    {"HostConfig.DeviceRequests", Kind::slice},
    {"HostConfig.MemorySwappiness", Kind::pointer},
    {"HostConfig.OomKillDisable", Kind::pointer},
    {"HostConfig.PidsLimit", Kind::pointer},
    {"HostConfig.Ulimits", Kind::slice},
    {"HostConfig.Mounts", Kind::slice},
    {"HostConfig.Mounts.*", Kind::structure,
     "Type Source Target ReadOnly Consistency BindOptions VolumeOptions TmpfsOptions"},
    {"HostConfig.Mounts.*.Source", Kind::text},
    {"HostConfig.Mounts.*.ReadOnly", Kind::boolean},
    {"HostConfig.Mounts.*.Consistency", Kind::text},
    {"HostConfig.Mounts.*.BindOptions", Kind::pointer},
    {"HostConfig.Mounts.*.VolumeOptions", Kind::pointer},
    {"HostConfig.Mounts.*.TmpfsOptions", Kind::pointer},
    {"HostConfig.MaskedPaths", Kind::slice},
    {"HostConfig.ReadonlyPaths", Kind::slice},
    {"HostConfig.Init", Kind::pointer},
    {"NetworkSettings.Ports.*", Kind::slice},
    {"NetworkSettings.Ports.*.*", Kind::structure, "HostIp HostPort"},
    {"NetworkSettings.SecondaryIPAddresses", Kind::slice},
    {"NetworkSettings.SecondaryIPv6Addresses", Kind::slice},
    {"NetworkSettings.Networks.*.IPAMConfig", Kind::pointer},
    {"NetworkSettings.Networks.*.Links", Kind::slice},
    {"NetworkSettings.Networks.*.Aliases", Kind::slice},
    {"NetworkSettings.Networks.*.DriverOpts", Kind::map},
};

const std::vector<Field> kImage{
    {"Container", Kind::text},
    {"OsVersion", Kind::text},
    {"RootFS", Kind::structure, "Type Layers BaseLayer"},
    {"RootFS.BaseLayer", Kind::text},
};

const std::vector<Field> kVolume{
    {"Labels", Kind::map},
    {"Options", Kind::map},
    {"Status", Kind::map},
    {"UsageData", Kind::pointer},
};

}  // namespace

gotemplate::Options inspect_options(const OrderedJson& document) {
  if (document.contains("Mountpoint")) return {.fields = kVolume};
  if (!document.contains("Config")) return {};
  std::vector<Field> fields = document.contains("HostConfig") ? kContainer : kImage;
  fields.insert(fields.end(), kConfig.begin(), kConfig.end());
  return {.fields = std::move(fields)};
}

}  // namespace minidock::cmd

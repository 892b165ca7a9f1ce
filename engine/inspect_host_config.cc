#include "engine/inspect_host_config.h"

#include <fmt/format.h>

#include "engine/egress.h"
#include "engine/mount_documents.h"
#include "engine/security_options.h"
#include "engine/spec_builder.h"

namespace minidock {
namespace {

OrderedJson nullable(const std::vector<std::string>& list) { return list.empty() ? OrderedJson() : OrderedJson(list); }

OrderedJson object_of(const std::map<std::string, std::string>& entries) {
  OrderedJson object = OrderedJson::object();
  for (const auto& [key, value] : entries) object[key] = value;
  return object;
}

OrderedJson requested_ports(const HostConfig& host) {
  OrderedJson map = port_map(host.ports, {});
  for (auto& [port, bindings] : map.items()) {
    for (OrderedJson& binding : bindings) {
      if (binding["HostPort"] == "0") binding["HostPort"] = "";
    }
  }
  return map;
}

// "/db:/web/db"
OrderedJson links(const ContainerDefinition& definition) {
  std::vector<std::string> list;
  for (const ContainerLink& link : definition.links) {
    list.push_back(fmt::format("/{}:/{}/{}", link.name, definition.name, link.alias));
  }
  return nullable(list);
}

OrderedJson values(const std::vector<DeviceValue>& devices, const char* key) {
  OrderedJson list = OrderedJson::array();
  for (const DeviceValue& device : devices) list.push_back({{"Path", device.path}, {key, device.value}});
  return list;
}

OrderedJson devices(const std::vector<DeviceRequest>& requests) {
  OrderedJson list = OrderedJson::array();
  for (const DeviceRequest& device : requests) {
    list.push_back({{"PathOnHost", device.host_path},
                    {"PathInContainer", device.container_path},
                    {"CgroupPermissions", device.access}});
  }
  return list;
}

OrderedJson ulimits(const std::vector<Ulimit>& limits) {
  OrderedJson list = OrderedJson::array();
  for (const Ulimit& limit : limits) {
    list.push_back({{"Name", limit.name}, {"Hard", limit.hard}, {"Soft", limit.soft}});
  }
  return limits.empty() ? OrderedJson() : list;
}

void add_resources(OrderedJson& result, const Resources& resources) {
  result["CpuShares"] = resources.cpu_shares;
  result["Memory"] = resources.memory;
  result["NanoCpus"] = resources.nano_cpus;
  result["CgroupParent"] = resources.cgroup_parent;
  result["BlkioWeight"] = resources.blkio_weight;
  result["BlkioWeightDevice"] = values(resources.blkio_weight_device, "Weight");
  result["BlkioDeviceReadBps"] = values(resources.device_read_bps, "Rate");
  result["BlkioDeviceWriteBps"] = values(resources.device_write_bps, "Rate");
  result["BlkioDeviceReadIOps"] = values(resources.device_read_iops, "Rate");
  result["BlkioDeviceWriteIOps"] = values(resources.device_write_iops, "Rate");
  result["CpuPeriod"] = resources.cpu_period;
  result["CpuQuota"] = resources.cpu_quota;
  result["CpuRealtimePeriod"] = resources.cpu_realtime_period;
  result["CpuRealtimeRuntime"] = resources.cpu_realtime_runtime;
  result["CpusetCpus"] = resources.cpuset_cpus;
  result["CpusetMems"] = resources.cpuset_mems;
  result["Devices"] = devices(resources.devices);
  result["DeviceCgroupRules"] = nullable(resources.device_cgroup_rules);
  result["DeviceRequests"] = nullptr;
  result["KernelMemory"] = 0;
  result["KernelMemoryTCP"] = 0;
  result["MemoryReservation"] = resources.memory_reservation;
  result["MemorySwap"] = resources.memory_swap;
  result["MemorySwappiness"] = resources.memory_swappiness ? OrderedJson(*resources.memory_swappiness) : OrderedJson();
  result["OomKillDisable"] = resources.oom_kill_disable;
  result["PidsLimit"] = resources.pids_limit ? OrderedJson(*resources.pids_limit) : OrderedJson();
  result["Ulimits"] = ulimits(resources.ulimits);
  for (const char* of_windows : {"CpuCount", "CpuPercent", "IOMaximumIOps", "IOMaximumBandwidth"}) {
    result[of_windows] = 0;
  }
}

}  // namespace

OrderedJson port_map(const std::vector<network::PublishedPort>& ports, const std::vector<std::string>& exposed) {
  OrderedJson map = OrderedJson::object();
  for (const std::string& port : exposed) map[port] = nullptr;
  for (const network::PublishedPort& port : ports) {
    OrderedJson& bindings = map[fmt::format("{}/{}", port.container_port, port.protocol)];
    if (!bindings.is_array()) bindings = OrderedJson::array();
    const std::string host_port = port.host_port_last == 0 ? std::to_string(port.host_port)
                                                           : fmt::format("{}-{}", port.host_port, port.host_port_last);
    bindings.push_back({{"HostIp", port.host_ip}, {"HostPort", host_port}});
  }
  return map;
}

OrderedJson host_config_json(const ContainerDefinition& definition) {
  const HostConfig& host = definition.host;
  OrderedJson result{
      {"Binds", nullable(bind_texts(host))},
      {"ContainerIDFile", host.cid_file},
      {"LogConfig", {{"Type", host.log.driver}, {"Config", object_of(host.log.options)}}},
      {"NetworkMode", host.network_mode},
      {"PortBindings", requested_ports(host)},
      {"RestartPolicy", {{"Name", host.restart.name}, {"MaximumRetryCount", host.restart.maximum_retries}}},
      {"AutoRemove", host.auto_remove},
      {"VolumeDriver", host.volume_driver},
      {"VolumesFrom", nullable(host.volumes_from)},
      {"CapAdd", nullable(host.cap_add)},
      {"CapDrop", nullable(host.cap_drop)},
      {"CgroupnsMode", host.cgroupns_mode},
      {"Dns", host.dns},
      {"DnsOptions", host.dns_options},
      {"DnsSearch", host.dns_search},
      {"ExtraHosts", nullable(host.extra_hosts)},
      {"GroupAdd", nullable(host.group_add)},
      {"IpcMode", host.ipc_mode},
      {"Cgroup", ""},
      {"Links", links(definition)},
      {"OomScoreAdj", host.oom_score_adj},
      {"PidMode", host.pid_mode},
      {"Privileged", host.privileged},
      {"PublishAllPorts", host.publish_all_ports},
      {"ReadonlyRootfs", host.readonly_rootfs},
      {"SecurityOpt", nullable(host.security_options)},
      {"UTSMode", host.uts_mode},
      {"UsernsMode", host.userns_mode},
      {"ShmSize", host.shm_size},
      {"Runtime", host.runtime.empty() ? "minidock" : host.runtime},
      {"ConsoleSize", {0, 0}},
      {"Isolation", ""}};
  add_resources(result, host.resources);
  add_mount_documents(host, result);
  if (!host.sysctls.empty()) result["Sysctls"] = object_of(host.sysctls);
  if (!host.annotations.empty()) result["Annotations"] = object_of(host.annotations);
  runtime::Spec hidden;
  if (!host.privileged && !parse_security_options(host.security_options).unconfined_system_paths) {
    set_hidden_paths(hidden);
  }
  result["MaskedPaths"] = nullable(hidden.masked_paths);
  result["ReadonlyPaths"] = nullable(hidden.readonly_paths);
  if (host.init) result["Init"] = *host.init;
  if (is_egress_restricted(host)) {
    result["Egress"] = host.egress;
    result["EgressAllow"] = host.egress_allow;
  }
  return result;
}

}  // namespace minidock

#include "engine/runtime/spec_resources.h"

#include <limits>
#include <type_traits>

#include "base/error.h"

namespace minidock::runtime {
namespace {

template <typename Number>
void put(Json& object, const char* key, const std::optional<Number>& value) {
  if (value) object[key] = *value;
}

template <typename Number>
void take(const Json& object, const char* key, std::optional<Number>& value) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return;
  const std::int64_t number = json::get_int(object, key);
  const bool fits =
      number < 0 ? std::is_signed_v<Number>
                 : static_cast<std::uint64_t>(number) <= static_cast<std::uint64_t>(std::numeric_limits<Number>::max());
  if (!fits) {
    throw Error(ErrorKind::corrupt_data, std::string("runtime-spec: \"") + key + "\" is out of range");
  }
  value = static_cast<Number>(number);
}

Json section(const Json& document, const char* key) {
  const auto found = document.find(key);
  if (found == document.end() || found->is_null()) return Json::object();
  if (!found->is_object()) {
    throw Error(ErrorKind::corrupt_data, std::string("runtime-spec: \"") + key + "\" is not an object");
  }
  return *found;
}

void put_section(Json& document, const char* key, Json section) {
  if (!section.empty()) document[key] = std::move(section);
}

Json memory_to_json(const ResourceLimits& limits) {
  Json memory = Json::object();
  put(memory, "limit", limits.memory);
  put(memory, "swap", limits.memory_swap);
  put(memory, "reservation", limits.memory_reservation);
  put(memory, "swappiness", limits.memory_swappiness);
  if (limits.disable_oom_killer) memory["disableOOMKiller"] = true;
  return memory;
}

Json cpu_to_json(const ResourceLimits& limits) {
  Json cpu = Json::object();
  put(cpu, "shares", limits.cpu_shares);
  put(cpu, "quota", limits.cpu_quota);
  put(cpu, "period", limits.cpu_period);
  put(cpu, "realtimeRuntime", limits.cpu_realtime_runtime);
  put(cpu, "realtimePeriod", limits.cpu_realtime_period);
  if (!limits.cpuset_cpus.empty()) cpu["cpus"] = limits.cpuset_cpus;
  if (!limits.cpuset_mems.empty()) cpu["mems"] = limits.cpuset_mems;
  return cpu;
}

// A list of block devices: its key, and what the document calls the value.
struct DeviceList {
  const char* key;
  const char* value_key;
  std::vector<DeviceLimit> ResourceLimits::*list;
};

constexpr DeviceList kDeviceLists[] = {{"weightDevice", "weight", &ResourceLimits::weight_devices},
                                       {"throttleReadBpsDevice", "rate", &ResourceLimits::read_bps},
                                       {"throttleWriteBpsDevice", "rate", &ResourceLimits::write_bps},
                                       {"throttleReadIOPSDevice", "rate", &ResourceLimits::read_iops},
                                       {"throttleWriteIOPSDevice", "rate", &ResourceLimits::write_iops}};

Json block_io_to_json(const ResourceLimits& limits) {
  Json block_io = Json::object();
  put(block_io, "weight", limits.block_io_weight);
  for (const DeviceList& described : kDeviceLists) {
    for (const DeviceLimit& item : limits.*described.list) {
      block_io[described.key].push_back(
          {{"major", item.major}, {"minor", item.minor}, {described.value_key, item.value}});
    }
  }
  return block_io;
}

void read_device_lists(const Json& block_io, ResourceLimits& limits) {
  for (const DeviceList& described : kDeviceLists) {
    const auto found = block_io.find(described.key);
    if (found == block_io.end() || found->is_null()) continue;
    for (const Json& item : *found) {
      (limits.*described.list)
          .push_back({json::get_int(item, "major"), json::get_int(item, "minor"),
                      static_cast<std::uint64_t>(json::get_int(item, described.value_key))});
    }
  }
}

}  // namespace

Json resources_to_json(const ResourceLimits& limits) {
  Json document = Json::object();
  put_section(document, "memory", memory_to_json(limits));
  put_section(document, "cpu", cpu_to_json(limits));
  if (limits.pids) document["pids"] = {{"limit", *limits.pids}};
  put_section(document, "blockIO", block_io_to_json(limits));
  return document;
}

ResourceLimits resources_from_json(const Json& document) {
  ResourceLimits limits;
  const Json memory = section(document, "memory");
  take(memory, "limit", limits.memory);
  take(memory, "swap", limits.memory_swap);
  take(memory, "reservation", limits.memory_reservation);
  take(memory, "swappiness", limits.memory_swappiness);
  limits.disable_oom_killer = json::get_bool(memory, "disableOOMKiller");
  const Json cpu = section(document, "cpu");
  take(cpu, "shares", limits.cpu_shares);
  take(cpu, "quota", limits.cpu_quota);
  take(cpu, "period", limits.cpu_period);
  take(cpu, "realtimeRuntime", limits.cpu_realtime_runtime);
  take(cpu, "realtimePeriod", limits.cpu_realtime_period);
  limits.cpuset_cpus = json::get_string(cpu, "cpus");
  limits.cpuset_mems = json::get_string(cpu, "mems");
  take(section(document, "pids"), "limit", limits.pids);
  const Json block_io = section(document, "blockIO");
  take(block_io, "weight", limits.block_io_weight);
  read_device_lists(block_io, limits);
  return limits;
}

}  // namespace minidock::runtime

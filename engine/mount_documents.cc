#include "engine/mount_documents.h"

#include <algorithm>

#include "engine/mount_points.h"
#include "engine/option_words.h"

namespace minidock {
namespace {

using Type = MountRequest::Type;

constexpr const char* type_name(Type type) {
  return type == Type::bind ? "bind" : type == Type::volume ? "volume" : "tmpfs";
}

OrderedJson bind_options(const MountRequest& mount) {
  OrderedJson options = OrderedJson::object();
  if (mount.propagation != "rprivate") options["Propagation"] = mount.propagation;
  if (mount.non_recursive) options["NonRecursive"] = true;
  if (mount.writable_submounts) options["ReadOnlyNonRecursive"] = true;
  return options;
}

OrderedJson volume_options(const MountRequest& mount) {
  OrderedJson options = OrderedJson::object();
  if (mount.no_copy) options["NoCopy"] = true;
  if (!mount.labels.empty()) options["Labels"] = mount.labels;
  if (!mount.subpath.empty()) options["Subpath"] = mount.subpath;
  OrderedJson driver = OrderedJson::object();
  if (!mount.driver.empty()) driver["Name"] = mount.driver;
  if (!mount.driver_options.empty()) driver["Options"] = mount.driver_options;
  if (!driver.empty()) options["DriverConfig"] = driver;
  return options;
}

// Bytes and a decimal mode, from "size=1048576,mode=1777".
OrderedJson tmpfs_options(const MountRequest& mount) {
  OrderedJson options = OrderedJson::object();
  for (const std::string& word : options::split(mount.tmpfs_options, ',')) {
    if (word.starts_with("size=")) options["SizeBytes"] = std::stoll(word.substr(5));
    if (word.starts_with("mode=")) options["Mode"] = std::stoul(word.substr(5), nullptr, 8);
  }
  return options;
}

OrderedJson mount_request_json(const MountRequest& mount) {
  OrderedJson item{{"Type", type_name(mount.type)}};
  if (!mount.source.empty()) item["Source"] = mount.source;
  item["Target"] = mount.destination;
  if (mount.read_only) item["ReadOnly"] = true;
  const auto add = [&](const char* key, OrderedJson options) {
    if (!options.empty()) item[key] = std::move(options);
  };
  if (mount.type == Type::bind) add("BindOptions", bind_options(mount));
  if (mount.type == Type::volume) add("VolumeOptions", volume_options(mount));
  if (mount.type == Type::tmpfs) add("TmpfsOptions", tmpfs_options(mount));
  return item;
}

}  // namespace

std::vector<std::string> bind_texts(const HostConfig& host) {
  std::vector<std::string> texts;
  for (const MountRequest& mount : host.mounts) {
    if (!mount.text.empty() && !mount.source.empty()) texts.push_back(mount.text);
  }
  return texts;
}

void add_mount_documents(const HostConfig& host, OrderedJson& document) {
  OrderedJson mounts = OrderedJson::array();
  OrderedJson tmpfs = OrderedJson::object();
  for (const MountRequest& mount : host.mounts) {
    if (mount.text.empty()) mounts.push_back(mount_request_json(mount));
    if (is_tmpfs_option(mount)) tmpfs[mount.destination] = mount.tmpfs_options;
  }
  if (!mounts.empty()) document["Mounts"] = std::move(mounts);
  if (!tmpfs.empty()) document["Tmpfs"] = std::move(tmpfs);
}

OrderedJson mounts_json(const ContainerDefinition& definition) {
  OrderedJson list = OrderedJson::array();
  for (const MountPoint& mount : definition.mount_points) {
    const auto& requests = definition.host.mounts;
    const bool hidden = std::any_of(requests.begin(), requests.end(), [&](const MountRequest& request) {
      return is_tmpfs_option(request) && request.destination == mount.destination;
    });
    if (hidden) continue;
    OrderedJson item{{"Type", mount.type}};
    if (!mount.name.empty()) item["Name"] = mount.name;
    item["Source"] = mount.source;
    item["Destination"] = mount.destination;
    if (!mount.driver.empty()) item["Driver"] = mount.driver;
    item["Mode"] = mount.mode;
    item["RW"] = !mount.read_only;
    item["Propagation"] = mount.propagation;
    list.push_back(std::move(item));
  }
  return list;
}

}  // namespace minidock

#include "engine/runtime/spec.h"

#include <limits>

#include "base/error.h"
#include "engine/runtime/spec_resources.h"

namespace minidock::runtime {
namespace {

constexpr const char* kRootfsAnnotation = "org.minidock.rootfs";
constexpr const char* kSeccompAnnotation = "org.minidock.seccomp-bpf";
constexpr const char* kOciVersion = "1.1.0";

const Json* find(const Json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto it = object.find(key);
  return it == object.end() || it->is_null() ? nullptr : &*it;
}

[[noreturn]] void corrupt(const std::string& text) { throw Error(ErrorKind::corrupt_data, "runtime-spec: " + text); }

const Json& object_at(const Json& parent, const char* key) {
  static const Json empty = Json::object();
  const Json* value = find(parent, key);
  if (value == nullptr) return empty;
  if (!value->is_object()) corrupt(std::string("\"") + key + "\" is not an object");
  return *value;
}

// Reads a list of objects, each by `read`.
template <typename Item, typename Read>
std::vector<Item> list_at(const Json& parent, const char* key, Read read) {
  std::vector<Item> items;
  const Json* value = find(parent, key);
  if (value == nullptr) return items;
  if (!value->is_array()) corrupt(std::string("\"") + key + "\" is not a list");
  for (const Json& item : *value) {
    if (!item.is_object()) corrupt(std::string("\"") + key + "\" holds something that is not an object");
    items.push_back(read(item));
  }
  return items;
}

template <typename Item, typename Write>
Json json_list(const std::vector<Item>& items, Write write) {
  Json list = Json::array();
  for (const Item& item : items) list.push_back(write(item));
  return list;
}

template <typename Number>
Number bounded(const Json& object, const char* key) {
  const std::int64_t value = json::get_int(object, key);
  if (value < 0 || value > static_cast<std::int64_t>(std::numeric_limits<Number>::max())) {
    corrupt(std::string("\"") + key + "\" is out of range");
  }
  return static_cast<Number>(value);
}

Json to_json(const Capabilities& capabilities) {
  return Json{{"bounding", capabilities.bounding},
              {"effective", capabilities.effective},
              {"permitted", capabilities.permitted},
              {"inheritable", capabilities.inheritable},
              {"ambient", capabilities.ambient}};
}

Capabilities capabilities_from_json(const Json& document) {
  return Capabilities{json::get_strings(document, "bounding"), json::get_strings(document, "effective"),
                      json::get_strings(document, "permitted"), json::get_strings(document, "inheritable"),
                      json::get_strings(document, "ambient")};
}

Json to_json(const OverlayRootfs& rootfs) {
  return Json{{"store", rootfs.store},          {"layers", rootfs.layers},
              {"upper", rootfs.upper},          {"work", rootfs.work},
              {"volatile", rootfs.is_volatile}, {"copyLayers", rootfs.layer_mapping == LayerMapping::copy},
              {"directory", rootfs.directory}};
}

OverlayRootfs rootfs_from_json(const Json& document) {
  OverlayRootfs rootfs;
  rootfs.store = json::get_string(document, "store");
  rootfs.layers = json::get_strings(document, "layers");
  rootfs.upper = json::get_string(document, "upper");
  rootfs.work = json::get_string(document, "work");
  rootfs.is_volatile = json::get_bool(document, "volatile");
  rootfs.directory = json::get_string(document, "directory");
  if (json::get_bool(document, "copyLayers")) rootfs.layer_mapping = LayerMapping::copy;
  return rootfs;
}

Json to_json(const IdMapping& mapping) {
  return Json{{"containerID", mapping.container_id}, {"hostID", mapping.host_id}, {"size", mapping.size}};
}

IdMapping id_mapping_from_json(const Json& document) {
  return IdMapping{bounded<std::uint32_t>(document, "containerID"), bounded<std::uint32_t>(document, "hostID"),
                   bounded<std::uint32_t>(document, "size")};
}

Json to_json(const FileCopy& file) {
  return Json{{"source", file.source}, {"name", file.name}, {"uid", file.uid}, {"gid", file.gid}, {"mode", file.mode}};
}

FileCopy file_copy_from_json(const Json& document) {
  return FileCopy{json::get_string(document, "source"), json::get_string(document, "name"),
                  bounded<std::uint32_t>(document, "uid"), bounded<std::uint32_t>(document, "gid"),
                  bounded<std::uint32_t>(document, "mode")};
}

Json to_json(const Mount& mount) {
  Json document{
      {"destination", mount.destination}, {"type", mount.type}, {"source", mount.source}, {"options", mount.options}};
  const auto write = [](const IdMapping& item) { return to_json(item); };
  if (!mount.uid_mappings.empty()) document["uidMappings"] = json_list(mount.uid_mappings, write);
  if (!mount.gid_mappings.empty()) document["gidMappings"] = json_list(mount.gid_mappings, write);
  if (!mount.files.empty()) {
    document["files"] = json_list(mount.files, [](const FileCopy& item) { return to_json(item); });
  }
  return document;
}

Mount mount_from_json(const Json& document) {
  return Mount{json::get_string(document, "destination"),
               json::get_string(document, "type"),
               json::get_string(document, "source"),
               json::get_strings(document, "options"),
               list_at<IdMapping>(document, "uidMappings", id_mapping_from_json),
               list_at<IdMapping>(document, "gidMappings", id_mapping_from_json),
               list_at<FileCopy>(document, "files", file_copy_from_json)};
}

Json to_json(const Namespace& space) {
  Json document{{"type", space.type}};
  if (!space.path.empty()) document["path"] = space.path;
  return document;
}

Json to_json(const DeviceRule& rule) {
  Json document{{"allow", rule.allow}, {"type", rule.type}, {"access", rule.access}};
  if (rule.major) document["major"] = *rule.major;
  if (rule.minor) document["minor"] = *rule.minor;
  return document;
}

DeviceRule device_rule_from_json(const Json& document) {
  DeviceRule rule;
  rule.allow = json::get_bool(document, "allow");
  rule.type = json::get_string(document, "type", "a");
  rule.access = json::get_string(document, "access", "rwm");
  if (find(document, "major") != nullptr) rule.major = json::get_int(document, "major");
  if (find(document, "minor") != nullptr) rule.minor = json::get_int(document, "minor");
  return rule;
}

Json linux_to_json(const Spec& spec) {
  Json resources = resources_to_json(spec.resources);
  resources["devices"] = json_list(spec.device_rules, [](const DeviceRule& item) { return to_json(item); });
  return Json{{"namespaces", json_list(spec.namespaces, [](const Namespace& item) { return to_json(item); })},
              {"uidMappings", json_list(spec.uid_mappings, [](const IdMapping& item) { return to_json(item); })},
              {"gidMappings", json_list(spec.gid_mappings, [](const IdMapping& item) { return to_json(item); })},
              {"maskedPaths", spec.masked_paths},
              {"readonlyPaths", spec.readonly_paths},
              {"sysctl", spec.sysctl},
              {"cgroupsPath", spec.cgroups_path},
              {"resources", std::move(resources)}};
}

void linux_from_json(const Json& document, Spec& spec) {
  spec.namespaces = list_at<Namespace>(document, "namespaces", [](const Json& item) {
    return Namespace{json::get_string(item, "type"), json::get_string(item, "path")};
  });
  spec.uid_mappings = list_at<IdMapping>(document, "uidMappings", id_mapping_from_json);
  spec.gid_mappings = list_at<IdMapping>(document, "gidMappings", id_mapping_from_json);
  spec.masked_paths = json::get_strings(document, "maskedPaths");
  spec.readonly_paths = json::get_strings(document, "readonlyPaths");
  const Json& sysctl = object_at(document, "sysctl");
  for (auto it = sysctl.begin(); it != sysctl.end(); ++it) {
    spec.sysctl[it.key()] = json::get_string(sysctl, it.key().c_str());
  }
  spec.cgroups_path = json::get_string(document, "cgroupsPath");
  const Json& resources = object_at(document, "resources");
  spec.resources = resources_from_json(resources);
  spec.device_rules = list_at<DeviceRule>(resources, "devices", device_rule_from_json);
}

}  // namespace

Json to_json(const Process& process) {
  Json document{{"terminal", process.terminal},
                {"consoleSize", {{"height", process.console_rows}, {"width", process.console_columns}}},
                {"user", {{"username", process.user}, {"additionalGroups", process.additional_groups}}},
                {"args", process.args},
                {"env", process.env},
                {"cwd", process.cwd},
                {"capabilities", to_json(process.capabilities)},
                {"rlimits", json_list(process.rlimits,
                                      [](const Rlimit& limit) {
                                        return Json{{"type", limit.type}, {"soft", limit.soft}, {"hard", limit.hard}};
                                      })},
                {"noNewPrivileges", process.no_new_privileges}};
  if (process.oom_score_adj) document["oomScoreAdj"] = *process.oom_score_adj;
  if (process.umask) document["user"]["umask"] = *process.umask;
  return document;
}

Process process_from_json(const Json& document) {
  if (!document.is_object()) corrupt("\"process\" is not an object");
  Process process;
  process.terminal = json::get_bool(document, "terminal");
  const Json& console = object_at(document, "consoleSize");
  process.console_rows = bounded<std::uint16_t>(console, "height");
  process.console_columns = bounded<std::uint16_t>(console, "width");
  const Json& user = object_at(document, "user");
  process.user = json::get_string(user, "username");
  process.additional_groups = json::get_strings(user, "additionalGroups");
  process.args = json::get_strings(document, "args");
  process.env = json::get_strings(document, "env");
  process.cwd = json::get_string(document, "cwd", "/");
  process.capabilities = capabilities_from_json(object_at(document, "capabilities"));
  process.rlimits = list_at<Rlimit>(document, "rlimits", [](const Json& item) {
    // The largest unsigned value (RLIM_INFINITY) keeps its bits through the signed type.
    return Rlimit{json::get_string(item, "type"), static_cast<std::uint64_t>(json::get_int(item, "soft")),
                  static_cast<std::uint64_t>(json::get_int(item, "hard"))};
  });
  process.no_new_privileges = json::get_bool(document, "noNewPrivileges");
  if (find(document, "oomScoreAdj") != nullptr) {
    process.oom_score_adj = static_cast<int>(json::get_int(document, "oomScoreAdj"));
  }
  if (find(user, "umask") != nullptr) process.umask = bounded<std::uint32_t>(user, "umask") & 0777U;
  return process;
}

Json to_json(const Spec& spec) {
  Json annotations{{kRootfsAnnotation, json::dump(to_json(spec.rootfs))}};
  if (!spec.seccomp_bpf_file.empty()) annotations[kSeccompAnnotation] = spec.seccomp_bpf_file;
  return Json{{"ociVersion", kOciVersion},
              {"process", to_json(spec.process)},
              {"root", {{"path", "rootfs"}, {"readonly", spec.readonly_rootfs}}},
              {"hostname", spec.hostname},
              {"domainname", spec.domainname},
              {"mounts", json_list(spec.mounts, [](const Mount& item) { return to_json(item); })},
              {"annotations", annotations},
              {"linux", linux_to_json(spec)}};
}

Spec spec_from_json(const Json& document) {
  if (!document.is_object()) corrupt("the document is not an object");
  Spec spec;
  spec.process = process_from_json(object_at(document, "process"));
  spec.readonly_rootfs = json::get_bool(object_at(document, "root"), "readonly");
  spec.hostname = json::get_string(document, "hostname");
  spec.domainname = json::get_string(document, "domainname");
  spec.mounts = list_at<Mount>(document, "mounts", mount_from_json);
  const Json& annotations = object_at(document, "annotations");
  const std::string rootfs = json::get_string(annotations, kRootfsAnnotation);
  if (rootfs.empty()) corrupt(std::string("annotation \"") + kRootfsAnnotation + "\" is missing");
  spec.rootfs = rootfs_from_json(json::parse(rootfs, kRootfsAnnotation));
  spec.seccomp_bpf_file = json::get_string(annotations, kSeccompAnnotation);
  linux_from_json(object_at(document, "linux"), spec);
  return spec;
}

}  // namespace minidock::runtime

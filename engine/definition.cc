#include "engine/definition.h"

#include <type_traits>

#include "base/error.h"

namespace minidock {
namespace {

// ---- the fields, under docker's names: each struct lists them once, for both directions

template <typename T>
struct Type {};

template <typename Fields>
void describe(Fields& field, Type<StartupHealthcheck>) {
  field("Test", &StartupHealthcheck::test);
  field("Interval", &StartupHealthcheck::interval);
  field("Timeout", &StartupHealthcheck::timeout);
  field("Retries", &StartupHealthcheck::retries);
  field("Successes", &StartupHealthcheck::successes);
}

template <typename Fields>
void describe(Fields& field, Type<Healthcheck>) {
  field("Test", &Healthcheck::test);
  field("Interval", &Healthcheck::interval);
  field("Timeout", &Healthcheck::timeout);
  field("StartPeriod", &Healthcheck::start_period);
  field("StartInterval", &Healthcheck::start_interval);
  field("Retries", &Healthcheck::retries);
  field("OnFailure", &Healthcheck::on_failure);
  field("Startup", &Healthcheck::startup);
}

template <typename Fields>
void describe(Fields& field, Type<ContainerConfig>) {
  field("Hostname", &ContainerConfig::hostname);
  field("Domainname", &ContainerConfig::domainname);
  field("User", &ContainerConfig::user);
  field("AttachStdin", &ContainerConfig::attach_stdin);
  field("AttachStdout", &ContainerConfig::attach_stdout);
  field("AttachStderr", &ContainerConfig::attach_stderr);
  field("Tty", &ContainerConfig::tty);
  field("OpenStdin", &ContainerConfig::open_stdin);
  field("StdinOnce", &ContainerConfig::stdin_once);
  field("Env", &ContainerConfig::env);
  field("Cmd", &ContainerConfig::cmd);
  field("Entrypoint", &ContainerConfig::entrypoint);
  field("Image", &ContainerConfig::image);
  field("Labels", &ContainerConfig::labels);
  field("WorkingDir", &ContainerConfig::working_dir);
  field("Volumes", &ContainerConfig::volumes);
  field("ExposedPorts", &ContainerConfig::exposed_ports);
  field("StopSignal", &ContainerConfig::stop_signal);
  field("StopTimeout", &ContainerConfig::stop_timeout);
  field("MacAddress", &ContainerConfig::mac_address);
  field("Healthcheck", &ContainerConfig::healthcheck);
  field("Shell", &ContainerConfig::shell);
}

template <typename Fields>
void describe(Fields& field, Type<MountRequest>) {
  field("Type", &MountRequest::type);
  field("Source", &MountRequest::source);
  field("Target", &MountRequest::destination);
  field("ReadOnly", &MountRequest::read_only);
  field("NoCopy", &MountRequest::no_copy);
  field("CreateSource", &MountRequest::create_source);
  field("Propagation", &MountRequest::propagation);
  field("TmpfsOptions", &MountRequest::tmpfs_options);
  field("Driver", &MountRequest::driver);
  field("DriverOptions", &MountRequest::driver_options);
  field("Labels", &MountRequest::labels);
  field("Subpath", &MountRequest::subpath);
  field("NonRecursive", &MountRequest::non_recursive);
  field("WritableSubmounts", &MountRequest::writable_submounts);
  field("Chown", &MountRequest::chown);
  field("Idmap", &MountRequest::idmap);
  field("Overlay", &MountRequest::overlay);
  field("Text", &MountRequest::text);
}

template <typename Fields>
void describe(Fields& field, Type<network::PublishedPort>) {
  field("Protocol", &network::PublishedPort::protocol);
  field("HostIp", &network::PublishedPort::host_ip);
  field("HostPort", &network::PublishedPort::host_port);
  field("ContainerPort", &network::PublishedPort::container_port);
  field("HostPortLast", &network::PublishedPort::host_port_last);
}

template <typename Fields>
void describe(Fields& field, Type<RestartPolicy>) {
  field("Name", &RestartPolicy::name);
  field("MaximumRetryCount", &RestartPolicy::maximum_retries);
}

template <typename Fields>
void describe(Fields& field, Type<LogSettings>) {
  field("Type", &LogSettings::driver);
  field("Config", &LogSettings::options);
}

template <typename Fields>
void describe(Fields& field, Type<DeviceRequest>) {
  field("PathOnHost", &DeviceRequest::host_path);
  field("PathInContainer", &DeviceRequest::container_path);
  field("CgroupPermissions", &DeviceRequest::access);
}

template <typename Fields>
void describe(Fields& field, Type<Ulimit>) {
  field("Name", &Ulimit::name);
  field("Soft", &Ulimit::soft);
  field("Hard", &Ulimit::hard);
}

template <typename Fields>
void describe(Fields& field, Type<DeviceValue>) {
  field("Path", &DeviceValue::path);
  field("Value", &DeviceValue::value);
}

template <typename Fields>
void describe(Fields& field, Type<Resources>) {
  field("Memory", &Resources::memory);
  field("MemorySwap", &Resources::memory_swap);
  field("MemoryReservation", &Resources::memory_reservation);
  field("MemorySwappiness", &Resources::memory_swappiness);
  field("OomKillDisable", &Resources::oom_kill_disable);
  field("NanoCpus", &Resources::nano_cpus);
  field("CpuShares", &Resources::cpu_shares);
  field("CpuPeriod", &Resources::cpu_period);
  field("CpuQuota", &Resources::cpu_quota);
  field("CpuRealtimePeriod", &Resources::cpu_realtime_period);
  field("CpuRealtimeRuntime", &Resources::cpu_realtime_runtime);
  field("CpusetCpus", &Resources::cpuset_cpus);
  field("CpusetMems", &Resources::cpuset_mems);
  field("PidsLimit", &Resources::pids_limit);
  field("BlkioWeight", &Resources::blkio_weight);
  field("BlkioWeightDevice", &Resources::blkio_weight_device);
  field("BlkioDeviceReadBps", &Resources::device_read_bps);
  field("BlkioDeviceWriteBps", &Resources::device_write_bps);
  field("BlkioDeviceReadIOps", &Resources::device_read_iops);
  field("BlkioDeviceWriteIOps", &Resources::device_write_iops);
  field("DeviceCgroupRules", &Resources::device_cgroup_rules);
  field("Devices", &Resources::devices);
  field("Ulimits", &Resources::ulimits);
  field("CgroupParent", &Resources::cgroup_parent);
}

template <typename Fields>
void describe(Fields& field, Type<SecretRequest>) {
  field("Source", &SecretRequest::source);
  field("Target", &SecretRequest::target);
  field("Type", &SecretRequest::type);
  field("UID", &SecretRequest::uid);
  field("GID", &SecretRequest::gid);
  field("Mode", &SecretRequest::mode);
}

template <typename Fields>
void describe(Fields& field, Type<HostConfig>) {
  field("Mounts", &HostConfig::mounts);
  field("Ports", &HostConfig::ports);
  field("NetworkMode", &HostConfig::network_mode);
  field("PidMode", &HostConfig::pid_mode);
  field("IpcMode", &HostConfig::ipc_mode);
  field("UTSMode", &HostConfig::uts_mode);
  field("UsernsMode", &HostConfig::userns_mode);
  field("CgroupnsMode", &HostConfig::cgroupns_mode);
  field("Init", &HostConfig::init);
  field("ReadonlyRootfs", &HostConfig::readonly_rootfs);
  field("Privileged", &HostConfig::privileged);
  field("AutoRemove", &HostConfig::auto_remove);
  field("CapAdd", &HostConfig::cap_add);
  field("CapDrop", &HostConfig::cap_drop);
  field("Resources", &HostConfig::resources);
  field("RestartPolicy", &HostConfig::restart);
  field("LogConfig", &HostConfig::log);
  field("VolumesFrom", &HostConfig::volumes_from);
  field("VolumeDriver", &HostConfig::volume_driver);
  field("SecurityOpt", &HostConfig::security_options);
  field("GroupAdd", &HostConfig::group_add);
  field("Sysctls", &HostConfig::sysctls);
  field("Annotations", &HostConfig::annotations);
  field("StorageOpt", &HostConfig::storage_options);
  field("Dns", &HostConfig::dns);
  field("DnsOptions", &HostConfig::dns_options);
  field("DnsSearch", &HostConfig::dns_search);
  field("ExtraHosts", &HostConfig::extra_hosts);
  field("Links", &HostConfig::links);
  field("PublishAllPorts", &HostConfig::publish_all_ports);
  field("ShmSize", &HostConfig::shm_size);
  field("OomScoreAdj", &HostConfig::oom_score_adj);
  field("Egress", &HostConfig::egress);
  field("EgressAllow", &HostConfig::egress_allow);
  field("ContainerIDFile", &HostConfig::cid_file);
  field("CgroupDriver", &HostConfig::cgroup_driver);
  field("Runtime", &HostConfig::runtime);
  field("Rootfs", &HostConfig::rootfs);
  field("RootfsOverlay", &HostConfig::rootfs_overlay);
  field("Umask", &HostConfig::umask);
  field("Timezone", &HostConfig::timezone);
  field("Timeout", &HostConfig::timeout);
  field("PidFile", &HostConfig::pid_file);
  field("Secrets", &HostConfig::secrets);
}

template <typename Fields>
void describe(Fields& field, Type<MountPoint>) {
  field("Type", &MountPoint::type);
  field("Name", &MountPoint::name);
  field("Source", &MountPoint::source);
  field("Destination", &MountPoint::destination);
  field("ReadOnly", &MountPoint::read_only);
  field("CopyUp", &MountPoint::copy_up);
  field("Propagation", &MountPoint::propagation);
  field("Options", &MountPoint::options);
  field("Driver", &MountPoint::driver);
  field("Mode", &MountPoint::mode);
  field("Subpath", &MountPoint::subpath);
  field("NonRecursive", &MountPoint::non_recursive);
  field("WritableSubmounts", &MountPoint::writable_submounts);
  field("Chown", &MountPoint::chown);
  field("Idmap", &MountPoint::idmap);
  field("Overlay", &MountPoint::overlay);
}

template <typename Fields>
void describe(Fields& field, Type<IdRange>) {
  field("FirstUid", &IdRange::first_uid);
  field("FirstGid", &IdRange::first_gid);
  field("Size", &IdRange::size);
}

template <typename Fields>
void describe(Fields& field, Type<ContainerLink>) {
  field("Id", &ContainerLink::id);
  field("Name", &ContainerLink::name);
  field("Alias", &ContainerLink::alias);
}

template <typename Fields>
void describe(Fields& field, Type<NetworkAttachment>) {
  field("Network", &NetworkAttachment::network);
  field("IPAddress", &NetworkAttachment::address);
  field("IPv6Address", &NetworkAttachment::ipv6_address);
  field("MacAddress", &NetworkAttachment::mac_address);
  field("Aliases", &NetworkAttachment::aliases);
  field("Links", &NetworkAttachment::links);
  field("GwPriority", &NetworkAttachment::gateway_priority);
}

template <typename Fields>
void describe(Fields& field, Type<ContainerDefinition>) {
  field("Id", &ContainerDefinition::id);
  field("Name", &ContainerDefinition::name);
  field("Created", &ContainerDefinition::created);
  field("ImageId", &ContainerDefinition::image_id);
  field("ImageReference", &ContainerDefinition::image_reference);
  field("Config", &ContainerDefinition::config);
  field("HostConfig", &ContainerDefinition::host);
  field("Args", &ContainerDefinition::args);
  field("Mounts", &ContainerDefinition::mount_points);
  field("Layers", &ContainerDefinition::layers);
  field("IdRange", &ContainerDefinition::id_range);
  field("Links", &ContainerDefinition::links);
  field("Networks", &ContainerDefinition::networks);
}

// ---- reading and writing. What has its struct's default is not written, and what is not there keeps it.

struct AnyFields {
  template <typename Struct, typename T>
  void operator()(const char* key, T Struct::*member);
};

template <typename T>
concept Described = requires(AnyFields& any) {
  describe(any, Type<T>{});
};

template <typename T>
Json write(const T& object);

template <typename T>
Json value_to_json(const T& value) {
  if constexpr (Described<T>) {
    return write(value);
  } else if constexpr (std::is_enum_v<T>) {
    return Json(static_cast<int>(value));
  } else {
    return Json(value);
  }
}

template <typename Struct>
class Writer {
 public:
  Writer(const Struct& object, Json& document) : object_(object), document_(document) {}

  template <typename T>
  void operator()(const char* key, T Struct::*member) {
    const T& value = object_.*member;
    if constexpr (Described<T>) {
      Json inner = write(value);
      if (!inner.empty()) document_[key] = std::move(inner);
    } else if (value != defaults_.*member) {
      document_[key] = value_to_json(value);
    }
  }
  template <typename T>
  void operator()(const char* key, std::vector<T> Struct::*member) {
    const std::vector<T>& list = object_.*member;
    if (list.empty()) return;
    Json array = Json::array();
    for (const T& item : list) array.push_back(value_to_json(item));
    document_[key] = std::move(array);
  }
  template <typename T>
  void operator()(const char* key, std::optional<T> Struct::*member) {
    if (object_.*member) document_[key] = value_to_json(*(object_.*member));
  }

 private:
  const Struct& object_;
  Json& document_;
  const Struct defaults_{};
};

template <typename T>
Json write(const T& object) {
  Json document = Json::object();
  Writer<T> writer(object, document);
  describe(writer, Type<T>{});
  return document;
}

template <typename T>
void read(const Json& from, T& value);
template <typename T>
void read(const Json& from, std::vector<T>& list);

template <typename Struct>
class Reader {
 public:
  Reader(const Json& document, Struct& object) : document_(document), object_(object) {}

  template <typename T>
  void operator()(const char* key, T Struct::*member) {
    if (const auto found = document_.find(key); found != document_.end()) read(*found, object_.*member);
  }
  template <typename T>
  void operator()(const char* key, std::optional<T> Struct::*member) {
    if (const auto found = document_.find(key); found != document_.end()) read(*found, (object_.*member).emplace());
  }

 private:
  const Json& document_;
  Struct& object_;
};

template <typename T>
void read(const Json& from, T& value) {
  if constexpr (Described<T>) {
    Reader<T> reader(from, value);
    describe(reader, Type<T>{});
  } else if constexpr (std::is_enum_v<T>) {
    value = static_cast<T>(from.get<int>());
  } else {
    from.get_to(value);
  }
}

template <typename T>
void read(const Json& from, std::vector<T>& list) {
  list.clear();
  for (const Json& item : from) read(item, list.emplace_back());
}

}  // namespace

Json to_json(const ContainerDefinition& definition) { return write(definition); }

ContainerDefinition definition_from_json(const Json& document) {
  try {
    ContainerDefinition definition;
    read(document, definition);
    if (definition.id.empty() || definition.args.empty()) throw Error(ErrorKind::corrupt_data, "");
    return definition;
  } catch (const Json::exception&) {
  } catch (const Error&) {
  }
  throw Error(ErrorKind::corrupt_data, "the stored definition of a container is damaged");
}

}  // namespace minidock

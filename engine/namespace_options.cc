#include "engine/namespace_options.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"
#include "engine/attachments.h"
#include "engine/id_ranges.h"
#include "engine/lifecycle.h"
#include "engine/shim/protocol.h"

namespace minidock {
namespace {

using Kind = NamespaceChoice::Kind;

constexpr std::string_view kContainerPrefix = "container:";
constexpr std::string_view kPathPrefix = "ns:";

[[noreturn]] void invalid(const std::string& message) { throw Error(ErrorKind::invalid_argument, message); }

NamespaceChoice join_container(EngineContext& context, const std::string& name, const char* file) {
  const Container container = settle(context, load_container(context.database, name));
  if (!container.running()) {
    throw Error(ErrorKind::conflict, fmt::format("cannot join namespace of a non running container: container {} is {}",
                                                 container.name(), to_string(container.state.status)));
  }
  NamespaceChoice choice;
  choice.kind = Kind::joined;
  choice.container = container.state.running.init;
  choice.container_id = container.id();
  choice.path = fmt::format("/proc/{}/ns/{}", choice.container->pid, file);
  return choice;
}

NamespaceChoice join_path(const std::string& path) {
  if (!path.starts_with('/')) invalid(fmt::format("namespace path \"{}\" is not absolute", path));
  if (!file::exists(path)) throw Error(ErrorKind::not_found, fmt::format("namespace path {} does not exist", path));
  NamespaceChoice choice;
  choice.kind = Kind::joined;
  choice.path = path;
  return choice;
}

// The forms that every mode has. `file` is the namespace's name below /proc/PID/ns.
NamespaceChoice choose(EngineContext& context, const std::string& mode, const char* file) {
  if (mode == "host") return NamespaceChoice{Kind::host, "", {}, ""};
  if (mode.starts_with(kContainerPrefix)) return join_container(context, mode.substr(kContainerPrefix.size()), file);
  if (mode.starts_with(kPathPrefix)) return join_path(mode.substr(kPathPrefix.size()));
  return NamespaceChoice{};
}

NamespaceChoice choose_network(EngineContext& context, const std::string& mode) {
  if (mode == "none") return NamespaceChoice{Kind::none, "", {}, ""};
  return has_networks(mode) ? NamespaceChoice{} : choose(context, mode, "net");
}

NamespaceChoice choose_ipc(EngineContext& context, const std::string& mode) {
  if (mode == "shareable" || mode == "none") return NamespaceChoice{};
  if (mode.starts_with(kContainerPrefix)) {
    const std::string name = mode.substr(kContainerPrefix.size());
    const std::string donor = load_container(context.database, name).definition.host.ipc_mode;
    // Of a container that says nothing it can be joined, unlike docker's.
    if (donor == "private" || donor == "none") {
      throw Error(
          ErrorKind::conflict,
          fmt::format("non-shareable IPC (hint: use IpcMode:shareable for the donor container): container {}", name));
    }
  }
  return choose(context, mode, "ipc");
}

// The user namespace of a container whose other namespace is joined: the same one, or none at all.
NamespaceChoice user_namespace_of(EngineContext& context, const NamespaceChoice& joined) {
  const shim::ShimConfig config = shim::read_config(context.instance.container_dir(joined.container_id));
  const auto& namespaces = config.spec.namespaces;
  const bool has_user =
      std::any_of(namespaces.begin(), namespaces.end(), [](const runtime::Namespace& ns) { return ns.type == "user"; });
  if (!has_user) return NamespaceChoice{Kind::host, "", {}, ""};
  NamespaceChoice choice = joined;
  choice.path = fmt::format("/proc/{}/ns/user", joined.container->pid);
  return choice;
}

NamespaceChoice choose_user(EngineContext& context, const HostConfig& host, const NamespaceChoices& others,
                            bool remapped) {
  if (is_auto_userns(host.userns_mode)) return NamespaceChoice{};
  if (!host.userns_mode.empty()) return choose(context, host.userns_mode, "user");
  for (const NamespaceChoice* other : {&others.network, &others.pid, &others.ipc}) {
    if (other->container) return user_namespace_of(context, *other);
  }
  return NamespaceChoice{remapped ? Kind::own : Kind::host, "", {}, ""};
}

void check_userns_mode(const HostConfig& host) {
  if (host.userns_mode.starts_with("keep-id")) {
    throw Error(ErrorKind::unsupported,
                "--userns keep-id maps the user of a rootless container to himself: this engine runs as root; give "
                "the user's ids with --user and --userns host, or --mount …,idmap");
  }
  if (!is_auto_userns(host.userns_mode)) return;
  parse_auto_userns(host.userns_mode);
  for (const std::string* mode : {&host.network_mode, &host.pid_mode, &host.ipc_mode}) {
    if (mode->starts_with(kContainerPrefix) || mode->starts_with(kPathPrefix)) {
      invalid(
          fmt::format("conflicting options: --userns {} and a namespace that belongs to another user namespace ({})",
                      host.userns_mode, *mode));
    }
  }
}

void check_mode(const std::string& mode, std::string_view option, std::string_view shown) {
  const bool known = mode.empty() || mode == "host" || mode == "private" || mode.starts_with(kContainerPrefix) ||
                     mode.starts_with(kPathPrefix);
  if (!known) invalid(fmt::format("--{}: invalid {} mode", option, shown));
}

void check_modes(const HostConfig& host) {
  check_mode(host.pid_mode, "pid", "PID");
  if (host.ipc_mode != "shareable" && host.ipc_mode != "none") check_mode(host.ipc_mode, "ipc", "IPC");
  check_mode(host.uts_mode, "uts", "UTS");
  check_mode(host.cgroupns_mode, "cgroupns", "CGROUP");
  if (!is_auto_userns(host.userns_mode)) check_mode(host.userns_mode, "userns", "USER");
}

// What a container in another's network namespace, or in the host's, cannot have of its own.
void check_shared_network(const ContainerConfig& config, const HostConfig& host) {
  const bool is_container = host.network_mode.starts_with(kContainerPrefix);
  const bool is_host = host.network_mode == "host";
  const auto refuse = [](bool conflict, const char* what) {
    if (conflict) invalid(fmt::format("conflicting options: {}", what));
  };
  if (host.network_mode == "container" || host.network_mode == kContainerPrefix) {
    invalid("invalid container format container:<name|id>");
  }
  refuse(is_container && !config.hostname.empty(), "hostname and the network mode");
  refuse(is_container && !host.links.empty(),
         "container type network can't be used with links. This would result in undefined behavior");
  refuse(is_host && !host.links.empty(),
         "host type networking can't be used with links. This would result in undefined behavior");
  refuse(is_container && !host.dns.empty(), "dns and the network mode");
  refuse(is_container && !host.extra_hosts.empty(), "custom host-to-IP mapping and the network mode");
  refuse((is_container || is_host) && !config.mac_address.empty(), "mac-address and the network mode");
  refuse(is_container && (!host.ports.empty() || host.publish_all_ports),
         "port publishing and the container type network mode");
  refuse(is_container && !config.exposed_ports.empty(), "port exposing and the container type network mode");
}

}  // namespace

void check_namespace_options(const ContainerConfig& config, const HostConfig& host, bool remapped) {
  check_userns_mode(host);
  check_modes(host);
  if ((remapped || is_auto_userns(host.userns_mode)) && host.userns_mode != "host") {
    if (host.privileged) {
      invalid(
          "privileged mode is incompatible with user namespaces.  You must run the container in the host namespace "
          "when running privileged mode");
    }
    if (host.network_mode == "host") {
      invalid("cannot share the host's network namespace when user namespaces are enabled");
    }
    if (host.pid_mode == "host") invalid("cannot share the host PID namespace when user namespaces are enabled");
  }
  if (host.uts_mode == "host" && !config.hostname.empty()) invalid("conflicting options: hostname and the UTS mode");
  check_shared_network(config, host);
}

void keep_joined_containers(const EngineContext& context, HostConfig& host) {
  for (std::string* mode :
       {&host.network_mode, &host.pid_mode, &host.ipc_mode, &host.uts_mode, &host.userns_mode, &host.cgroupns_mode}) {
    if (!mode->starts_with(kContainerPrefix)) continue;
    const auto joined = find_container(context.database, mode->substr(kContainerPrefix.size()));
    if (joined) *mode = fmt::format("{}{}", kContainerPrefix, joined->id());
  }
}

bool is_surely_remapped(const HostConfig& host, bool remapped) {
  const auto joins_container = [](const std::string& mode) { return mode.starts_with(kContainerPrefix); };
  if (is_auto_userns(host.userns_mode)) return true;
  return remapped && host.userns_mode.empty() && !joins_container(host.network_mode) &&
         !joins_container(host.pid_mode) && !joins_container(host.ipc_mode);
}

NamespaceChoices choose_namespaces(EngineContext& context, const HostConfig& host, bool remapped) {
  NamespaceChoices choices;
  choices.network = choose_network(context, host.network_mode);
  choices.pid = choose(context, host.pid_mode, "pid");
  choices.ipc = choose_ipc(context, host.ipc_mode);
  choices.uts = choose(context, host.uts_mode, "uts");
  choices.cgroup = choose(context, host.cgroupns_mode, "cgroup");
  choices.user = choose_user(context, host, choices, remapped);
  return choices;
}

}  // namespace minidock

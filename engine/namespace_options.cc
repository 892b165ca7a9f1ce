#include "engine/namespace_options.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"
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

// The forms that every mode has. `file` is the namespace's name below /proc/PID/ns; `option` is docker's word for it.
NamespaceChoice choose(EngineContext& context, const std::string& mode, const char* file, const char* option) {
  if (mode == "host") return NamespaceChoice{Kind::host, "", {}, ""};
  if (mode.starts_with(kContainerPrefix)) return join_container(context, mode.substr(kContainerPrefix.size()), file);
  if (mode.starts_with(kPathPrefix)) return join_path(mode.substr(kPathPrefix.size()));
  if (mode.empty() || mode == "private") return NamespaceChoice{};
  std::string shown(std::string_view(option) == "userns"     ? "user"
                    : std::string_view(option) == "cgroupns" ? "cgroup"
                                                             : option);
  std::transform(shown.begin(), shown.end(), shown.begin(), [](unsigned char c) { return std::toupper(c); });
  invalid(fmt::format("--{}: invalid {} mode", option, shown));
}

NamespaceChoice choose_network(EngineContext& context, const std::string& mode) {
  if (mode == "default" || mode == network::kDefaultNetwork) return NamespaceChoice{};
  if (mode == "none") return NamespaceChoice{Kind::none, "", {}, ""};
  const bool known = mode == "host" || mode.starts_with(kContainerPrefix) || mode.starts_with(kPathPrefix);
  if (!known) throw Error(ErrorKind::not_found, fmt::format("network {} not found", mode));
  return choose(context, mode, "net", "network");
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
  if (!host.userns_mode.empty()) return choose(context, host.userns_mode, "user", "userns");
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

}  // namespace

void check_namespace_options(const ContainerConfig& config, const HostConfig& host, bool remapped) {
  check_userns_mode(host);
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
  if (host.network_mode.starts_with(kContainerPrefix)) {
    if (!config.hostname.empty()) invalid("conflicting options: hostname and the network mode");
    if (!host.ports.empty()) invalid("conflicting options: port publishing and the container type network mode");
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
  choices.pid = choose(context, host.pid_mode, "pid", "pid");
  // "shareable" differs from "private" only in docker: any container's IPC namespace can be joined here.
  choices.ipc = choose(context, host.ipc_mode == "shareable" ? "" : host.ipc_mode, "ipc", "ipc");
  choices.uts = choose(context, host.uts_mode, "uts", "uts");
  choices.cgroup = choose(context, host.cgroupns_mode, "cgroup", "cgroupns");
  choices.user = choose_user(context, host, choices, remapped);
  return choices;
}

}  // namespace minidock

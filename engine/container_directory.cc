#include "engine/container_directory.h"

#include <fcntl.h>
#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"
#include "base/path.h"
#include "base/syscall.h"
#include "engine/attachments.h"
#include "engine/container_files.h"
#include "engine/egress.h"
#include "engine/events.h"
#include "engine/health_options.h"
#include "engine/log_options.h"
#include "engine/names.h"
#include "engine/own_command.h"
#include "engine/runtime/systemd_scope.h"
#include "engine/secrets.h"
#include "engine/stop_settings.h"
#include "engine/volumes.h"

namespace minidock {
namespace {

using Kind = NamespaceChoice::Kind;

// --dns… goes before daemon.json.
ResolverSettings resolver_settings(const EngineContext& context, const ContainerDefinition& definition) {
  const HostConfig& host = definition.host;
  const auto first = [](const std::vector<std::string>& a, const std::vector<std::string>& b) {
    return a.empty() ? b : a;
  };
  return ResolverSettings{has_name_server(context.config, definition), first(host.dns, context.config.dns),
                          first(host.dns_search, context.config.dns_search),
                          first(host.dns_options, context.config.dns_options)};
}

// The host as the container sees it: its bridge, also where another network leads out. "" without a bridge, by which
// alone the host can be reached.
std::string host_address(std::vector<network::Endpoint> endpoints) {
  std::erase_if(endpoints, [](const network::Endpoint& endpoint) { return !network::has_bridge(endpoint); });
  const network::Endpoint* gateway = network::gateway_endpoint(endpoints);
  return gateway == nullptr ? "" : gateway->gateway;
}

std::vector<ExtraHost> extra_hosts(const Reservation& reservation) {
  std::vector<ExtraHost> hosts;
  for (const std::string& text : reservation.container.definition.host.extra_hosts) {
    const std::size_t colon = text.find(':');
    std::string address = text.substr(colon + 1);
    if (address == "host-gateway") {
      address = host_address(reservation.container.state.endpoints);
    }
    if (address.empty()) {
      throw Error(
          ErrorKind::invalid_argument,
          "unable to derive the IP value for host-gateway: the container has no network of its own with a bridge "
          "of the host");
    }
    hosts.push_back({address, text.substr(0, colon)});
  }
  hosts.insert(hosts.end(), reservation.links.hosts.begin(), reservation.links.hosts.end());
  return hosts;
}

std::vector<std::string> addresses_of_all(const ContainerState& state) {
  std::vector<std::string> addresses;
  for (const network::Endpoint& endpoint : state.endpoints) {
    for (std::string& address : addresses_of(endpoint)) addresses.push_back(std::move(address));
  }
  return addresses;
}

void write_engine_files(const EngineContext& context, const Reservation& reservation, int directory) {
  const ContainerDefinition& definition = reservation.container.definition;
  const bool host_network = reservation.namespaces.network.kind == Kind::host;
  const std::string host_resolv = host_resolv_conf();
  const HostConfig& host = definition.host;
  const bool own_resolvers = !host.dns.empty() || !host.dns_search.empty() || !host.dns_options.empty();
  const bool host_names = host_network && host.extra_hosts.empty();
  const std::pair<const char*, std::string> files[] = {
      {"hosts", host_names ? file::read_if_exists("/etc/hosts").value_or("")
                           : hosts_file({definition.config.hostname, definition.config.domainname,
                                         addresses_of_all(reservation.container.state)},
                                        extra_hosts(reservation))},
      {"hostname", definition.config.hostname + "\n"},
      {"resolv.conf", host_network && !own_resolvers
                          ? host_resolv
                          : resolv_conf(host_resolv, resolver_settings(context, definition))}};
  for (const auto& [name, content] : files) {
    file::write_at(directory, name, content, 0644);
    sys::fchownat(directory, name, root_uid(reservation.mappings), root_gid(reservation.mappings), 0);
  }
}

shim::ShimConfig shim_config(const EngineContext& context, const Reservation& reservation,
                             const streams::WindowSize& window) {
  const ContainerDefinition& definition = reservation.container.definition;
  shim::ShimConfig config;
  config.id = definition.id;
  config.container_dir = context.instance.container_dir(definition.id);
  config.state_dir = context.instance.container_state_dir(definition.id);
  config.name_link = context.instance.name_link(definition.name);
  const Kind network = reservation.namespaces.network.kind;
  if (network == Kind::own || network == Kind::none) config.netns_link = netns_link(reservation.container);
  config.spec = build_spec({context.instance, context.config, definition, reservation.namespaces, reservation.mappings,
                            reservation.links.env});
  config.spec.process.console_rows = window.rows;
  config.spec.process.console_columns = window.columns;
  translate_volume_owners(context, definition, reservation.mappings, config.spec);
  add_secrets(context, definition.host, config.spec);
  config.open_stdin = definition.config.open_stdin;
  config.stdin_once = definition.config.stdin_once;
  config.log = shim_log_config(definition, config.container_dir);
  config.restart = {definition.host.restart.name, definition.host.restart.maximum_retries};
  if (definition.config.healthcheck)
    config.health = health_settings(*definition.config.healthcheck, definition.config.shell);
  config.stop_signal = stop_signal_of(definition.config);
  config.stop_timeout = definition.config.stop_timeout.value_or(kDefaultStopSeconds);
  config.timeout = definition.host.timeout;
  config.pid_file = definition.host.pid_file;
  if (has_name_server(context.config, definition)) {
    config.name_service = {names_view_path(context.instance, definition.id), networks_directory(context.instance),
                           learnt_names(context.instance, definition)};
  }
  if (!config.netns_link.empty()) {
    config.network_command = own_command(context, {"internal-attach-network", definition.id});
  }
  if (has_networks(definition.host.network_mode)) {
    config.firewall_table = context.instance.nft_table;
    config.firewall_command = own_command(context, {"internal-restore-firewall"});
  }
  if (runtime::is_systemd_scope(config.spec.cgroups_path)) {
    config.scope_command = own_command(context, {"internal-hold-scope", definition.id});
  }
  config.cleanup_command = own_command(context, {"internal-clean-up", definition.id});
  config.debug = context.debug;
  config.state_root = context.instance.state;
  config.event_attributes = event_attributes(definition);
  return config;
}

}  // namespace

Fd make_directories_of(const storage::Instance& instance, const std::string& id, std::uint32_t uid, std::uint32_t gid) {
  const std::string path = instance.container_dir(id);
  sys::mkdirat_if_absent(AT_FDCWD, path, 0700);
  Fd directory = sys::open(path, O_RDONLY | O_DIRECTORY);
  if (sys::mkdirat_if_absent(directory.get(), "upper", 0755)) {
    sys::fchownat(directory.get(), "upper", uid, gid, 0);
    // docker's mark for programs that ask whether they are in a container
    constexpr char kMark[] = "upper/.dockerenv";
    sys::openat(directory.get(), kMark, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0755);
    sys::fchownat(directory.get(), kMark, uid, gid, AT_SYMLINK_NOFOLLOW);
  }
  sys::mkdirat_if_absent(directory.get(), "work", 0700);
  return directory;
}

void write_container_directory(const EngineContext& context, const Reservation& reservation,
                               const streams::WindowSize& window) {
  const std::string path = context.instance.container_dir(reservation.container.id());
  const Fd directory = make_directories_of(context.instance, reservation.container.id(), root_uid(reservation.mappings),
                                           root_gid(reservation.mappings));
  sys::unlinkat_if_present(directory.get(), "exit.json", 0);
  if (const std::string log = log_file(reservation.container.definition, path); !log.empty()) {
    sys::mkdirat_if_absent(AT_FDCWD, path::parent_of(log), 0700);
  }
  write_engine_files(context, reservation, directory.get());
  create_mount_sources(context, reservation.container.definition, reservation.mappings);
  shim::write_config(shim_config(context, reservation, window));
}

}  // namespace minidock

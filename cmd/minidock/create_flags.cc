#include "cmd/minidock/create_flags.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <set>

#include "base/format.h"
#include "base/path.h"
#include "base/text.h"
#include "cmd/minidock/checked_value.h"
#include "cmd/minidock/resource_options.h"
#include "engine/attachments.h"
#include "engine/host_option_parsers.h"
#include "engine/network_option.h"
#include "engine/option_parsers.h"
#include "engine/platform_option.h"
#include "engine/port_options.h"
#include "engine/secret_options.h"

namespace minidock::cmd {
namespace {

template <typename Parser>
auto checked_all(const char* flag, const std::vector<std::string>& texts, Parser parser) {
  std::vector<decltype(parser(std::string()))> result;
  for (const std::string& text : texts) result.push_back(checked(flag, text, parser));
  return result;
}

std::map<std::string, std::string> key_values(const char* flag, const std::vector<std::string>& texts) {
  std::map<std::string, std::string> result;
  for (const std::string& text : texts) {
    const auto [key, value] = options::parse_key_value(text, flag);
    result[key] = value;
  }
  return result;
}

void warn(const std::string& text) { fmt::print(stderr, "WARNING: {}\n", text); }

}  // namespace

// ---- the options

CreateFlags::CreateFlags(CLI::App& app) : app_(app) {
  add_process_flags();
  add_storage_flags();
  add_network_flags();
  add_security_flags();
  add_life_flags();
  health_.add_to(app_);
  add_resource_options(app_, options_.host.resources);
  add_refused_flags();
}

void CreateFlags::add_process_flags() {
  ContainerConfig& config = options_.config;
  app_.add_flag("-i,--interactive", interactive_, "Keep STDIN open even if not attached");
  app_.add_flag("-t,--tty", tty_, "Allocate a pseudo-TTY");
  add_list(app_, "-a,--attach", attach_, "Attach to STDIN, STDOUT or STDERR");
  add_list(app_, "-e,--env", env_, "Set environment variables");
  add_list(app_, "--env-file", env_files_, "Read in a file of environment variables");
  app_.add_flag("--env-host", env_host_, "Set all environment variables of this command in the container");
  app_.add_option("-w,--workdir", config.working_dir, "Working directory inside the container");
  app_.add_option("-u,--user", config.user, "Username or UID (format: <name|uid>[:<group|gid>])");
  add_list(app_, "--group-add", options_.host.group_add, "Add additional groups to join");
  app_.add_option("--umask", umask_, "File mode creation mask of the process (octal)");
  app_.add_option("--tz", options_.host.timezone, "Time zone in the container (\"local\": that of the host)");
  app_.add_option("--entrypoint", entrypoint_, "Overwrite the default ENTRYPOINT of the image");
  app_.add_flag("--init", init_, "Run an init inside the container that forwards signals and reaps processes");
  add_list(app_, "-l,--label", labels_, "Set meta data on a container");
  add_list(app_, "--label-file", label_files_, "Read in a line delimited file of labels");
  add_list(app_, "--annotation", annotations_, "Add an annotation to the container");
  app_.add_option("--log-driver", options_.host.log.driver, "Logging driver for the container");
  add_list(app_, "--log-opt", log_options_, "Log driver options");
  add_list(app_, "--ulimit", ulimits_, "Ulimit options");
  app_.add_option("--oom-score-adj", options_.host.oom_score_adj, "Tune host's OOM preferences (-1000 to 1000)");
}

void CreateFlags::add_storage_flags() {
  HostConfig& host = options_.host;
  add_list(app_, "-v,--volume", volumes_, "Bind mount a volume");
  add_list(app_, "--mount", mounts_, "Attach a filesystem mount to the container");
  add_list(app_, "--tmpfs", tmpfs_, "Mount a tmpfs directory");
  add_list(app_, "--volumes-from", host.volumes_from, "Mount volumes from the specified container(s)");
  app_.add_option("--volume-driver", host.volume_driver, "Optional volume driver for the container");
  add_list(app_, "--secret", secrets_, "Secret to expose to the container: NAME[,target=,type=,uid=,gid=,mode=]");
  add_list(app_, "--storage-opt", storage_options_, "Storage driver options for the container");
  app_.add_flag("--read-only", host.readonly_rootfs, "Mount the container's root filesystem as read only");
  app_.add_flag("--rootfs", rootfs_,
                "The first word is a directory with a root filesystem, not an image; with :O it is only read");
  app_.add_option("--shm-size", shm_size_, "Size of /dev/shm");
}

void CreateFlags::add_network_flags() {
  HostConfig& host = options_.host;
  ContainerConfig& config = options_.config;
  add_list(app_, "-p,--publish", publish_, "Publish a container's port(s) to the host");
  app_.add_flag("-P,--publish-all", host.publish_all_ports, "Publish all exposed ports to random ports");
  add_list(app_, "--expose", expose_, "Expose a port or a range of ports");
  app_.add_option("-h,--hostname", config.hostname, "Container host name");
  app_.add_option("--domainname", config.domainname, "Container NIS domain name");
  add_list(app_, "--network,--net", networks_, "Network: bridge, none, host, container:NAME, ns:PATH");
  add_list(app_, "--network-alias,--net-alias", network_aliases_, "Add network-scoped alias for the container");
  app_.add_option("--ip", ip_, "IPv4 address (user-defined networks only)");
  app_.add_option("--ip6", ip6_, "IPv6 address (user-defined networks only)");
  add_list(app_, "--link-local-ip", link_local_ips_, "Container IPv4/IPv6 link-local addresses");
  app_.add_option("--mac-address", mac_address_, "Container MAC address (e.g., 92:d0:c6:0a:29:33)");
  add_list(app_, "--dns", dns_, "Set custom DNS servers");
  add_list(app_, "--dns-option,--dns-opt", dns_options_, "Set DNS options");
  add_list(app_, "--dns-search", dns_search_, "Set custom DNS search domains");
  add_list(app_, "--add-host", add_hosts_, "Add a custom host-to-IP mapping (host:ip)");
  add_list(app_, "--link", host.links, "Add link to another container");
  app_.add_option("--egress", host.egress, "Whether the container may begin connections: allow, deny");
  add_list(app_, "--egress-allow", host.egress_allow,
           "Where it may nevertheless: HOST|SUBNET[:PORT[-PORT][/PROTOCOL]][,...]");
}

void CreateFlags::add_security_flags() {
  HostConfig& host = options_.host;
  app_.add_option("--pid", host.pid_mode, "PID namespace: host, container:NAME, ns:PATH");
  app_.add_option("--ipc", host.ipc_mode, "IPC namespace: private, host, container:NAME, ns:PATH");
  app_.add_option("--uts", host.uts_mode, "UTS namespace: host, container:NAME, ns:PATH");
  app_.add_option("--userns", host.userns_mode, "User namespace: host, auto[:size=N], container:NAME, ns:PATH");
  app_.add_option("--cgroupns", host.cgroupns_mode, "Cgroup namespace: private, host, container:NAME, ns:PATH");
  add_list(app_, "--cap-add", host.cap_add, "Add Linux capabilities");
  add_list(app_, "--cap-drop", host.cap_drop, "Drop Linux capabilities");
  app_.add_flag("--privileged", host.privileged, "Give extended privileges to this container");
  add_list(app_, "--security-opt", security_options_, "Security options");
  add_list(app_, "--device", devices_, "Add a host device to the container");
  add_list(app_, "--device-cgroup-rule", device_rules_, "Add a rule to the cgroup allowed devices list");
  add_list(app_, "--sysctl", sysctls_, "Sysctl options");
}

void CreateFlags::add_life_flags() {
  HostConfig& host = options_.host;
  app_.add_option("--name", options_.name, "Assign a name to the container");
  app_.add_flag("--replace", options_.replace, "Remove a container that has the name, before");
  app_.add_flag("--rm", host.auto_remove, "Automatically remove the container when it exits");
  app_.add_option("--restart", restart_, "Restart policy to apply when a container exits (default \"no\")");
  app_.add_option("--stop-signal", options_.config.stop_signal, "Signal to stop the container");
  app_.add_option("--stop-timeout", stop_timeout_, "Timeout (in seconds) to stop a container");
  app_.add_option("--timeout", host.timeout, "Kill the container after so many seconds");
  app_.add_option("--cidfile", host.cid_file, "Write the container ID to the file");
  app_.add_option("--pidfile", host.pid_file, "Write the process ID of the container to the file");
  app_.add_option("--platform", options_.platform, "Platform of the image, if it has to be pulled");
  app_.add_option("--pull", options_.pull, "Pull image before running (always, missing, never)")
      ->check(CLI::IsMember({"always", "missing", "never"}));
  app_.add_flag("-q,--quiet", options_.quiet_pull, "Suppress the pull output");
}

// What other platforms or services need: told by name, or without meaning here as in docker.
void CreateFlags::add_refused_flags() {
  app_.add_option("--isolation", isolation_, "Container isolation technology (\"default\")");
  app_.add_option("--runtime", options_.host.runtime, "Runtime to use for this container (\"minidock\")");
  app_.add_option("--gpus", gpus_, "GPU devices to add to the container (not supported)");
  app_.add_flag("--use-api-socket", use_api_socket_, "Bind mount the API socket (not supported)");
  app_.add_flag("--disable-content-trust,!--enable-content-trust", disable_content_trust_, "Skip image verification");
  for (const char* flag : {"--cpu-count", "--cpu-percent", "--io-maxbandwidth", "--io-maxiops"}) {
    add_list(app_, flag, ignored_, "Windows only, discarded");
  }
}

// ---- what they mean

CreateOptions CreateFlags::understand(const std::vector<std::string>& positionals) const {
  refuse_unsupported();
  CreateOptions options = options_;
  ContainerConfig& config = options.config;
  config.image = positionals.front();
  if (rootfs_) understand_rootfs(positionals.front(), options.host);
  if (positionals.size() > 1) config.cmd = Words(positionals.begin() + 1, positionals.end());
  understand_process(config, options.host.log);
  understand_streams(config);
  understand_storage(options.host);
  understand_network(options);
  understand_security(options.host);
  understand_life(options);
  config.healthcheck = health_.understand();
  return options;
}

void CreateFlags::refuse_unsupported() const {
  if (isolation_ != "default" && !isolation_.empty()) {
    throw UsageError(fmt::format("invalid isolation \"{}\": only \"default\" exists on Linux", isolation_));
  }
  if (!gpus_.empty()) {
    throw Error(ErrorKind::unsupported,
                "could not select device driver \"\" with capabilities: [[gpu]]: --gpus is not supported; give the "
                "device nodes with --device");
  }
  if (use_api_socket_) throw Error(ErrorKind::unsupported, "--use-api-socket is not supported: there is no daemon");
  const std::string& runtime = options_.host.runtime;
  if (!runtime.empty() && runtime != "minidock") {
    throw UsageError(fmt::format("unknown or invalid runtime name: {}: the only runtime is \"minidock\"", runtime));
  }
  if (!ignored_.empty())
    warn("--cpu-count, --cpu-percent, --io-maxbandwidth and --io-maxiops are for Windows: discarded");
}

void CreateFlags::understand_process(ContainerConfig& config, LogSettings& log) const {
  for (const std::string& text : env_) checked("-e, --env", text, options::check_environment_entry);
  if (env_host_) {
    for (char** variable = environ; *variable != nullptr; ++variable) config.env.emplace_back(*variable);
  }
  const std::vector<std::string> from_options =
      as_usage_error([&] { return options::environment_of(env_files_, env_); });
  config.env.insert(config.env.end(), from_options.begin(), from_options.end());
  std::vector<std::string> labels;
  for (const std::string& path : label_files_) {
    for (const std::string& line : as_usage_error([&] { return options::read_env_file(path); })) labels.push_back(line);
  }
  for (const std::string& text : labels_) checked("-l, --label", text, options::parse_label);
  labels.insert(labels.end(), labels_.begin(), labels_.end());
  for (const std::string& text : labels) {
    const auto [key, value] = options::parse_label(text);
    config.labels[key] = value;
  }
  for (const std::string& text : log_options_) {
    const auto [key, value] = options::parse_label(text);
    log.options[key] = value;
  }
  if (given("--entrypoint")) {
    config.entrypoint = entrypoint_.empty() ? std::vector<std::string>{} : std::vector{entrypoint_};
  }
}

// -a says which streams; else all of them, standard input only with -i.
void CreateFlags::understand_streams(ContainerConfig& config) const {
  config.tty = tty_;
  config.open_stdin = interactive_;
  for (const std::string& typed : attach_) {
    const std::string stream = lower_case(typed);
    if (stream == "stdin") {
      config.attach_stdin = true;
    } else if (stream == "stdout") {
      config.attach_stdout = true;
    } else if (stream == "stderr") {
      config.attach_stderr = true;
    } else {
      throw UsageError(
          fmt::format("invalid argument \"{}\" for \"-a, --attach\" flag: valid streams are STDIN, STDOUT "
                      "and STDERR",
                      stream));
    }
  }
  if (attach_.empty()) {
    config.attach_stdout = config.attach_stderr = true;
    config.attach_stdin = interactive_;
  }
  config.stdin_once = interactive_ && config.attach_stdin;
}

void CreateFlags::understand_storage(HostConfig& host) const {
  std::set<std::string> known;
  for (const std::string& text : volumes_) {
    if (known.insert(text).second) host.mounts.push_back(options::parse_volume(text));
  }
  for (const std::string& text : mounts_) host.mounts.push_back(options::parse_mount(text));
  for (const std::string& text : tmpfs_) host.mounts.push_back(options::parse_tmpfs(text));
  for (const std::string& text : secrets_) host.secrets.push_back(options::parse_secret(text));
  host.storage_options = key_values("storage-opt", storage_options_);
  if (!shm_size_.empty()) host.shm_size = checked("--shm-size", shm_size_, format::parse_ram_bytes);
}

// podman's "DIR" and "DIR:O".
void CreateFlags::understand_rootfs(const std::string& typed, HostConfig& host) {
  host.rootfs_overlay = typed.ends_with(":O");
  const std::string directory = host.rootfs_overlay ? typed.substr(0, typed.size() - 2) : typed;
  host.rootfs = path::clean_absolute(std::filesystem::absolute(directory).string());
  if (host.rootfs == "/") throw UsageError("--rootfs: the host's own root cannot be a container's");
}

// --network, each; --ip, --ip6 and --network-alias are the first one's.
std::vector<NetworkAttachment> CreateFlags::network_attachments(HostConfig& host) const {
  std::vector<NetworkAttachment> networks;
  for (const std::string& text : networks_)
    networks.push_back(as_usage_error([&] { return options::parse_network(text); }));
  if (!networks.empty()) host.network_mode = networks.front().network;
  check_network_flags(networks, host.network_mode);
  if (networks.empty() || !has_networks(host.network_mode)) return {};
  NetworkAttachment& first = networks.front();
  if (first.network == "default") first.network = network::kDefaultNetwork;
  if (!ip_.empty()) first.address = ip_;
  if (!ip6_.empty()) first.ipv6_address = ip6_;
  if (!network_aliases_.empty()) first.aliases = network_aliases_;
  return networks;
}

void CreateFlags::check_network_flags(const std::vector<NetworkAttachment>& networks, const std::string& mode) const {
  const bool is_users = is_user_defined_network(mode);
  const auto any_other = [&](auto has) {
    return std::any_of(networks.begin(), networks.end(), [&](const NetworkAttachment& attachment) {
      return !is_user_defined_network(attachment.network) && has(attachment);
    });
  };
  if ((!is_users && !network_aliases_.empty()) ||
      any_other([](const NetworkAttachment& attachment) { return !attachment.aliases.empty(); })) {
    throw UsageError("network-scoped alias is supported only for containers in user defined networks");
  }
  const bool has_address = !ip_.empty() || !ip6_.empty() || !link_local_ips_.empty();
  if ((!is_users && has_address) || any_other([](const NetworkAttachment& attachment) {
        return !attachment.address.empty() || !attachment.ipv6_address.empty();
      })) {
    throw UsageError("user specified IP address is supported on user defined networks only");
  }
  if (!link_local_ips_.empty()) {
    throw Error(ErrorKind::unsupported, "--link-local-ip is not supported: a link-local address goes with an IPv6 one");
  }
  if (networks.size() > 1 && std::any_of(networks.begin(), networks.end(), [](const NetworkAttachment& attachment) {
        return !has_networks(attachment.network);
      })) {
    throw UsageError("conflicting options: cannot attach both user-defined and non-user-defined network-modes");
  }
  const auto refuse_both = [](bool both, const char* flag) {
    if (both) {
      throw UsageError(fmt::format("conflicting options: cannot specify both --{} and per-network {}", flag, flag));
    }
  };
  refuse_both(!ip_.empty() && !networks.front().address.empty(), "ip");
  refuse_both(!ip6_.empty() && !networks.front().ipv6_address.empty(), "ip6");
  refuse_both(!network_aliases_.empty() && !networks.front().aliases.empty(), "network-alias");
}

void CreateFlags::understand_network(CreateOptions& options) const {
  HostConfig& host = options.host;
  for (const std::string& text : publish_) {
    for (const network::PublishedPort& port : options::parse_publish(text)) host.ports.push_back(port);
  }
  for (const std::string& text : expose_) {
    for (const std::string& port : options::parse_expose(text)) options.config.exposed_ports.push_back(port);
  }
  options.networks = network_attachments(host);
  if (!mac_address_.empty()) options.config.mac_address = options::parse_mac_address(mac_address_);
  host.dns = checked_all("--dns", dns_, options::parse_dns_server);
  for (const std::string& server : host.dns) {
    if (server.starts_with("127."))
      warn(fmt::format("Localhost DNS setting (--dns={}) may fail in containers.", server));
  }
  host.dns_options = dns_options_;
  host.dns_search = checked_all("--dns-search", dns_search_, options::parse_dns_search);
  host.extra_hosts = checked_all("--add-host", add_hosts_, options::parse_extra_host);
}

void CreateFlags::understand_security(HostConfig& host) const {
  for (const std::string& text : security_options_) {
    host.security_options.push_back(as_usage_error([&] { return options::parse_security_option(text); }));
  }
  host.resources.devices = checked_all("--device", devices_, options::parse_device);
  host.resources.device_cgroup_rules = checked_all("--device-cgroup-rule", device_rules_, options::parse_device_rule);
  host.resources.ulimits = checked_all("--ulimit", ulimits_, options::parse_ulimit);
  for (const std::string& text : sysctls_) {
    const auto [key, value] = checked("--sysctl", text, options::parse_sysctl);
    host.sysctls[key] = value;
  }
  host.annotations = key_values("annotation", annotations_);
  if (given("--init")) host.init = init_;
  if (!umask_.empty()) host.umask = options::parse_umask(umask_);
}

void CreateFlags::understand_life(CreateOptions& options) const {
  options.host.restart = options::parse_restart_policy(restart_);
  if (options.host.auto_remove && options.host.restart.name != "no") {
    throw UsageError("Conflicting options: --restart and --rm");
  }
  if (given("--stop-timeout")) options.config.stop_timeout = stop_timeout_;
  if (!options.platform.empty()) check_platform(options.platform);  // malformed: an error, also when it is not used
  if (options.replace && options.name.empty()) throw UsageError("--replace needs a --name");
  if (options.host.timeout < 0) throw UsageError("--timeout cannot be negative");
}

}  // namespace minidock::cmd

#include "engine/create.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "base/format.h"
#include "base/path.h"
#include "base/random.h"
#include "engine/attachments.h"
#include "engine/capabilities.h"
#include "engine/egress.h"
#include "engine/health_options.h"
#include "engine/host_option_parsers.h"
#include "engine/links.h"
#include "engine/log_options.h"
#include "engine/mount_points.h"
#include "engine/name_generator.h"
#include "engine/namespace_options.h"
#include "engine/option_parsers.h"
#include "engine/port_options.h"
#include "engine/reservation.h"
#include "engine/resources.h"
#include "engine/secrets.h"
#include "engine/security_options.h"
#include "engine/spec_builder.h"

namespace minidock {
namespace {

// Entrypoint and command: an entrypoint of the user's drops both of the image's.
void merge_command(ContainerConfig& config, const image::ImageConfig& image) {
  if (!config.entrypoint) {
    if (!config.cmd && !image.cmd.empty()) config.cmd = image.cmd;
    if (!image.entrypoint.empty()) config.entrypoint = image.entrypoint;
  } else if (config.entrypoint->empty()) {
    config.entrypoint = std::nullopt;
  }
}

std::vector<std::string> full_command(const ContainerConfig& config) {
  std::vector<std::string> args = config.entrypoint.value_or(std::vector<std::string>{});
  if (config.cmd) args.insert(args.end(), config.cmd->begin(), config.cmd->end());
  if (args.empty()) throw Error(ErrorKind::invalid_argument, "No command specified");
  return args;
}

// docker's order: the user's own first.
void add_missing_variables(std::vector<std::string>& env, const std::vector<std::string>& image_env) {
  for (const std::string& entry : image_env) {
    const std::string name = entry.substr(0, entry.find('='));
    const bool has_own = std::any_of(env.begin(), env.end(),
                                     [&](const std::string& own) { return own.substr(0, own.find('=')) == name; });
    if (!has_own) env.push_back(entry);
  }
}

void add_exposed_ports(std::vector<std::string>& ports, const HostConfig& host, const image::ImageConfig& image) {
  std::set<std::string> known(ports.begin(), ports.end());
  const auto add = [&](const std::string& port) {
    if (known.insert(port).second) ports.push_back(port);
  };
  for (const std::string& written : image.exposed_ports) {
    for (const std::string& port : options::parse_expose(written)) add(port);
  }
  for (const network::PublishedPort& port : host.ports) add(fmt::format("{}/{}", port.container_port, port.protocol));
}

void merge_config(ContainerConfig& config, const HostConfig& host, const image::ImageConfig& image) {
  merge_command(config, image);
  add_missing_variables(config.env, image.env);
  for (const auto& [key, value] : image.labels) config.labels.emplace(key, value);
  add_exposed_ports(config.exposed_ports, host, image);
  if (config.user.empty()) config.user = image.user;
  if (config.working_dir.empty()) config.working_dir = image.working_dir;
  if (config.stop_signal.empty()) config.stop_signal = image.stop_signal;
  config.shell = image.shell;
  config.healthcheck = merge_healthcheck(config.healthcheck, healthcheck_from_image(image.healthcheck), config.labels);
}

void check_working_directory(ContainerConfig& config) {
  if (config.working_dir.empty()) return;
  if (!config.working_dir.starts_with('/')) {
    throw Error(
        ErrorKind::invalid_argument,
        fmt::format("the working directory '{}' is invalid, it needs to be an absolute path", config.working_dir));
  }
  config.working_dir = path::clean_absolute(config.working_dir);
}

void check_hostname(const std::string& hostname) {
  const bool valid = hostname.size() <= 64 && std::all_of(hostname.begin(), hostname.end(), [](unsigned char c) {
                       return std::isalnum(c) || c == '-' || c == '.' || c == '_';
                     });
  if (!valid) throw Error(ErrorKind::invalid_argument, fmt::format("invalid hostname format: {}", hostname));
}

void check_time_zone(const std::string& zone) {
  if (zone.empty() || zone == "local") return;
  const bool leaves = zone.starts_with('/') || zone.find("..") != std::string::npos;
  if (leaves || !file::exists("/usr/share/zoneinfo/" + zone)) {
    throw Error(ErrorKind::invalid_argument,
                fmt::format("invalid --tz: unknown time zone {} (see /usr/share/zoneinfo)", zone));
  }
}

void check_host_config(const HostConfig& host) {
  if (host.oom_score_adj < -1000 || host.oom_score_adj > 1000) {
    throw Error(ErrorKind::invalid_argument,
                fmt::format("Invalid value {}, range for oom score adj is [-1000, 1000]", host.oom_score_adj));
  }
  if (host.shm_size < 0) throw Error(ErrorKind::invalid_argument, "SHM size can not be less than 0");
  if (!host.storage_options.empty()) {
    throw Error(ErrorKind::unsupported,
                fmt::format("--storage-opt is not supported: {}={}", host.storage_options.begin()->first,
                            host.storage_options.begin()->second));
  }
  options::check_restart_policy(host.restart);
  check_time_zone(host.timezone);
  parse_security_options(host.security_options);
}

void take_name(const EngineContext& context, const std::string& requested, ContainerDefinition& definition) {
  definition.has_made_up_name = requested.empty();
  if (requested.empty()) {
    make_up_name(context.database, definition);
    return;
  }
  definition.name = requested.starts_with('/') ? requested.substr(1) : requested;
  check_container_name(definition.name);
}

// What daemon.json says for containers that do not say otherwise.
void take_defaults(HostConfig& host, const DaemonConfig& config) {
  if (host.shm_size == 0) host.shm_size = config.default_shm_size;
  if (host.cgroupns_mode.empty()) host.cgroupns_mode = config.default_cgroupns_mode;
  if (host.resources.cgroup_parent.empty()) host.resources.cgroup_parent = config.cgroup_parent;
  for (const Ulimit& limit : config.default_ulimits) {
    std::vector<Ulimit>& own = host.resources.ulimits;
    const bool is_given =
        std::any_of(own.begin(), own.end(), [&](const Ulimit& given) { return given.name == limit.name; });
    if (!is_given) own.push_back(limit);
  }
  const bool is_decided =
      std::any_of(host.security_options.begin(), host.security_options.end(),
                  [](const std::string& option) { return option.starts_with("no-new-privileges"); });
  if (config.no_new_privileges && !is_decided) host.security_options.emplace_back("no-new-privileges");
}

// As docker, in this order: what the kernel cannot do is not looked at.
void settle_resources(const EngineContext& context, Resources& resources) {
  for (const std::string& warning : discard_unsupported(resources)) context.warn(warning);
  check_resources(resources);
  complete_resources(resources);
  if (resources.pids_limit.value_or(0) <= 0) resources.pids_limit.reset();
}

// docker's of old are the default network's; of another one they are names alone.
void take_links(const EngineContext& context, ContainerDefinition& definition) {
  const std::vector<std::string>& texts = definition.host.links;
  if (texts.empty()) return;
  const std::string& mode = definition.host.network_mode;
  if (!has_networks(mode)) {
    throw Error(ErrorKind::invalid_argument, "conflicting options: links need a network of the container's own");
  }
  const bool is_users = definition.networks.front().network != network::kDefaultNetwork;
  (is_users ? definition.networks.front().links : definition.links) = find_links(context, texts);
}

}  // namespace

ContainerDefinition make_definition(const EngineContext& context, const CreateOptions& options,
                                    const image::Image& image) {
  check_namespace_options(options.config, options.host, !context.config.userns_remap.empty());
  normalise_capabilities(options.host.cap_add, "CapAdd");
  normalise_capabilities(options.host.cap_drop, "CapDrop");
  const image::ImageConfig image_config = image::parse_image_config(image.config_text);

  ContainerDefinition definition;
  definition.id = random::object_id();
  take_name(context, options.name, definition);
  definition.created = format::now_ns();
  definition.image_id = image.id;
  definition.image_reference = options.config.image;
  definition.config = options.config;
  definition.host = options.host;
  take_defaults(definition.host, context.config);
  settle_egress(definition.host);
  keep_joined_containers(context, definition.host);
  settle_resources(context, definition.host.resources);
  choose_cgroup_driver(definition.host, context.config.systemd_cgroups);
  definition.host.log = complete_log_settings(options.host.log, context.config);
  check_log_settings(definition.host.log);
  definition.layers = image.diff_ids;
  merge_config(definition.config, definition.host, image_config);
  check_working_directory(definition.config);
  check_hostname(definition.config.hostname);
  if (!definition.config.stop_signal.empty()) options::parse_signal(definition.config.stop_signal);
  definition.args = full_command(definition.config);
  check_host_config(definition.host);
  definition.networks = options.networks;
  complete_attachments(context, definition);
  take_links(context, definition);
  if (definition.host.network_mode == "host" && (!definition.host.ports.empty() || definition.host.publish_all_ports)) {
    context.warn("Published ports are discarded when using host network mode");
  }
  check_secrets(context, definition.host);
  definition.config.volumes = declared_volumes(definition.host, image_config.volumes);
  definition.mount_points = resolve_mounts(context, definition.host, image_config.volumes);
  return definition;
}

}  // namespace minidock

#include "engine/links.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "engine/lifecycle.h"

namespace minidock {
namespace {

struct LinkNames {
  std::string container;
  std::string alias;
};

// "container[:alias]"
LinkNames parse_link(const std::string& text) {
  const std::size_t colon = text.find(':');
  LinkNames names{text.substr(0, colon), colon == std::string::npos ? text : text.substr(colon + 1)};
  if (names.container.empty() || names.alias.empty() || names.alias.find(':') != std::string::npos) {
    throw Error(ErrorKind::invalid_argument, fmt::format("bad format for links: {}", text));
  }
  if (names.alias.starts_with('/')) names.alias.erase(0, 1);
  return names;
}

std::string variable_prefix(const std::string& alias) {
  std::string prefix = alias;
  std::transform(prefix.begin(), prefix.end(), prefix.begin(),
                 [](unsigned char c) { return c == '-' ? '_' : static_cast<char>(std::toupper(c)); });
  return prefix;
}

// docker's variables: DB_NAME, DB_PORT, DB_PORT_5432_TCP[_ADDR|_PORT|_PROTO], DB_ENV_*.
void add_variables(const ContainerDefinition& definition, const std::string& alias, const Container& linked,
                   std::vector<std::string>& env) {
  const std::string prefix = variable_prefix(alias);
  const std::string& address = linked.state.endpoint.address;
  env.push_back(fmt::format("{}_NAME=/{}/{}", prefix, definition.name, alias));
  bool first = true;
  for (const std::string& exposed : linked.definition.config.exposed_ports) {
    const std::size_t slash = exposed.find('/');
    const std::string port = exposed.substr(0, slash);
    const std::string protocol = exposed.substr(slash + 1);
    const std::string url = fmt::format("{}://{}:{}", protocol, address, port);
    const std::string name = fmt::format("{}_PORT_{}_{}", prefix, port, variable_prefix(protocol));
    if (std::exchange(first, false)) env.push_back(fmt::format("{}_PORT={}", prefix, url));
    env.push_back(fmt::format("{}={}", name, url));
    env.push_back(fmt::format("{}_ADDR={}", name, address));
    env.push_back(fmt::format("{}_PORT={}", name, port));
    env.push_back(fmt::format("{}_PROTO={}", name, protocol));
  }
  for (const std::string& variable : linked.definition.config.env) {
    if (variable.starts_with("PATH=") || variable.starts_with("HOME=")) continue;
    env.push_back(fmt::format("{}_ENV_{}", prefix, variable));
  }
}

}  // namespace

std::vector<ContainerLink> find_links(const EngineContext& context, const HostConfig& host) {
  std::vector<ContainerLink> links;
  for (const std::string& text : host.links) {
    const LinkNames names = parse_link(text);
    const std::optional<Container> linked = find_container(context.database, names.container);
    if (!linked) {
      throw Error(ErrorKind::not_found, fmt::format("could not get container for {}: No such container: {}",
                                                    names.container, names.container));
    }
    links.push_back({linked->id(), linked->name(), names.alias});
  }
  const bool bridge = host.network_mode == "default" || host.network_mode == network::kDefaultNetwork;
  if (!host.links.empty() && !bridge) {
    throw Error(ErrorKind::invalid_argument,
                "conflicting options: links are only supported on the default bridge network");
  }
  return links;
}

void rename_in_links(storage::Database& database, const Container& renamed) {
  for (Container& other : load_containers(database)) {
    bool changed = false;
    for (ContainerLink& link : other.definition.links) {
      if (link.id != renamed.id()) continue;
      link.name = renamed.name();
      changed = true;
    }
    if (changed) update_container_definition(database, other.definition);
  }
}

Links resolve_links(EngineContext& context, const ContainerDefinition& definition) {
  Links links;
  for (const ContainerLink& link : definition.links) {
    std::optional<Container> linked = find_container(context.database, link.id);
    if (linked) linked = settle(context, std::move(*linked));
    if (!linked || !linked->running()) {
      throw Error(ErrorKind::conflict, fmt::format("Cannot link to a non running container: /{} AS /{}/{}", link.name,
                                                   definition.name, link.alias));
    }
    links.hosts.push_back({linked->state.endpoint.address,
                           fmt::format("{} {} {}", link.alias, linked->id().substr(0, 12), linked->name())});
    add_variables(definition, link.alias, *linked, links.env);
  }
  return links;
}

}  // namespace minidock

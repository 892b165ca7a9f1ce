#include "engine/links.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "engine/lifecycle.h"
#include "engine/link_variables.h"

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

// docker's order: the alias, the host name inside, the name where it is another one.
std::string names_of(const ContainerLink& link, const Container& linked) {
  const std::string& hostname = linked.definition.config.hostname;
  std::string names = fmt::format("{} {}", link.alias, hostname.empty() ? linked.id().substr(0, 12) : hostname);
  if (linked.name() != link.alias) names += " " + linked.name();
  return names;
}

std::string address_of(const Container& linked) {
  const network::Endpoint* endpoint = linked.state.on_default_network();
  if (endpoint != nullptr) return endpoint->address;
  throw Error(ErrorKind::conflict,
              fmt::format("Cannot link to /{}, as it does not belong to the default network", linked.name()));
}

// Each line of a hosts file whose first name is the link's alias has the new address.
std::string with_address(const std::string& hosts, const ContainerLink& link, const Container& linked) {
  std::string result;
  std::istringstream lines(hosts);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t tab = line.find('\t');
    const bool is_link = tab != std::string::npos && line.substr(tab + 1, line.find(' ', tab) - tab - 1) == link.alias;
    result += is_link ? fmt::format("{}\t{}\n", address_of(linked), names_of(link, linked)) : line + "\n";
  }
  return result;
}

}  // namespace

std::vector<ContainerLink> find_links(const EngineContext& context, const std::vector<std::string>& texts) {
  std::vector<ContainerLink> links;
  for (const std::string& text : texts) {
    const LinkNames names = parse_link(text);
    const std::optional<Container> linked = find_container(context.database, names.container);
    if (!linked) {
      throw Error(ErrorKind::not_found, fmt::format("could not get container for {}: No such container: {}",
                                                    names.container, names.container));
    }
    links.push_back({linked->id(), linked->name(), names.alias});
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
    links.hosts.push_back({address_of(*linked), names_of(link, *linked)});
    const std::vector<std::string> variables = link_variables(definition.name, link.alias, *linked);
    links.env.insert(links.env.end(), variables.begin(), variables.end());
  }
  return links;
}

void tell_linking_containers(EngineContext& context, const Container& started) {
  for (Container& other : load_containers(context.database)) {
    const std::vector<ContainerLink>& links = other.definition.links;
    const bool links_to_it =
        std::any_of(links.begin(), links.end(), [&](const ContainerLink& link) { return link.id == started.id(); });
    if (!links_to_it || started.state.on_default_network() == nullptr || !settle(context, other).running()) continue;
    const std::string path = context.instance.container_dir(other.id()) + "/hosts";
    std::string hosts = file::read(path);
    for (const ContainerLink& link : links) {
      if (link.id == started.id()) hosts = with_address(hosts, link, started);
    }
    // It is mounted in the container: the same file has to change.
    file::write(path, hosts, 0644);
  }
}

}  // namespace minidock

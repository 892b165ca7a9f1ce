#include <fmt/format.h>

#include <map>
#include <set>

#include "base/error.h"
#include "engine/engine.h"
#include "engine/lifecycle.h"

namespace minidock {
namespace {

using Filters = std::map<std::string, std::vector<std::string>>;

const std::set<std::string> kFilterNames{"id",    "name",    "label",  "status",  "exited", "ancestor", "before",
                                         "since", "network", "volume", "publish", "expose", "health"};

Filters parse_filters(const std::vector<std::string>& texts) {
  Filters filters;
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos) {
      throw Error(ErrorKind::invalid_argument, fmt::format("bad format of filter \"{}\" (expected name=value)", text));
    }
    const std::string name = text.substr(0, equals);
    if (!kFilterNames.contains(name)) {
      throw Error(ErrorKind::invalid_argument, fmt::format("Invalid filter '{}'", name));
    }
    filters[name].push_back(text.substr(equals + 1));
  }
  return filters;
}

bool has_label(const ContainerDefinition& definition, const std::string& wanted) {
  const std::size_t equals = wanted.find('=');
  const auto label = definition.config.labels.find(wanted.substr(0, equals));
  if (label == definition.config.labels.end()) return false;
  return equals == std::string::npos || label->second == wanted.substr(equals + 1);
}

bool has_volume(const ContainerDefinition& definition, const std::string& wanted) {
  return std::any_of(definition.mount_points.begin(), definition.mount_points.end(), [&](const MountPoint& mount) {
    return mount.name == wanted || mount.source == wanted || mount.destination == wanted;
  });
}

bool has_port(const Container& container, const std::string& wanted, bool published) {
  const std::string port = wanted.find('/') == std::string::npos ? wanted + "/tcp" : wanted;
  const auto& exposed = container.definition.config.exposed_ports;
  if (!published) return std::find(exposed.begin(), exposed.end(), port) != exposed.end();
  return std::any_of(container.state.ports.begin(), container.state.ports.end(), [&](const auto& candidate) {
    return fmt::format("{}/{}", candidate.host_port, candidate.protocol) == port ||
           fmt::format("{}/{}", candidate.container_port, candidate.protocol) == port;
  });
}

// What a filter compares with beside the container itself, looked up once.
struct Lookups {
  std::map<std::string, std::string> ancestor_ids;  // filter value → image id
  std::map<std::string, std::int64_t> created;      // container name → creation time
};

bool matches_one(const Container& container, const std::string& name, const std::string& value,
                 const Lookups& lookups) {
  const ContainerDefinition& definition = container.definition;
  if (name == "id") return definition.id.starts_with(value);
  if (name == "name")
    return definition.name.find(value.starts_with('/') ? value.substr(1) : value) != std::string::npos;
  if (name == "label") return has_label(definition, value);
  if (name == "status") return shown_status(container.state) == value;
  if (name == "exited") {
    return container.state.status == ContainerStatus::exited && std::to_string(container.state.exit_code) == value;
  }
  if (name == "ancestor") {
    const auto id = lookups.ancestor_ids.find(value);
    return definition.image_reference == value ||
           (id != lookups.ancestor_ids.end() && definition.image_id == id->second);
  }
  if (name == "health") return (container.state.health.empty() ? "none" : container.state.health) == value;
  if (name == "before") return definition.created < lookups.created.at(value);
  if (name == "since") return definition.created > lookups.created.at(value);
  if (name == "network") {
    const std::string& mode = definition.host.network_mode;
    return (mode == "default" ? "bridge" : mode) == value || container.state.network_id == value;
  }
  if (name == "volume") return has_volume(definition, value);
  return has_port(container, value, name == "publish");
}

bool matches(const Container& container, const Filters& filters, const Lookups& lookups) {
  for (const auto& [name, values] : filters) {
    const auto matches_value = [&, &key = name](const std::string& value) {
      return matches_one(container, key, value, lookups);
    };
    // Values of one filter are alternatives, but for labels, which must all be there.
    const bool ok = name == "label" ? std::all_of(values.begin(), values.end(), matches_value)
                                    : std::any_of(values.begin(), values.end(), matches_value);
    if (!ok) return false;
  }
  return true;
}

Lookups look_up(storage::Database& database, const Filters& filters) {
  Lookups lookups;
  if (const auto ancestors = filters.find("ancestor"); ancestors != filters.end()) {
    for (const std::string& value : ancestors->second) {
      if (const auto found = image::find_image(database, value)) lookups.ancestor_ids[value] = found->id;
    }
  }
  for (const char* name : {"before", "since"}) {
    const auto containers = filters.find(name);
    if (containers == filters.end()) continue;
    for (const std::string& value : containers->second) {
      lookups.created[value] = load_container(database, value).definition.created;
    }
  }
  return lookups;
}

}  // namespace

std::vector<Container> Engine::list(const ListOptions& options) {
  const Filters filters = parse_filters(options.filters);
  EngineContext here = context();
  const Lookups lookups = look_up(here.database, filters);
  // A filter by state names what is to be shown; else only running ones are, unless asked for.
  const bool all = options.all || options.last > 0 || filters.contains("status") || filters.contains("exited");
  std::vector<Container> result;
  for (Container& row : load_containers(here.database)) {
    Container container = settle(here, std::move(row));
    const bool gone =
        container.definition.host.auto_remove && !container.alive() && !find_container(here.database, container.id());
    if (gone || (!all && !container.running() && !container.restarting()) || !matches(container, filters, lookups))
      continue;
    result.push_back(std::move(container));
    if (options.last > 0 && result.size() == static_cast<std::size_t>(options.last)) break;
  }
  return result;
}

}  // namespace minidock

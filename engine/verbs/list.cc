#include <fmt/format.h>

#include <map>

#include "base/error.h"
#include "engine/engine.h"
#include "engine/filters.h"
#include "engine/lifecycle.h"

namespace minidock {
namespace {

const std::vector<std::string_view> kFilterNames{"id",       "name",   "label", "status",  "exited",
                                                 "ancestor", "before", "since", "network", "volume",
                                                 "publish",  "expose", "health"};

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
  if (name == "label") return has_label(definition.config.labels, value);
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
  return std::all_of(kFilterNames.begin(), kFilterNames.end(), [&](std::string_view view) {
    const std::string name(view);
    const auto matches_value = [&](const std::string& value) { return matches_one(container, name, value, lookups); };
    // Values of one filter are alternatives, but for labels, which must all be there.
    return name == "label" ? filters.all_of(name, matches_value) : filters.any_of(name, matches_value);
  });
}

Lookups look_up(storage::Database& database, const Filters& filters) {
  Lookups lookups;
  for (const std::string& value : filters.values("ancestor")) {
    if (const auto found = image::find_image(database, value)) lookups.ancestor_ids[value] = found->id;
  }
  for (const char* name : {"before", "since"}) {
    for (const std::string& value : filters.values(name)) {
      lookups.created[value] = load_container(database, value).definition.created;
    }
  }
  return lookups;
}

}  // namespace

std::vector<Container> Engine::list(const ListOptions& options) {
  const Filters filters(options.filters, kFilterNames);
  EngineContext here = context();
  const Lookups lookups = look_up(here.database, filters);
  // A filter by state names what is to be shown; else only running ones are, unless asked for.
  const bool all =
      options.all || options.last > 0 || !filters.values("status").empty() || !filters.values("exited").empty();
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

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <climits>
#include <map>
#include <set>

#include "base/error.h"
#include "engine/engine.h"
#include "engine/filters.h"
#include "engine/lifecycle.h"
#include "engine/port_options.h"

namespace minidock {
namespace {

const std::vector<std::string_view> kFilterNames{"id",       "name",   "label",  "status",  "exited",
                                                 "ancestor", "before", "since",  "network", "volume",
                                                 "publish",  "expose", "health", "is-task"};
const std::set<std::string> kStatusNames{"created", "running", "paused", "restarting", "removing", "exited", "dead"};
const std::set<std::string> kHealthNames{"none", "starting", "healthy", "unhealthy"};

[[noreturn]] void invalid(const std::string& message) { throw Error(ErrorKind::invalid_argument, message); }

bool is_number(std::string_view text, int least, int most) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && number >= least && number <= most;
}

PortRange wanted_ports(const std::string& filter, const std::string& value) {
  try {
    return parse_port_range(value);
  } catch (const Error& error) {
    throw error.with_context(fmt::format("error while looking up for {} {}", filter, value));
  }
}

// docker refuses what no container can have.
void check_value(const std::string& name, const std::string& value) {
  if (name == "status" && !kStatusNames.contains(value)) invalid(fmt::format("Invalid filter 'status={}'", value));
  if (name == "health" && !kHealthNames.contains(value)) {
    invalid(fmt::format("Unrecognised filter value for health: {}", value));
  }
  if (name == "exited" && !is_number(value, INT_MIN, INT_MAX)) {
    invalid(fmt::format("strconv.Atoi: parsing \"{}\": invalid syntax", value));
  }
  if (name == "is-task" && value != "true" && value != "false")
    invalid(fmt::format("Invalid filter 'is-task={}'", value));
  if (name == "publish" || name == "expose") wanted_ports(name, value);
}

void check_values(const Filters& filters) {
  for (const std::string_view name : kFilterNames) {
    for (const std::string& value : filters.values(std::string(name))) check_value(std::string(name), value);
  }
}

bool has_volume(const ContainerDefinition& definition, const std::string& wanted) {
  return std::any_of(definition.mount_points.begin(), definition.mount_points.end(), [&](const MountPoint& mount) {
    return mount.name == wanted || mount.source == wanted || mount.destination == wanted;
  });
}

// A container's ports show while it runs: `publish` is compared with the host's, `expose` with its own.
bool has_port(const Container& container, const std::string& filter, const std::string& value) {
  if (!container.running()) return false;
  const PortRange wanted = parse_port_range(value);
  if (filter == "publish") {
    return std::any_of(container.state.ports.begin(), container.state.ports.end(),
                       [&](const auto& port) { return wanted.contains(port.host_port, port.protocol); });
  }
  const auto& exposed = container.definition.config.exposed_ports;
  return std::any_of(exposed.begin(), exposed.end(), [&](const std::string& port) {
    const network::PublishedPort own = exposed_port(port);
    return wanted.contains(own.container_port, own.protocol);
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
  // As docker: the name begins with a slash or not.
  if (name == "name") return has_pattern(definition.name, value) || has_pattern("/" + definition.name, value);
  if (name == "is-task") return value == "false";  // of a swarm's services, that is
  if (name == "label") return has_label(definition.config.labels, value);
  if (name == "status") return shown_status(container.state) == value;
  if (name == "exited") {
    return container.state.status == ContainerStatus::exited && std::to_string(container.state.exit_code) == value;
  }
  if (name == "ancestor") {
    const auto id = lookups.ancestor_ids.find(value);
    if (definition.image_id.empty()) return definition.image_reference == value;
    return id != lookups.ancestor_ids.end() && definition.image_id == id->second;
  }
  if (name == "health") return (container.state.health.empty() ? "none" : container.state.health) == value;
  if (name == "before") return definition.created < lookups.created.at(value);
  if (name == "since") return definition.created > lookups.created.at(value);
  if (name == "network") {
    const auto is_it = [&](const NetworkAttachment& attachment) { return attachment.network == value; };
    const auto has_id = [&](const network::Endpoint& endpoint) { return endpoint.network_id == value; };
    return definition.host.network_mode == value ||
           std::any_of(definition.networks.begin(), definition.networks.end(), is_it) ||
           std::any_of(container.state.endpoints.begin(), container.state.endpoints.end(), has_id);
  }
  if (name == "volume") return has_volume(definition, value);
  return has_port(container, name, value);
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

// What the typed names of images mean now.
class ImageNames {
 public:
  explicit ImageNames(storage::Database& database) : database_(database) {}

  std::string name_of(const ContainerDefinition& definition) {
    if (definition.image_id.empty()) return definition.image_reference;  // a directory
    const auto [entry, is_new] = ids_.try_emplace(definition.image_reference);
    if (is_new) {
      if (const auto found = image::find_image(database_, definition.image_reference)) entry->second = found->id;
    }
    return entry->second == definition.image_id ? definition.image_reference : definition.image_id;
  }

 private:
  storage::Database& database_;
  std::map<std::string, std::string> ids_;
};

// By the id of who is linked to.
std::map<std::string, std::vector<std::string>> names_of_links(const std::vector<Container>& containers) {
  std::map<std::string, std::vector<std::string>> names;
  for (const Container& container : containers) {
    for (const ContainerLink& link : container.definition.links) {
      names[link.id].push_back(fmt::format("{}/{}", container.name(), link.alias));
    }
  }
  return names;
}

}  // namespace

std::vector<Container> Engine::list(const ListOptions& options) {
  const Filters filters(options.filters, kFilterNames);
  check_values(filters);
  EngineContext here = context();
  const Lookups lookups = look_up(here.database, filters);
  // A filter by state names what is to be shown; else only running ones are, unless asked for.
  const bool all =
      options.all || options.last > 0 || !filters.values("status").empty() || !filters.values("exited").empty();
  std::vector<Container> result;
  std::vector<Container> rows = load_containers(here.database);
  const std::map<std::string, std::vector<std::string>> link_names = names_of_links(rows);
  ImageNames image_names(here.database);
  for (Container& row : rows) {
    Container container = settle(here, std::move(row));
    const bool gone =
        container.definition.host.auto_remove && !container.alive() && !find_container(here.database, container.id());
    if (gone || (!all && !container.running() && !container.restarting()) || !matches(container, filters, lookups))
      continue;
    container.image_name = image_names.name_of(container.definition);
    if (const auto names = link_names.find(container.id()); names != link_names.end()) {
      container.link_names = names->second;
    }
    result.push_back(std::move(container));
    if (options.last > 0 && result.size() == static_cast<std::size_t>(options.last)) break;
  }
  return result;
}

}  // namespace minidock

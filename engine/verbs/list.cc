#include <fmt/format.h>
#include <regex.h>

#include <charconv>
#include <climits>
#include <map>
#include <set>

#include "base/error.h"
#include "engine/engine.h"
#include "engine/filters.h"
#include "engine/lifecycle.h"

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

// "80", "80/tcp", "80-90/udp"
bool is_port(const std::string& text) {
  constexpr int kMostPort = 65535;
  const std::string numbers = text.substr(0, text.find('/'));
  const std::size_t dash = numbers.find('-');
  return is_number(numbers.substr(0, dash), 0, kMostPort) &&
         (dash == std::string::npos || is_number(numbers.substr(dash + 1), 0, kMostPort));
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
  if ((name == "publish" || name == "expose") && !is_port(value)) {
    invalid(fmt::format("error while looking up for {} {}: strconv.ParseUint: parsing \"{}\": invalid syntax", name,
                        value, value));
  }
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

bool has_port(const Container& container, const std::string& wanted, bool published) {
  const std::string port = wanted.find('/') == std::string::npos ? wanted + "/tcp" : wanted;
  const auto& exposed = container.definition.config.exposed_ports;
  if (!published) return std::find(exposed.begin(), exposed.end(), port) != exposed.end();
  return std::any_of(container.state.ports.begin(), container.state.ports.end(), [&](const auto& candidate) {
    return fmt::format("{}/{}", candidate.host_port, candidate.protocol) == port ||
           fmt::format("{}/{}", candidate.container_port, candidate.protocol) == port;
  });
}

// As docker: a pattern that is found somewhere in the name, which begins with a slash or not.
bool has_name(const std::string& name, const std::string& pattern) {
  regex_t expression;
  if (regcomp(&expression, pattern.c_str(), REG_EXTENDED | REG_NOSUB) != 0) return name == pattern;
  const bool found = regexec(&expression, name.c_str(), 0, nullptr, 0) == 0 ||
                     regexec(&expression, ("/" + name).c_str(), 0, nullptr, 0) == 0;
  regfree(&expression);
  return found;
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
  if (name == "name") return has_name(definition.name, value);
  if (name == "is-task") return value == "false";  // of a swarm's services, that is
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
  check_values(filters);
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

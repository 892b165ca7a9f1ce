#include "engine/container_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "base/syscall.h"

namespace minidock {
namespace {

constexpr std::pair<ContainerStatus, std::string_view> kStatusNames[] = {{ContainerStatus::created, "created"},
                                                                         {ContainerStatus::starting, "starting"},
                                                                         {ContainerStatus::running, "running"},
                                                                         {ContainerStatus::restarting, "restarting"},
                                                                         {ContainerStatus::exited, "exited"}};

ContainerStatus status_from_string(std::string_view name) {
  for (const auto& [status, text] : kStatusNames) {
    if (text == name) return status;
  }
  throw Error(ErrorKind::corrupt_data, fmt::format("unknown container status \"{}\" in the database", name));
}

Json endpoint_to_json(const network::Endpoint& endpoint) {
  return Json{{"id", endpoint.id},
              {"networkId", endpoint.network_id},
              {"networkName", endpoint.network_name},
              {"interface", endpoint.interface},
              {"address", endpoint.address},
              {"prefixLength", endpoint.prefix_length},
              {"gateway", endpoint.gateway},
              {"ipv6Address", endpoint.ipv6_address},
              {"ipv6PrefixLength", endpoint.ipv6_prefix_length},
              {"ipv6Gateway", endpoint.ipv6_gateway},
              {"gatewayPriority", endpoint.gateway_priority},
              {"macAddress", endpoint.mac_address},
              {"driver", endpoint.driver},
              {"hostInterface", endpoint.host_interface}};
}

network::Endpoint endpoint_from_json(const Json& document) {
  network::Endpoint endpoint;
  endpoint.id = json::get_string(document, "id");
  endpoint.network_id = json::get_string(document, "networkId");
  endpoint.network_name = json::get_string(document, "networkName");
  endpoint.interface = json::get_string(document, "interface");
  endpoint.address = json::get_string(document, "address");
  endpoint.prefix_length = static_cast<int>(json::get_int(document, "prefixLength"));
  endpoint.gateway = json::get_string(document, "gateway");
  endpoint.ipv6_address = json::get_string(document, "ipv6Address");
  endpoint.ipv6_prefix_length = static_cast<int>(json::get_int(document, "ipv6PrefixLength"));
  endpoint.ipv6_gateway = json::get_string(document, "ipv6Gateway");
  endpoint.gateway_priority = static_cast<int>(json::get_int(document, "gatewayPriority"));
  endpoint.mac_address = json::get_string(document, "macAddress");
  endpoint.driver = document.value("driver", network::kBridgeDriver);  // older rows do not say it
  endpoint.host_interface = json::get_string(document, "hostInterface");
  return endpoint;
}

Json state_to_json(const ContainerState& state) {
  Json endpoints = Json::array();
  for (const network::Endpoint& endpoint : state.endpoints) endpoints.push_back(endpoint_to_json(endpoint));
  Json ports = Json::array();
  for (const network::PublishedPort& port : state.ports) {
    ports.push_back(Json::array({port.protocol, port.host_ip, port.host_port, port.container_port}));
  }
  return Json{{"running", shim::to_json(state.running)},
              {"startedAt", state.started_at},
              {"finishedAt", state.finished_at},
              {"exitCode", state.exit_code},
              {"oomKilled", state.oom_killed},
              {"restartCount", state.restart_count},
              {"stoppedByUser", state.stopped_by_user},
              {"error", state.error},
              {"endpoints", endpoints},
              {"ports", ports}};
}

ContainerState state_from_json(ContainerStatus status, const Json& document) {
  ContainerState state;
  state.status = status;
  state.running = shim::running_state_from_json(document.at("running"));
  state.started_at = json::get_int(document, "startedAt");
  state.finished_at = json::get_int(document, "finishedAt");
  state.exit_code = static_cast<int>(json::get_int(document, "exitCode"));
  state.oom_killed = json::get_bool(document, "oomKilled");
  state.restart_count = static_cast<int>(json::get_int(document, "restartCount"));
  state.stopped_by_user = json::get_bool(document, "stoppedByUser");
  state.error = json::get_string(document, "error");
  for (const Json& item : document.at("endpoints")) state.endpoints.push_back(endpoint_from_json(item));
  for (const Json& item : document.at("ports")) {
    state.ports.push_back(network::PublishedPort{item.at(0).get<std::string>(), item.at(1).get<std::string>(),
                                                 item.at(2).get<std::uint16_t>(), item.at(3).get<std::uint16_t>()});
  }
  return state;
}

Container row_to_container(const storage::Statement& row) {
  try {
    Container container;
    container.definition = definition_from_json(json::parse(row.text(0), "a stored container definition"));
    container.state =
        state_from_json(status_from_string(row.text(1)), json::parse(row.text(2), "a stored container state"));
    return container;
  } catch (const Json::exception&) {
    throw Error(ErrorKind::corrupt_data, "the stored state of a container is damaged");
  }
}

constexpr char kSelect[] = "SELECT definition, status, state FROM containers ";

std::optional<std::string> id_of_name(storage::Database& database, const std::string& name) {
  storage::Statement taken = database.prepare("SELECT id FROM containers WHERE name = ?");
  taken.bind(name);
  if (!taken.step()) return std::nullopt;
  return taken.text(0);
}

void check_name_is_free(storage::Database& database, const std::string& name) {
  const std::optional<std::string> id = id_of_name(database, name);
  if (!id) return;
  throw Error(ErrorKind::conflict,
              fmt::format("Conflict. The container name \"/{}\" is already in use by container \"{}\". You have to "
                          "remove (or rename) that container to be able to reuse that name.",
                          name, *id));
}

// Who removes the container takes the directory away, perhaps just when it has been made here.
Fd open_lock_file(const storage::Instance& instance, const std::string& id) {
  constexpr int kMostRemovals = 100;
  const std::string directory = instance.container_state_dir(id);
  const std::string path = directory + "/lock";
  for (int tries = 0; tries < kMostRemovals; ++tries) {
    file::make_directories(directory, 0700);
    if (Fd lock = sys::openat_unless(AT_FDCWD, path, O_RDWR | O_CREAT, 0600, ENOENT)) return lock;
  }
  return sys::open(path, O_RDWR | O_CREAT, 0600);
}

// Not when the file was removed, and perhaps made again, while it was waited for: somebody else may lock that one.
bool is_at_its_place(const storage::Instance& instance, const std::string& id, int lock) {
  const struct stat held = sys::fstat(lock);
  struct stat named {};
  const std::string path = instance.container_state_dir(id) + "/lock";
  return ::stat(path.c_str(), &named) == 0 && named.st_ino == held.st_ino && named.st_dev == held.st_dev;
}

}  // namespace

const network::Endpoint* ContainerState::on_network(const std::string& name) const {
  const auto found = std::find_if(endpoints.begin(), endpoints.end(),
                                  [&](const network::Endpoint& endpoint) { return endpoint.network_name == name; });
  return found == endpoints.end() ? nullptr : &*found;
}

std::string ContainerState::address() const {
  const network::Endpoint* endpoint = gateway();
  return endpoint == nullptr ? "" : endpoint->address;
}

std::string_view to_string(ContainerStatus status) {
  for (const auto& [candidate, text] : kStatusNames) {
    if (candidate == status) return text;
  }
  return "created";
}

std::string_view shown_status(const ContainerState& state) {
  if (state.paused) return "paused";
  return to_string(state.status == ContainerStatus::starting ? ContainerStatus::created : state.status);
}

Fd try_lock_container(const storage::Instance& instance, const std::string& id) {
  for (;;) {
    Fd lock = open_lock_file(instance, id);
    if (!sys::try_flock(lock.get(), LOCK_EX)) return Fd();
    if (is_at_its_place(instance, id, lock.get())) return lock;
  }
}

Fd lock_container(const storage::Instance& instance, const std::string& id) {
  for (;;) {
    Fd lock = open_lock_file(instance, id);
    sys::flock(lock.get(), LOCK_EX);
    if (is_at_its_place(instance, id, lock.get())) return lock;
  }
}

bool is_name_taken(storage::Database& database, const std::string& name) {
  return id_of_name(database, name).has_value();
}

void insert_container(storage::Database& database, const Container& container) {
  check_name_is_free(database, container.name());
  storage::Statement insert = database.prepare(
      "INSERT INTO containers(id, name, created, image_id, definition, status, state) VALUES(?, ?, ?, ?, ?, ?, ?)");
  insert.bind(container.id())
      .bind(container.name())
      .bind(container.definition.created)
      .bind(container.definition.image_id)
      .bind(json::dump(to_json(container.definition)))
      .bind(to_string(container.state.status))
      .bind(json::dump(state_to_json(container.state)));
  insert.run();
}

void update_container_state(storage::Database& database, const std::string& id, const ContainerState& state) {
  storage::Statement update = database.prepare("UPDATE containers SET status = ?, state = ? WHERE id = ?");
  update.bind(to_string(state.status)).bind(json::dump(state_to_json(state))).bind(id);
  update.run();
}

void record_running(storage::Database& database, const std::string& id, const ContainerState& state) {
  database
      .prepare(
          "UPDATE containers SET status = ?, state = json_set(state, '$.running', json(?), '$.startedAt', ?) "
          "WHERE id = ?")
      .bind(to_string(state.status))
      .bind(json::dump(shim::to_json(state.running)))
      .bind(state.started_at)
      .bind(id)
      .run();
}

void rename_container(storage::Database& database, Container& container, const std::string& name) {
  check_name_is_free(database, name);
  container.definition.name = name;
  storage::Statement update = database.prepare("UPDATE containers SET name = ?, definition = ? WHERE id = ?");
  update.bind(name).bind(json::dump(to_json(container.definition))).bind(container.id());
  update.run();
}

void update_container_definition(storage::Database& database, const ContainerDefinition& definition) {
  storage::Statement update = database.prepare("UPDATE containers SET definition = ? WHERE id = ?");
  update.bind(json::dump(to_json(definition))).bind(definition.id);
  update.run();
}

void delete_container(storage::Database& database, const std::string& id) {
  storage::Statement users = database.prepare("DELETE FROM volume_users WHERE container_id = ?");
  users.bind(id);
  users.run();
  storage::Statement remove = database.prepare("DELETE FROM containers WHERE id = ?");
  remove.bind(id);
  remove.run();
}

std::optional<Container> find_container(storage::Database& database, const std::string& typed) {
  // "/web" is docker's own spelling of a name.
  const std::string name = typed.starts_with('/') ? typed.substr(1) : typed;
  if (name.empty()) return std::nullopt;
  storage::Statement exact =
      database.prepare(std::string(kSelect) + "WHERE id = ?1 OR name = ?1 ORDER BY id = ?1 DESC LIMIT 1");
  exact.bind(name);
  if (exact.step()) return row_to_container(exact);
  const bool hex = name.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!hex) return std::nullopt;
  storage::Statement prefix = database.prepare(std::string(kSelect) + "WHERE substr(id, 1, ?1) = ?2 LIMIT 2");
  prefix.bind(static_cast<std::int64_t>(name.size())).bind(name);
  if (!prefix.step()) return std::nullopt;
  Container container = row_to_container(prefix);
  if (prefix.step()) {
    throw Error(ErrorKind::invalid_argument, fmt::format("multiple IDs found with provided prefix: {}", name));
  }
  return container;
}

Container load_container(storage::Database& database, const std::string& name) {
  std::optional<Container> container = find_container(database, name);
  if (!container) throw Error(ErrorKind::not_found, fmt::format("No such container: {}", name));
  return std::move(*container);
}

std::vector<Container> load_containers(storage::Database& database) {
  std::vector<Container> containers;
  storage::Statement rows = database.prepare(std::string(kSelect) + "ORDER BY created DESC");
  while (rows.step()) containers.push_back(row_to_container(rows));
  return containers;
}

}  // namespace minidock

#include "engine/volume_store.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"

namespace minidock {
namespace {

using TextMap = std::map<std::string, std::string>;

constexpr char kSelect[] = "SELECT name, created, anonymous, options, labels, owner FROM volumes ";

Json maps_to_json(const std::vector<runtime::IdMapping>& mappings) {
  Json list = Json::array();
  for (const runtime::IdMapping& mapping : mappings) {
    list.push_back(Json::array({mapping.container_id, mapping.host_id, mapping.size}));
  }
  return list;
}

std::vector<runtime::IdMapping> maps_from_json(const Json& list) {
  std::vector<runtime::IdMapping> mappings;
  for (const Json& item : list) {
    mappings.push_back(
        {item.at(0).get<std::uint32_t>(), item.at(1).get<std::uint32_t>(), item.at(2).get<std::uint32_t>()});
  }
  return mappings;
}

std::string owner_text(const IdMappings& owner) {
  return json::dump(Json{{"uids", maps_to_json(owner.uids)}, {"gids", maps_to_json(owner.gids)}});
}

IdMappings owner_from_text(const std::string& text) {
  const Json document = json::parse(text, "a stored volume's owner");
  return IdMappings{maps_from_json(document.at("uids")), maps_from_json(document.at("gids"))};
}

std::vector<std::string> users_of(storage::Database& database, const std::string& name) {
  std::vector<std::string> users;
  storage::Statement rows = database.prepare("SELECT container_id FROM volume_users WHERE volume = ?");
  rows.bind(name);
  while (rows.step()) users.push_back(rows.text(0));
  return users;
}

Volume row_to_volume(storage::Database& database, const storage::Statement& row) {
  try {
    Volume volume;
    volume.name = row.text(0);
    volume.created = row.int64(1);
    volume.anonymous = row.int64(2) != 0;
    volume.options = json::parse(row.text(3), "stored options").get<TextMap>();
    if (!row.is_null(4)) volume.labels = json::parse(row.text(4), "stored labels").get<TextMap>();
    volume.owner = owner_from_text(row.text(5));
    volume.users = users_of(database, volume.name);
    return volume;
  } catch (const Json::exception&) {
    throw Error(ErrorKind::corrupt_data, fmt::format("the stored state of volume {} is damaged", row.text(0)));
  }
}

}  // namespace

std::string volume_directory(const storage::Instance& instance, const std::string& name) {
  return fmt::format("{}/{}", instance.volumes(), name);
}

std::string volume_data(const storage::Instance& instance, const std::string& name) {
  return volume_directory(instance, name) + "/_data";
}

std::optional<Volume> find_volume(storage::Database& database, const std::string& name) {
  storage::Statement row = database.prepare(std::string(kSelect) + "WHERE name = ?");
  row.bind(name);
  if (!row.step()) return std::nullopt;
  return row_to_volume(database, row);
}

Volume get_volume(storage::Database& database, const std::string& name) {
  std::optional<Volume> volume = find_volume(database, name);
  if (!volume) throw Error(ErrorKind::not_found, fmt::format("No such volume: {}", name));
  return std::move(*volume);
}

std::vector<Volume> load_volumes(storage::Database& database) {
  std::vector<Volume> volumes;
  storage::Statement rows = database.prepare(std::string(kSelect) + "ORDER BY name");
  while (rows.step()) volumes.push_back(row_to_volume(database, rows));
  return volumes;
}

bool insert_volume(storage::Database& database, const Volume& volume) {
  storage::Statement insert = database.prepare(
      "INSERT OR IGNORE INTO volumes(name, created, anonymous, options, labels, owner) VALUES(?, ?, ?, ?, ?, ?)");
  insert.bind(volume.name)
      .bind(volume.created)
      .bind(std::int64_t{volume.anonymous})
      .bind(json::dump(Json(volume.options)));
  if (volume.labels) {
    insert.bind(json::dump(Json(*volume.labels)));
  } else {
    insert.bind_null();
  }
  insert.bind(owner_text(volume.owner));
  insert.run();
  return database.changes() > 0;
}

void add_volume_user(storage::Database& database, const std::string& name, const std::string& container_id) {
  storage::Statement insert = database.prepare("INSERT OR IGNORE INTO volume_users(volume, container_id) VALUES(?, ?)");
  insert.bind(name).bind(container_id);
  insert.run();
}

void delete_volume(storage::Database& database, const std::string& name) {
  for (const char* sql : {"DELETE FROM volume_users WHERE volume = ?", "DELETE FROM volumes WHERE name = ?"}) {
    storage::Statement remove = database.prepare(sql);
    remove.bind(name);
    remove.run();
  }
}

bool has_running_user(storage::Database& database, const std::string& name, const std::string& except) {
  // A container that is run with --rm stays "starting" in its row while it runs.
  storage::Statement row = database.prepare(
      "SELECT 1 FROM volume_users JOIN containers ON id = container_id WHERE volume = ? AND id != ? AND status NOT IN "
      "('created', 'exited') LIMIT 1");
  row.bind(name).bind(except);
  return row.step();
}

std::vector<std::string> anonymous_volumes_of(storage::Database& database, const std::string& container_id) {
  std::vector<std::string> names;
  storage::Statement rows = database.prepare(
      "SELECT name FROM volumes JOIN volume_users ON volume = name WHERE anonymous = 1 AND container_id = ?1 "
      "AND NOT EXISTS (SELECT 1 FROM volume_users other WHERE other.volume = name AND other.container_id != ?1)");
  rows.bind(container_id);
  while (rows.step()) names.push_back(rows.text(0));
  return names;
}

}  // namespace minidock

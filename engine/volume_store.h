// Rows of volumes: what there is, and which containers use it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/subordinate_ids.h"
#include "storage/database.h"
#include "storage/instance.h"

namespace minidock {

struct Volume {
  std::string name;
  std::int64_t created = 0;
  bool anonymous = false;
  std::map<std::string, std::string> options;                // of the driver: type, o, device, size
  std::optional<std::map<std::string, std::string>> labels;  // nothing: made with a container, docker's null
  // The data's owners on disk are the container ids of these maps. Empty: the container ids themselves.
  IdMappings owner;
  std::vector<std::string> users;  // ids of containers, running or not
};

// <root>/volumes/<name>, and what is mounted in containers: <root>/volumes/<name>/_data
std::string volume_directory(const storage::Instance& instance, const std::string& name);
std::string volume_data(const storage::Instance& instance, const std::string& name);

std::optional<Volume> find_volume(storage::Database& database, const std::string& name);
// ErrorKind::not_found "No such volume: X".
Volume get_volume(storage::Database& database, const std::string& name);
// Sorted by name.
std::vector<Volume> load_volumes(storage::Database& database);

// False, and nothing changed, when there is one of that name.
bool insert_volume(storage::Database& database, const Volume& volume);
void add_volume_user(storage::Database& database, const std::string& name, const std::string& container_id);
void delete_volume(storage::Database& database, const std::string& name);

// Whether a container other than `except` runs with the volume, or is about to.
bool has_running_user(storage::Database& database, const std::string& name, const std::string& except);

// Anonymous volumes that only this container uses.
std::vector<std::string> anonymous_volumes_of(storage::Database& database, const std::string& container_id);

}  // namespace minidock

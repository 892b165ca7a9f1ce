// Secrets: rows in the database, the data in <root>/secrets/<id> (0600 in a directory 0700).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "storage/database.h"
#include "storage/instance.h"

namespace minidock {

// podman's limit.
inline constexpr std::size_t kMaxSecretSize = 512000;

struct Secret {
  std::string id;  // 25 hex digits
  std::string name;
  std::int64_t created = 0;
  std::map<std::string, std::string> labels;
};

std::string secret_file(const storage::Instance& instance, const std::string& id);

// ErrorKind::invalid_argument with podman's words.
void check_secret_name(const std::string& name);

// By name or id. ErrorKind::not_found "no secret with name or id "x": no such secret".
std::optional<Secret> find_secret(storage::Database& database, const std::string& name);
Secret get_secret(storage::Database& database, const std::string& name);
// Sorted by name.
std::vector<Secret> load_secrets(storage::Database& database);

// ErrorKind::conflict when the name is taken. In a transaction: the data is on disk before the row is committed.
void insert_secret(storage::Database& database, const storage::Instance& instance, const Secret& secret,
                   const std::string& data);
void delete_secret(storage::Database& database, const storage::Instance& instance, const Secret& secret);

}  // namespace minidock

#include "engine/secret_store.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/syscall.h"

namespace minidock {
namespace {

constexpr char kSelect[] = "SELECT id, name, created, labels FROM secrets ";
constexpr std::size_t kMaxName = 64;

std::string secrets_directory(const storage::Instance& instance) { return instance.root + "/secrets"; }

Secret row_to_secret(const storage::Statement& row) {
  try {
    return Secret{row.text(0), row.text(1), row.int64(2),
                  json::parse(row.text(3), "stored labels").get<std::map<std::string, std::string>>()};
  } catch (const Json::exception&) {
    throw Error(ErrorKind::corrupt_data, fmt::format("the stored labels of secret {} are damaged", row.text(1)));
  }
}

}  // namespace

std::string secret_file(const storage::Instance& instance, const std::string& id) {
  return fmt::format("{}/{}", secrets_directory(instance), id);
}

void check_secret_name(const std::string& name) {
  const auto letter_or_digit = [](unsigned char c) { return std::isalnum(c) != 0; };
  const bool valid = !name.empty() && name.size() <= kMaxName && letter_or_digit(name.front()) &&
                     letter_or_digit(name.back()) && std::all_of(name.begin(), name.end(), [&](char c) {
                       return letter_or_digit(c) || c == '-' || c == '_' || c == '.';
                     });
  if (valid) return;
  throw Error(ErrorKind::invalid_argument,
              fmt::format("only 64 [a-zA-Z0-9-_.] characters allowed, and the start and end character must be "
                          "[a-zA-Z0-9]: {}: invalid secret name",
                          name));
}

std::optional<Secret> find_secret(storage::Database& database, const std::string& name) {
  storage::Statement row =
      database.prepare(std::string(kSelect) + "WHERE name = ?1 OR id = ?1 ORDER BY name = ?1 DESC");
  row.bind(name);
  if (!row.step()) return std::nullopt;
  return row_to_secret(row);
}

Secret get_secret(storage::Database& database, const std::string& name) {
  std::optional<Secret> secret = find_secret(database, name);
  if (!secret) throw Error(ErrorKind::not_found, fmt::format("no secret with name or id \"{}\": no such secret", name));
  return std::move(*secret);
}

std::vector<Secret> load_secrets(storage::Database& database) {
  std::vector<Secret> secrets;
  storage::Statement rows = database.prepare(std::string(kSelect) + "ORDER BY name");
  while (rows.step()) secrets.push_back(row_to_secret(rows));
  return secrets;
}

void insert_secret(storage::Database& database, const storage::Instance& instance, const Secret& secret,
                   const std::string& data) {
  if (find_secret(database, secret.name)) {
    throw Error(ErrorKind::conflict, fmt::format("{}: secret name in use", secret.name));
  }
  file::make_directories(secrets_directory(instance), 0700);
  file::replace(secret_file(instance, secret.id), data, 0600);
  storage::Statement insert = database.prepare("INSERT INTO secrets(id, name, created, labels) VALUES(?, ?, ?, ?)");
  insert.bind(secret.id).bind(secret.name).bind(secret.created).bind(json::dump(Json(secret.labels)));
  insert.run();
}

void delete_secret(storage::Database& database, const storage::Instance& instance, const Secret& secret) {
  storage::Statement remove = database.prepare("DELETE FROM secrets WHERE id = ?");
  remove.bind(secret.id);
  remove.run();
  sys::unlinkat_if_present(AT_FDCWD, secret_file(instance, secret.id), 0);
}

}  // namespace minidock

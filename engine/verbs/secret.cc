// secret create, ls, inspect, rm.
#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"
#include "base/format.h"
#include "base/random.h"
#include "engine/engine.h"
#include "engine/filters.h"
#include "engine/secret_store.h"

namespace minidock {
namespace {

constexpr std::size_t kIdDigits = 25;  // podman's

Secret new_secret(const CreateSecretOptions& options) {
  return Secret{random::object_id().substr(0, kIdDigits), options.name, format::now_ns(), options.labels};
}

}  // namespace

std::string Engine::create_secret(const CreateSecretOptions& options) {
  if (options.driver != "file") throw Error(ErrorKind::unsupported, fmt::format("{}: invalid driver", options.driver));
  check_secret_name(options.name);
  if (options.data.empty() || options.data.size() >= kMaxSecretSize) {
    throw Error(ErrorKind::invalid_argument,
                fmt::format("secret data must be larger than 0 and less than {} bytes", kMaxSecretSize));
  }
  const Secret secret = new_secret(options);
  storage::Transaction transaction(database());
  const std::optional<Secret> existing = find_secret(database(), options.name);
  if (existing && options.replace) delete_secret(database(), instance_, *existing);
  insert_secret(database(), instance_, secret, options.data);
  transaction.commit();
  return secret.id;
}

std::vector<Secret> Engine::secrets(const std::vector<std::string>& filter_texts) {
  const Filters filters(filter_texts, {"id", "name"});
  std::vector<Secret> found;
  for (Secret& secret : load_secrets(database())) {
    const bool matches = filters.any_of("name", [&](const std::string& part) {
      return secret.name.find(part) != std::string::npos;
    }) && filters.any_of("id", [&](const std::string& prefix) { return secret.id.starts_with(prefix); });
    if (matches) found.push_back(std::move(secret));
  }
  return found;
}

OrderedJson Engine::inspect_secret(const std::string& name, bool reveal) {
  const Secret secret = get_secret(database(), name);
  const std::string file = secret_file(instance_, secret.id);
  const std::string created = format::rfc3339_nano(secret.created);
  OrderedJson document{{"ID", secret.id},
                       {"CreatedAt", created},
                       {"UpdatedAt", created},
                       {"Spec",
                        {{"Name", secret.name},
                         {"Driver", {{"Name", "file"}, {"Options", {{"path", instance_.root + "/secrets"}}}}},
                         {"Labels", OrderedJson(secret.labels)}}}};
  if (reveal) document["SecretData"] = file::read(file);
  return document;
}

bool Engine::secret_exists(const std::string& name) { return find_secret(database(), name).has_value(); }

std::string Engine::remove_secret(const std::string& name) {
  storage::Transaction transaction(database());
  const Secret secret = get_secret(database(), name);
  delete_secret(database(), instance_, secret);
  transaction.commit();
  return secret.id;
}

}  // namespace minidock

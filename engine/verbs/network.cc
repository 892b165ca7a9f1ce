// network create, ls, inspect, rm, reload, prune.
#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/format.h"
#include "engine/container_store.h"
#include "engine/engine.h"
#include "engine/events.h"
#include "engine/filters.h"
#include "engine/names.h"
#include "engine/shim/firewall_watch.h"

namespace minidock {
namespace {

void check_driver(const std::string& driver) {
  if (driver == network::kBridgeDriver || driver == network::kMacvlanDriver || driver == network::kIpvlanDriver) return;
  if (driver == "host" || driver == "null") {
    throw Error(ErrorKind::invalid_argument, fmt::format("only one instance of \"{}\" network is allowed", driver));
  }
  throw Error(ErrorKind::not_found, fmt::format("plugin \"{}\" not found", driver));
}

void check_name(const std::string& name) {
  if (name.find_first_not_of(" \t") == std::string::npos) {
    throw Error(ErrorKind::invalid_argument, fmt::format("invalid name: {} is empty", name));
  }
  if (!is_user_defined_network(name)) {
    throw Error(ErrorKind::permission_denied, fmt::format("operation is not permitted on predefined {} network", name));
  }
}

// docker's: custom and without a container that runs in it.
bool is_dangling(storage::Database& database, const ListedNetwork& listed) {
  return !listed.is_predefined() && network::leases_of(database, listed.network.id).empty();
}

bool is_type(const ListedNetwork& listed, const std::string& type) {
  if (type != "custom" && type != "builtin") {
    throw Error(ErrorKind::invalid_argument, fmt::format("invalid filter: 'type'='{}'", type));
  }
  return listed.is_predefined() == (type == "builtin");
}

bool matches(storage::Database& database, const ListedNetwork& listed, const Filters& filters) {
  const network::Network& network = listed.network;
  const auto has = [&](const std::string& wanted) { return has_label(network.settings.labels, wanted); };
  return filters.any_of("driver", [&](const std::string& driver) { return driver == listed.driver; }) &&
         filters.any_of("id", [&](const std::string& id) { return network.id.find(id) != std::string::npos; }) &&
         filters.any_of("name", [&](const std::string& text) { return has_pattern(network.name, text); }) &&
         filters.any_of("scope", [](const std::string& scope) { return scope == "local"; }) &&
         filters.any_of("type", [&](const std::string& type) { return is_type(listed, type); }) &&
         filters.any_of(
             "dangling",
             [&](const std::string& value) { return filter_truth(value) == is_dangling(database, listed); }) &&
         filters.all_of("label", has);
}

}  // namespace

std::string Engine::create_network(const network::NetworkRequest& request) {
  check_driver(request.settings.driver);
  check_name(request.name);
  const network::Network network = network::create_network(database(), instance_, request);
  try {
    network::ensure_host_state(database(), instance_, {network});
    network::prove_network(network);
  } catch (const Error&) {
    network::delete_network(database(), network.id);
    network::remove_network_state(database(), instance_, network);
    throw;
  }
  record_network_event(instance_, network, "create");
  return network.id;
}

std::vector<ListedNetwork> Engine::networks(const std::vector<std::string>& filter_texts) {
  const Filters filters(filter_texts, {"dangling", "driver", "id", "label", "name", "scope", "type"});
  list_all();  // what ended unnoticed is in none
  EngineContext here = context();
  std::vector<ListedNetwork> found;
  for (ListedNetwork& listed : list_networks(here)) {
    if (matches(here.database, listed, filters)) found.push_back(std::move(listed));
  }
  return found;
}

OrderedJson Engine::inspect_network(const std::string& name) {
  list_all();  // what ended unnoticed is in none
  EngineContext here = context();
  return network_document(here, find_listed_network(here, name));
}

bool Engine::network_exists(const std::string& name) {
  EngineContext here = context();
  try {
    find_listed_network(here, name);
    return true;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::not_found) throw;
    return false;
  }
}

void Engine::remove_network(const std::string& name) {
  list_all();  // what ended unnoticed is in none
  EngineContext here = context();
  const ListedNetwork listed = find_listed_network(here, name);
  if (listed.is_predefined()) {
    throw Error(ErrorKind::permission_denied,
                fmt::format("{} is a pre-defined network and cannot be removed", listed.network.name));
  }
  storage::Transaction transaction(here.database);
  if (!network::leases_of(here.database, listed.network.id).empty()) {
    throw Error(ErrorKind::conflict, fmt::format("error while removing network: network {} id {} has active endpoints",
                                                 listed.network.name, listed.network.id));
  }
  network::delete_network(here.database, listed.network.id);
  transaction.commit();
  network::remove_network_state(here.database, instance_, listed.network);
  remove_network_names(instance_, listed.network.id);
  record_network_event(instance_, listed.network, "destroy");
}

std::vector<std::string> Engine::reload_networks(const std::vector<std::string>& containers) {
  std::vector<std::string> ids;
  for (const std::string& name : containers) ids.push_back(resolve(name).id());
  const bool all = containers.empty();
  const std::vector<Container> present = list_all();  // what ended unnoticed gives its addresses and ports back
  network::reload_host_state(database(), instance_);
  for (const Container& container : present) {
    for (const network::Endpoint& endpoint : container.state.endpoints) {
      network::reattach_endpoint(network::get_network(database(), endpoint.network_id), endpoint);
    }
    if (all && !container.state.endpoints.empty()) ids.push_back(container.id());
  }
  return ids;
}

void Engine::restore_firewall(Fd lock) {
  while (lock) {
    network::restore_firewall(database(), instance_);
    // From here on another shim's command may begin. A loss until now may have found the lock taken.
    lock.reset();
    if (!network::firewall_is_missing(database(), instance_)) return;
    lock = shim::try_lock_firewall(instance_.state);
  }
}

PruneReport Engine::prune_networks(const PruneOptions& options) {
  const Filters filters(options.filters, {"label", "label!", "until"});
  const std::int64_t now = format::now_ns();
  PruneReport report;
  for (const ListedNetwork& listed : networks({})) {
    const network::Network& network = listed.network;
    const auto has = [&](const std::string& wanted) { return has_label(network.settings.labels, wanted); };
    const bool is_chosen =
        is_dangling(database(), listed) && filters.all_of("label", has) &&
        filters.all_of("label!", [&](const std::string& wanted) { return !has(wanted); }) &&
        filters.all_of("until", [&](const std::string& text) { return network.created < parse_until(text, now); });
    if (!is_chosen) continue;
    try {
      if (!options.dry_run) remove_network(network.id);
    } catch (const Error& error) {
      // A container was started in it meanwhile, or another command was faster.
      if (error.kind() != ErrorKind::conflict && error.kind() != ErrorKind::not_found) throw;
      continue;
    }
    report.objects.push_back({network.name, 0});
  }
  if (!options.dry_run) record_prune_event(instance_, "network", 0);
  return report;
}

}  // namespace minidock

// Restricted containers as the database has them, and the part of the firewall that is about them.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "base/error.h"
#include "base/explain.h"
#include "network/egress.h"
#include "network/firewall_internal.h"
#include "network/host_tables.h"
#include "network/mac_address.h"

namespace minidock::network {

namespace {

// ENOENT: somebody flushed the ruleset meanwhile, or nobody was restricted when the tables were made. The database has
// this one, too.
void build_tables_if_missing(storage::Database& database, const storage::Instance& instance, int err,
                             const std::string& what) {
  if (err == 0) return;
  if (err != ENOENT) throw SysError(err, fmt::format("cannot restrict {} in nft table {}", what, instance.nft_table));
  const Fd lock = lock_host_state(instance);
  build_tables(database, instance);
}

// Tables that are gone hold nothing.
void require_release(int err, const storage::Instance& instance, const std::string& what) {
  if (err != 0 && err != ENOENT) {
    throw SysError(err,
                   fmt::format("cannot remove the egress rules of {} from nft table {}", what, instance.nft_table));
  }
}

// What follows the user's own rules may differ from network to network.
void add_missing(std::vector<EgressRule>& rules, const std::vector<EgressRule>& more) {
  for (const EgressRule& rule : more) {
    if (std::find(rules.begin(), rules.end(), rule) == rules.end()) rules.push_back(rule);
  }
}

std::vector<RestrictedContainer> load(storage::Database& database, const char* column, const std::string& id) {
  storage::Statement rows = database.prepare(
      fmt::format("SELECT container_id, egress, interface, gateway, endpoint_id, address, ipv6_address FROM endpoints "
                  "JOIN networks ON networks.id = network_id WHERE egress <> '' {} ORDER BY container_id",
                  *column == '\0' ? "" : fmt::format("AND {} = ?", column)));
  if (*column != '\0') rows.bind(id);
  std::vector<RestrictedContainer> containers;
  while (rows.step()) {
    if (containers.empty() || containers.back().id != rows.text(0)) containers.push_back({rows.text(0), {}, {}});
    add_missing(containers.back().rules, stored_egress_rules(rows.text(1)));
    const MacAddress mac = mac_of(stored_address(rows.text(3), "gateway of a network"));
    containers.back().endpoints.push_back({rows.text(2), std::string(mac.begin(), mac.end()),
                                           host_interface_name(rows.text(4)),
                                           sender_addresses(rows.text(5), rows.text(6))});
  }
  return containers;
}

}  // namespace

bool restricts_egress(storage::Database& database) {
  return database.prepare("SELECT 1 FROM endpoints WHERE egress <> '' LIMIT 1").step();
}

std::vector<RestrictedContainer> restricted_containers(storage::Database& database) { return load(database, "", ""); }

void restrict_egress(storage::Database& database, const storage::Instance& instance, const std::string& container_id) {
  for (const RestrictedContainer& container : load(database, "container_id", container_id)) {
    const explain::Step step("rule", [&] {
      return fmt::format("the container begins no connections but to {} destinations", container.rules.size());
    });
    build_tables_if_missing(database, instance, restrict_container(instance.nft_table, container),
                            "container " + container_id);
  }
}

void restrict_egress(storage::Database& database, const storage::Instance& instance, const Endpoint& endpoint) {
  for (const RestrictedContainer& container : load(database, "endpoint_id", endpoint.id)) {
    build_tables_if_missing(database, instance,
                            restrict_endpoint(instance.nft_table, container.id, container.endpoints.front()),
                            "interface " + endpoint.host_interface);
  }
}

Fd release_egress(storage::Database& database, const storage::Instance& instance, const std::string& container_id) {
  Fd lock = lock_host_state(instance);
  for (const RestrictedContainer& container : load(database, "container_id", container_id)) {
    require_release(unrestrict_container(instance.nft_table, container), instance, "container " + container_id);
  }
  return lock;
}

Fd release_egress(storage::Database& database, const storage::Instance& instance, const Endpoint& endpoint) {
  Fd lock = lock_host_state(instance);
  for (const RestrictedContainer& container : load(database, "endpoint_id", endpoint.id)) {
    require_release(unrestrict_endpoint(instance.nft_table, container.id, container.endpoints.front()), instance,
                    "interface " + endpoint.host_interface);
  }
  return lock;
}

}  // namespace minidock::network

// What the host carries for an instance's networks: made when it is missing, mended when somebody broke it.
#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/file.h>

#include <algorithm>

#include "base/error.h"
#include "base/explain.h"
#include "base/syscall.h"
#include "network/bridge.h"
#include "network/driver.h"
#include "network/egress.h"
#include "network/firewall_internal.h"
#include "network/host_check.h"
#include "network/host_tables.h"
#include "network/network_rows.h"
#include "network/networks.h"
#include "network/sysctls.h"

namespace minidock::network {

namespace {

std::vector<FirewalledNetwork> firewalled_networks(storage::Database& database) {
  std::vector<FirewalledNetwork> networks;
  for (const Network& network : load_networks(database)) {
    if (!is_bridged(network)) continue;
    std::vector<IpPrefix> subnets{IpPrefix::of(subnet_of(network))};
    if (const std::optional<Ipv6Subnet> ipv6 = ipv6_subnet_of(network)) subnets.push_back(IpPrefix::of(*ipv6));
    networks.push_back({network.interface, std::move(subnets), network.settings.internal, network.bridge.masquerade,
                        network.bridge.icc, !network.bridge.allow_spoofing});
  }
  return networks;
}

std::vector<Publication> publications(storage::Database& database) {
  std::vector<Publication> result;
  // Those of a container that was disconnected from all its networks lead nowhere.
  storage::Statement rows = database.prepare(
      "SELECT protocol, host_ip, host_port, container_port, container_ip FROM ports WHERE container_ip <> ''");
  while (rows.step()) {
    Publication publication;
    publication.port = {rows.text(0), rows.text(1), static_cast<std::uint16_t>(rows.int64(2)),
                        static_cast<std::uint16_t>(rows.int64(3))};
    publication.container_ip = rows.text(4);
    result.push_back(std::move(publication));
  }
  return result;
}

std::vector<GuardedEndpoint> guarded_endpoints(storage::Database& database) {
  std::vector<GuardedEndpoint> result;
  for (const Network& network : load_networks(database)) {
    if (!is_bridged(network) || network.bridge.allow_spoofing) continue;
    for (const Lease& lease : leases_of(database, network.id)) {
      result.push_back({host_interface_name(lease.endpoint_id), sender_addresses(lease.address, lease.ipv6_address)});
    }
  }
  return result;
}

bool has_firewall(storage::Database& database, const storage::Instance& instance) {
  return firewall_is_ready(instance.nft_table, firewalled_networks(database), restricts_egress(database));
}

// What the host carries for a network outside the tables.
bool is_ready(const Network& network) { return driver_of(network).is_ready(network); }

void make_ready(storage::Database& database, const storage::Instance& instance, const Network& network) {
  driver_of(network).make_ready(database, instance, network);
}

// What these networks need on the host, in words.
std::string needs_text(const storage::Instance& instance, const std::vector<Network>& networks) {
  std::vector<std::string> needs;
  for (const Network& network : networks) {
    needs.push_back(is_bridged(network) ? "bridge " + network.interface : "parent " + network.parent.interface);
  }
  if (std::any_of(networks.begin(), networks.end(), is_bridged)) {
    needs.push_back("nft table " + instance.nft_table);
    needs.push_back("ip_forward");
  }
  return fmt::format("{}", fmt::join(needs, ", "));
}

}  // namespace

Fd lock_host_state(const storage::Instance& instance) {
  Fd lock = sys::open(instance.state + "/network.lock", O_RDWR | O_CREAT, 0600);
  sys::flock(lock.get(), LOCK_EX);
  return lock;
}

// The database stands still meanwhile: what is reserved after it was read would be published in the old tables and be
// gone with them.
void build_tables(storage::Database& database, const storage::Instance& instance) {
  const explain::Step step("rule",
                           [&] { return fmt::format("nft tables inet and bridge {} built", instance.nft_table); });
  const storage::Transaction transaction(database);
  build_firewall(instance.nft_table, firewalled_networks(database),
                 {publications(database), guarded_endpoints(database), restricted_containers(database)});
}

void ensure_host_state(storage::Database& database, const storage::Instance& instance,
                       const std::vector<Network>& networks) {
  const bool needs_tables = std::any_of(networks.begin(), networks.end(), is_bridged);
  const auto tables_are_ready = [&] { return !needs_tables || has_firewall(database, instance); };
  {
    const explain::Step step("rule",
                             [&] { return "looked whether all is as it must be: " + needs_text(instance, networks); });
    if (tables_are_ready() && std::all_of(networks.begin(), networks.end(), is_ready)) return;
  }
  const Fd lock = lock_host_state(instance);
  // The guards first: nothing may be reachable that they keep closed, not even for a moment.
  // Networks that came while this waited are in the tables of whoever had the lock.
  if (!tables_are_ready()) build_tables(database, instance);
  for (const Network& network : networks) make_ready(database, instance, network);
}

void guard_endpoint(storage::Database& database, const storage::Instance& instance, const Network& network,
                    const Endpoint& endpoint) {
  if (!is_bridged(network) || network.bridge.allow_spoofing) return;
  const explain::Step step(
      "rule", [&] { return fmt::format("{} sends as {} alone", endpoint.host_interface, endpoint.address); });
  const int err = add_guarded_endpoint(
      instance.nft_table, {endpoint.host_interface, sender_addresses(endpoint.address, endpoint.ipv6_address)});
  if (err == 0) return;
  if (err != ENOENT && err != ENFILE) {
    throw SysError(err, fmt::format("cannot guard interface {} in nft table bridge {}", endpoint.host_interface,
                                    instance.nft_table));
  }
  // Somebody flushed the ruleset meanwhile, or those that ended have filled the sets. The database has this one too.
  const Fd lock = lock_host_state(instance);
  build_tables(database, instance);
}

void prove_network(const Network& network) { driver_of(network).prove(network); }

void reload_host_state(storage::Database& database, const storage::Instance& instance) {
  const Fd lock = lock_host_state(instance);
  std::vector<Network> networks = load_networks(database);
  // Parents are not looked at: containers whose parent went have lost their interface, and only a start gives them one.
  std::erase_if(networks, [](const Network& network) { return !is_bridged(network); });
  if (networks.empty()) return;
  build_tables(database, instance);
  for (const Network& network : networks) make_ready(database, instance, network);
}

bool firewall_is_missing(storage::Database& database, const storage::Instance& instance) {
  // Without an endpoint nobody needs it: the instance may be on its way to be reset.
  const std::vector<Network> networks = load_networks(database);
  const bool is_needed = std::any_of(networks.begin(), networks.end(), [&](const Network& network) {
    return is_bridged(network) && !leases_of(database, network.id).empty();
  });
  return is_needed && !has_firewall(database, instance);
}

void restore_firewall(storage::Database& database, const storage::Instance& instance) {
  const Fd lock = lock_host_state(instance);
  if (firewall_is_missing(database, instance)) build_tables(database, instance);
}

bool firewall_is_damaged(storage::Database& database, const storage::Instance& instance) {
  if (!firewall_is_missing(database, instance)) return false;
  const std::optional<Network> unused = find_row(database, "name", kDefaultNetwork);
  if (!unused || !leases_of(database, unused->id).empty()) return true;
  std::vector<FirewalledNetwork> others = firewalled_networks(database);
  std::erase_if(others, [&](const FirewalledNetwork& network) { return network.interface == unused->interface; });
  return !firewall_is_ready(instance.nft_table, others, restricts_egress(database));
}

void rebuild_firewall(storage::Database& database, const storage::Instance& instance) {
  const Fd lock = lock_host_state(instance);
  build_tables(database, instance);
}

bool remove_unused_bridge(storage::Database& database, const storage::Instance& instance, const std::string& interface,
                          bool removes) {
  const Fd lock = lock_host_state(instance);
  if (find_row(database, "interface", interface)) return false;
  if (removes) remove_link(interface);
  return true;
}

void remove_network_state(storage::Database& database, const storage::Instance& instance, const Network& network) {
  const Fd lock = lock_host_state(instance);
  driver_of(network).remove(instance, network, load_networks(database));
  if (is_bridged(network) && firewall_exists(instance.nft_table)) build_tables(database, instance);
}

void remove_host_state(storage::Database& database, const storage::Instance& instance, bool with_user_rules) {
  const Fd lock = lock_host_state(instance);
  storage::Statement endpoints = database.prepare("SELECT count(*), min(container_id) FROM endpoints");
  endpoints.step();
  if (endpoints.int64(0) > 0) {
    throw Error(ErrorKind::conflict, fmt::format("the networks are in use by {} containers, {} among them: remove them "
                                                 "first",
                                                 endpoints.int64(0), endpoints.text(1).substr(0, 12)));
  }
  for (const Network& network : load_networks(database)) driver_of(network).remove(instance, network, {});
  restore_host_sysctls(database);
  // The guards last, for the same reason.
  remove_firewall(instance.nft_table, with_user_rules);
}

}  // namespace minidock::network

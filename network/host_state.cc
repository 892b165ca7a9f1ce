// What the host carries for an instance's networks: made when it is missing, mended when somebody broke it.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include "base/error.h"
#include "base/explain.h"
#include "base/syscall.h"
#include "network/bridge.h"
#include "network/firewall.h"
#include "network/network_rows.h"
#include "network/networks.h"
#include "network/sysctls.h"

namespace minidock::network {

namespace {

constexpr char kForwarding[] = "net/ipv4/ip_forward";

// Held while bridge and table are made or removed, so that containers that start together make them once.
Fd lock_host_state(const storage::Instance& instance) {
  Fd lock = sys::open(instance.state + "/network.lock", O_RDWR | O_CREAT, 0600);
  sys::flock(lock.get(), LOCK_EX);
  return lock;
}

std::vector<FirewalledNetwork> firewalled_networks(storage::Database& database) {
  std::vector<FirewalledNetwork> networks;
  for (const Network& network : load_networks(database)) {
    networks.push_back({network.interface, subnet_of(network), network.settings.internal, network.bridge.masquerade});
  }
  return networks;
}

std::vector<Publication> publications(storage::Database& database) {
  std::vector<Publication> result;
  storage::Statement rows =
      database.prepare("SELECT protocol, host_ip, host_port, container_port, container_ip FROM ports");
  while (rows.step()) {
    Publication publication;
    publication.port = {rows.text(0), rows.text(1), static_cast<std::uint16_t>(rows.int64(2)),
                        static_cast<std::uint16_t>(rows.int64(3))};
    publication.container_ip = rows.text(4);
    result.push_back(std::move(publication));
  }
  return result;
}

}  // namespace

void ensure_host_state(storage::Database& database, const storage::Instance& instance, const Network& network) {
  const std::vector<FirewalledNetwork> networks = firewalled_networks(database);
  const auto is_ready = [&] {
    return firewall_is_ready(instance.nft_table, networks) && bridge_is_ready(network) &&
           read_sysctl(kForwarding) == "1";
  };
  {
    const explain::Step step("rule", [&] {
      return fmt::format("looked whether nft table {}, bridge {} and ip_forward are as they must be",
                         instance.nft_table, network.interface);
    });
    if (is_ready()) return;
  }
  const Fd lock = lock_host_state(instance);
  // The guards first: nothing may be reachable that they keep closed, not even for a moment.
  if (!firewall_is_ready(instance.nft_table, networks)) {
    const explain::Step step("rule", [&] { return fmt::format("nft table inet {} built", instance.nft_table); });
    build_firewall(instance.nft_table, networks, publications(database));
  }
  if (!bridge_is_ready(network)) {
    const explain::Step step(
        "link", [&] { return fmt::format("bridge {} with address {}", network.interface, network.gateway); });
    make_bridge_ready(network);
  }
  const explain::Step step("sysctl", [] { return "net.ipv4.ip_forward = 1"; });
  change_host_sysctl(database, kForwarding, "1");
}

void remove_network_state(storage::Database& database, const storage::Instance& instance, const Network& network) {
  const Fd lock = lock_host_state(instance);
  remove_link(network.interface);
  if (firewall_exists(instance.nft_table)) {
    build_firewall(instance.nft_table, firewalled_networks(database), publications(database));
  }
}

void remove_host_state(storage::Database& database, const storage::Instance& instance) {
  const Fd lock = lock_host_state(instance);
  storage::Statement endpoints = database.prepare("SELECT count(*), min(container_id) FROM endpoints");
  endpoints.step();
  if (endpoints.int64(0) > 0) {
    throw Error(ErrorKind::conflict, fmt::format("the networks are in use by {} containers, {} among them: remove them "
                                                 "first",
                                                 endpoints.int64(0), endpoints.text(1).substr(0, 12)));
  }
  for (const Network& network : load_networks(database)) remove_link(network.interface);
  restore_host_sysctls(database);
  // The guards last, for the same reason.
  remove_firewall(instance.nft_table);
}

}  // namespace minidock::network

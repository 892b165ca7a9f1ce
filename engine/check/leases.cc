#include <fmt/format.h>

#include "engine/check/check.h"
#include "engine/names.h"
#include "engine/port_changes.h"

namespace minidock::check {
namespace {

// Rows of containers that have no row, or one that is at rest.
constexpr char kOfNobody[] =
    "container_id NOT IN (SELECT id FROM containers WHERE status NOT IN ('created', 'exited'))";

struct LeasedAddress {
  std::string container_id;
  std::string address;
  std::string network_id;
};

std::vector<LeasedAddress> addresses_of_nobody(storage::Database& database) {
  std::vector<LeasedAddress> found;
  storage::Statement rows = database.prepare(
      fmt::format("SELECT container_id, address, ipv6_address, network_id FROM endpoints WHERE {}", kOfNobody));
  while (rows.step()) {
    found.push_back({rows.text(0), rows.text(1), rows.text(3)});
    if (!rows.text(2).empty()) found.push_back({rows.text(0), rows.text(2), rows.text(3)});
  }
  return found;
}

struct ReservedPort {
  std::string container_id;
  network::PublishedPort port;
};

std::vector<ReservedPort> ports_of_nobody(storage::Database& database) {
  std::vector<ReservedPort> found;
  storage::Statement rows = database.prepare(
      fmt::format("SELECT container_id, protocol, host_ip, host_port, container_port FROM ports WHERE {}", kOfNobody));
  while (rows.step()) {
    found.push_back({rows.text(0),
                     {rows.text(1), rows.text(2), static_cast<std::uint16_t>(rows.int64(3)),
                      static_cast<std::uint16_t>(rows.int64(4))}});
  }
  return found;
}

void release_all(EngineContext& context, const std::string& container_id) {
  std::vector<network::PublishedPort> ports;
  for (const ReservedPort& reserved : ports_of_nobody(context.database)) {
    if (reserved.container_id == container_id) ports.push_back(reserved.port);
  }
  std::vector<std::string> networks;
  for (const LeasedAddress& lease : addresses_of_nobody(context.database)) {
    if (lease.container_id == container_id) networks.push_back(lease.network_id);
  }
  // While the rows are there nobody else gets the ports.
  network::unpublish_ports(context.instance, ports);
  const Fd egress_lock = network::release_egress(context.database, context.instance, container_id);
  storage::Transaction transaction(context.database);
  network::release_reservations(context.database, container_id);
  transaction.commit();
  for (const std::string& id : networks) publish_network_names(context, id);
}

// `is_still`: whether the row is there as it was.
template <typename IsStill>
std::function<bool(bool)> release_of(EngineContext& context, const std::string& container_id, IsStill is_still) {
  return [&context, container_id, is_still](bool repairs) {
    const std::optional<Unowned> unowned = Unowned::hold(context, container_id);
    if (!unowned || unowned->is_dead() || !is_still()) return false;
    if (repairs) release_all(context, container_id);
    return true;
  };
}

std::string owner_text(const Picture& picture, const std::string& id) {
  const bool has_row = picture.find(id) != nullptr;
  return fmt::format("container {}, which {}", name_of(picture, id), has_row ? "does not run" : "is gone");
}

void add_addresses(EngineContext& context, const Picture& picture, Suspicions& found) {
  for (const LeasedAddress& lease : addresses_of_nobody(context.database)) {
    const network::Network* network = picture.network(lease.network_id);
    const std::string on = network == nullptr ? short_id(lease.network_id) : network->name;
    const auto is_still = [&context, lease] {
      for (const LeasedAddress& current : addresses_of_nobody(context.database)) {
        if (current.container_id == lease.container_id && current.address == lease.address) return true;
      }
      return false;
    };
    found.push_back({"address", lease.address,
                     fmt::format("on network {} is leased to {}", on, owner_text(picture, lease.container_id)),
                     "released", release_of(context, lease.container_id, is_still)});
  }
}

bool is_same(const network::PublishedPort& a, const network::PublishedPort& b) {
  return a.protocol == b.protocol && a.host_ip == b.host_ip && a.host_port == b.host_port;
}

void add_ports(EngineContext& context, const Picture& picture, Suspicions& found) {
  for (const ReservedPort& reserved : ports_of_nobody(context.database)) {
    const auto is_still = [&context, reserved] {
      for (const ReservedPort& current : ports_of_nobody(context.database)) {
        if (current.container_id == reserved.container_id && is_same(current.port, reserved.port)) return true;
      }
      return false;
    };
    found.push_back({"port", port_text(reserved.port), "is reserved for " + owner_text(picture, reserved.container_id),
                     "released", release_of(context, reserved.container_id, is_still)});
  }
}

void add_broken_changes(EngineContext& context, const Picture& picture, Suspicions& found) {
  for (const SeenContainer& seen : picture.containers) {
    const std::string id = seen.container.id();
    if (seen.life != Life::running || !has_broken_change(context.instance, id)) continue;
    const auto examine = [&context, id](bool repairs) {
      if (!has_broken_change(context.instance, id)) return false;
      if (repairs) mend_ports(context, id);
      return true;
    };
    found.push_back({"port", "of container " + seen.container.name(),
                     "may be open or closed: an update of the published ports was cut off", "made as the database says",
                     examine});
  }
}

}  // namespace

Suspicions look_for_leases(EngineContext& context, const Picture& picture) {
  Suspicions found;
  add_addresses(context, picture, found);
  add_ports(context, picture, found);
  add_broken_changes(context, picture, found);
  return found;
}

}  // namespace minidock::check

// What the kinds of networks do differently: "bridge" joins containers to a bridge of their network, "macvlan" and
// "ipvlan" let them stand on an interface of the host, the parent. Everything else is the same for all.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "network/network.h"

namespace minidock::network {

class Driver {
 public:
  virtual ~Driver() = default;

  // ---- what the database reserves

  // Whether a network can be made beside the others of the instance. ErrorKind::conflict, ErrorKind::invalid_argument.
  virtual void check(const Network& network, const std::vector<Network>& others) const = 0;
  // Whether another container fits. ErrorKind::unavailable.
  virtual void check_room(const Network& network, std::int64_t endpoints) const = 0;
  // Gives an endpoint that has its addresses what depends on the driver: MAC address, the host's interface, gateways.
  // ErrorKind::invalid_argument for a MAC address that cannot be asked for.
  virtual void complete(const Network& network, const EndpointRequest& request, Endpoint& endpoint) const = 0;

  // ---- what the host carries; the caller of those that change it holds the instance's network lock

  virtual bool is_ready(const Network& network) const = 0;
  // ErrorKind::not_found, conflict, unsupported or unavailable where it cannot be.
  virtual void make_ready(storage::Database& database, const storage::Instance& instance,
                          const Network& network) const = 0;
  // Asks the kernel for what a container would get, and gives it back: who makes a network learns at once what is
  // wrong with it. The host's part is ready.
  virtual void prove(const Network& network) const = 0;
  // Takes away what minidock made for the network and none of the others uses. Safe when it is gone.
  virtual void remove(const storage::Instance& instance, const Network& network,
                      const std::vector<Network>& others) const = 0;

  // ---- a container's end

  // Makes the endpoint's interface in the network namespace `netns`, down and without addresses.
  virtual void create_interface(const storage::Instance& instance, const Network& network, const Endpoint& endpoint,
                                int netns) const = 0;
  // Whether strangers may have the addresses of a container already, so that it has to ask before it uses one (IPv6).
  virtual bool is_shared_with_strangers() const = 0;
};

// Of a stored network; ErrorKind::corrupt_data for a driver that there is not.
const Driver& driver_of(const Network& network);

// The drivers' objects.
const Driver& bridge_driver();
const Driver& macvlan_driver();
const Driver& ipvlan_driver();

}  // namespace minidock::network

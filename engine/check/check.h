// `system check`: what the database says there should be, compared with what there is, a kind of thing a file.
//
//   take_picture()      the database in one transaction, and which containers live
//   look_for_…()        suspicions: what differs at this moment. Others start and end containers meanwhile, so
//   (again and again)   only what lasts is a suspicion still (engine/verbs/check.cc)
//   examine()           looks once more under the locks of those who make and remove such a thing: that is told, or put
//                       right there while nobody else can be at it
//
// Which locks: a container's own for what is its alone (whoever can take it knows that nobody is alive behind the
// container, see container_store.h); the lock of its changes for what a running one has of networks (port_changes.h);
// the network's lock for bridges and tables (network/host_state.cc).
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/fd.h"
#include "engine/container_store.h"
#include "engine/context.h"
#include "network/networks.h"

namespace minidock::check {

enum class Life {
  none,     // created or exited: it holds nothing
  dead,     // its row says that it lives, but nobody is behind it
  busy,     // somebody starts, restarts, ends or removes it just now
  running,  // its main process is there, and has its networks
};

struct SeenContainer {
  Container container;  // its state as `ps` would show it
  Life life = Life::none;
  std::string error;  // why it cannot be told (it counts as busy then): a damaged file in its directories
};

struct Picture {
  std::vector<SeenContainer> containers;
  std::vector<network::Network> networks;

  // Null when it has no row.
  const SeenContainer* find(const std::string& id) const;
  bool is_running(const std::string& id) const;
  // Somebody is behind it.
  bool is_alive(const std::string& id) const;
  const network::Network* network(const std::string& id) const;
};
Picture take_picture(EngineContext& context);

// How a container is at this moment.
SeenContainer see(EngineContext& context, Container row);
// The same of one that is to be found in the database anew; nothing without a row.
std::optional<SeenContainer> see(EngineContext& context, const std::string& id);

struct Suspicion {
  std::string kind;    // "interface"
  std::string object;  // "md0123456789abc"
  std::string what;    // as the end of a sentence about the object: "belongs to no endpoint"
  std::string remedy;  // what was done when it is repaired: "removed"
  // Whether it is so, looked at under locks; with `repairs` it is not so any more then. Errors of the repair.
  std::function<bool(bool repairs)> examine;
  // How long it has to last before anybody is told: what the kernel takes away by itself takes it a while.
  std::chrono::milliseconds patience{1000};
};
using Suspicions = std::vector<Suspicion>;
using Look = Suspicions (*)(EngineContext& context, const Picture& picture);

// A container that nobody is behind, with its addresses and ports.
Suspicions look_for_dead_containers(EngineContext& context, const Picture& picture);
// Addresses and ports of no container, or of one that does not live; changes of ports that were cut off.
Suspicions look_for_leases(EngineContext& context, const Picture& picture);
// Bridges, and whether the host forwards.
Suspicions look_for_bridges(EngineContext& context, const Picture& picture);
Suspicions look_for_interfaces(EngineContext& context, const Picture& picture);
Suspicions look_for_firewall(EngineContext& context, const Picture& picture);
// What the name servers read.
Suspicions look_for_names(EngineContext& context, const Picture& picture);
// Links that tell what runs: <state>/names/NAME, /run/netns/NAME.
Suspicions look_for_links(EngineContext& context, const Picture& picture);
Suspicions look_for_mounts(EngineContext& context, const Picture& picture);
Suspicions look_for_cgroups(EngineContext& context, const Picture& picture);
// Of containers that are gone. After all others: the lock of a container is in one.
Suspicions look_for_directories(EngineContext& context, const Picture& picture);

// ---- for who examines

// A container that nobody is behind, or none at all any more: while this lives nobody starts or removes it.
class Unowned {
 public:
  // Nothing when somebody has the container's lock.
  static std::optional<Unowned> hold(EngineContext& context, const std::string& id);
  Unowned(Unowned&& other) noexcept;
  Unowned(const Unowned&) = delete;
  Unowned& operator=(const Unowned&) = delete;
  // Takes away what taking the lock has made.
  ~Unowned();

  // As of now; nothing without a row.
  const std::optional<Container>& row() const { return row_; }
  // Its row says that it lives, or that it was to be removed: settle_held() puts that right.
  bool is_dead() const;

 private:
  Unowned(EngineContext& context, std::string id) : context_(&context), id_(std::move(id)) {}

  EngineContext* context_;  // null: moved from
  std::string id_;
  bool made_directory_ = false;
  Fd lock_;
  std::optional<Container> row_;
};

// 64 hex digits: what a directory or a group of a container is called.
bool is_container_id(const std::string& name);
// "web", or the short id of what has no row.
std::string name_of(const Picture& picture, const std::string& id);
std::string short_id(const std::string& id);
// "0.0.0.0:8080/tcp", "[::]:8080/tcp"
std::string port_text(const network::PublishedPort& port);

}  // namespace minidock::check

#include "engine/port_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "network/ip_prefix.h"

namespace minidock {
namespace {

using network::PublishedPort;

bool addresses_meet(const PublishedPort& a, const PublishedPort& b) {
  if (a.host_ip.empty() || b.host_ip.empty()) return true;
  return a.host_ip == b.host_ip || (network::family_of(a.host_ip) == network::family_of(b.host_ip) &&
                                    (network::is_every_address(a.host_ip) || network::is_every_address(b.host_ip)));
}

// Whether `published` can have come of `request`. "Everywhere" may have become a network's own address, or both IPv4
// and IPv6.
bool comes_of(const PublishedPort& published, const PublishedPort& request) {
  if (published.protocol != request.protocol || published.container_port != request.container_port) return false;
  if (!request.host_ip.empty() && published.host_ip != request.host_ip) return false;
  if (request.host_port == 0) return true;
  const std::uint16_t last = request.host_port_last == 0 ? request.host_port : request.host_port_last;
  return request.host_port <= published.host_port && published.host_port <= last;
}

// Those that stand for one port of the host come before those that leave the choice.
std::vector<std::size_t> requests_in_order(const std::vector<PublishedPort>& requested) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < requested.size(); ++i) order.push_back(i);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const auto is_free = [&](std::size_t i) { return requested[i].host_port == 0 || requested[i].host_port_last != 0; };
    return is_free(a) < is_free(b);
  });
  return order;
}

class Selection {
 public:
  Selection(const std::vector<PublishedPort>& requested, const std::vector<PublishedPort>& published,
            const std::string& container)
      : requested_(requested), published_(published), container_(container), order_(requests_in_order(requested)) {}

  void add(const PortSelector& selector) {
    bool found = false;
    for (std::size_t i = 0; i < published_.size(); ++i) {
      if (!selector.selects_published(published_[i])) continue;
      found = true;
      if (published_chosen_.insert(i).second) claim(published_[i]);
    }
    // Without a port that is published: the container is at rest, or has no network.
    for (std::size_t i = 0; !found && i < requested_.size(); ++i) {
      if (selector.selects_requested(requested_[i])) found = requested_chosen_.insert(i).second || found;
    }
    if (found) return;
    throw Error(ErrorKind::not_found, fmt::format("No public port '{}' published for {}", selector.text(), container_));
  }

  bool has_published(std::size_t i) const { return published_chosen_.contains(i); }
  bool has_requested(std::size_t i) const { return requested_chosen_.contains(i); }

 private:
  // The request that `port` has come of goes with it, and what it stands for in the other family, too.
  void claim(const PublishedPort& port) {
    bool has_request = false;
    for (const std::size_t i : order_) {
      if (!comes_of(port, requested_[i])) continue;
      has_request = true;
      if (!requested_chosen_.insert(i).second) continue;
      choose_in_both_families(port, requested_[i]);
      return;
    }
    if (has_request) return;
    throw Error(
        ErrorKind::conflict,
        fmt::format("port {}:{}/{} of {} is published by --publish-all: its next start would publish {}/{} again",
                    port.host_ip, port.host_port, port.protocol, container_, port.container_port, port.protocol));
  }

  void choose_in_both_families(const PublishedPort& port, const PublishedPort& request) {
    for (std::size_t i = 0; i < published_.size() && request.host_ip.empty(); ++i) {
      if (published_[i].host_port == port.host_port && comes_of(published_[i], request)) published_chosen_.insert(i);
    }
  }

  const std::vector<PublishedPort>& requested_;
  const std::vector<PublishedPort>& published_;
  const std::string& container_;
  std::vector<std::size_t> order_;
  std::set<std::size_t> published_chosen_;
  std::set<std::size_t> requested_chosen_;
};

// What no start could publish beside what is asked for already.
void check_is_free(const PublishedPort& port, const std::vector<PublishedPort>& requested) {
  if (port.host_port == 0 || port.host_port_last != 0) return;
  const bool is_taken = std::any_of(requested.begin(), requested.end(), [&](const PublishedPort& other) {
    return other.host_port == port.host_port && other.host_port_last == 0 && other.protocol == port.protocol &&
           addresses_meet(other, port);
  });
  if (!is_taken) return;
  throw Error(ErrorKind::conflict,
              fmt::format("Bind for {}:{} failed: port is already allocated",
                          port.host_ip.empty() ? network::kEveryAddress : port.host_ip, port.host_port));
}

}  // namespace

PortPlan plan_port_changes(const PortChanges& changes, const std::vector<PublishedPort>& requested,
                           const std::vector<PublishedPort>& published, const std::string& container) {
  Selection selection(requested, published, container);
  for (const PortSelector& selector : changes.remove) selection.add(selector);
  PortPlan plan;
  for (std::size_t i = 0; i < requested.size(); ++i) {
    if (!selection.has_requested(i)) plan.requested.push_back(requested[i]);
  }
  for (std::size_t i = 0; i < published.size(); ++i) {
    (selection.has_published(i) ? plan.removed : plan.kept).push_back(published[i]);
  }
  for (const PublishedPort& port : changes.add) {
    check_is_free(port, plan.requested);
    plan.requested.push_back(port);
    plan.added.push_back(port);
  }
  return plan;
}

}  // namespace minidock

#include "engine/attachments.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "engine/egress.h"
#include "network/networks.h"

namespace minidock {
namespace {

constexpr std::size_t kShortId = 12;
constexpr std::string_view kContainer = "container:";

// eth0 for the first, then the lowest number that is free.
std::string next_interface(const std::vector<network::Endpoint>& endpoints) {
  for (std::size_t number = 0;; ++number) {
    const std::string name = fmt::format("eth{}", number);
    const bool is_taken = std::any_of(endpoints.begin(), endpoints.end(),
                                      [&](const network::Endpoint& endpoint) { return endpoint.interface == name; });
    if (!is_taken) return name;
  }
}

}  // namespace

bool has_networks(const std::string& network_mode) {
  return network_mode != "none" && network_mode != "host" && !network_mode.starts_with(kContainer) &&
         !network_mode.starts_with("ns:");
}

std::string network_files_directory(const storage::Instance& instance, const ContainerDefinition& definition) {
  const std::string& mode = definition.host.network_mode;
  return instance.container_dir(mode.starts_with(kContainer) ? mode.substr(kContainer.size()) : definition.id);
}

NetworkAttachment on_default_network() {
  NetworkAttachment attachment;
  attachment.network = network::kDefaultNetwork;
  return attachment;
}

void complete_attachments(const EngineContext& context, ContainerDefinition& definition) {
  const std::string& mode = definition.host.network_mode;
  std::vector<NetworkAttachment>& networks = definition.networks;
  if (!has_networks(mode)) {
    if (networks.empty()) return;
    throw Error(ErrorKind::invalid_argument,
                "conflicting options: cannot attach both user-defined and non-user-defined network-modes");
  }
  if (networks.empty()) {
    networks.push_back(on_default_network());
    if (mode != "default") networks.front().network = mode;
  }
  if (networks.front().mac_address.empty()) networks.front().mac_address = definition.config.mac_address;
  std::set<std::string> seen;
  for (NetworkAttachment& attachment : networks) {
    const auto found = network::find_network(context.database, attachment.network);
    if (found) attachment.network = found->name;
    if (seen.insert(attachment.network).second) continue;
    throw Error(ErrorKind::invalid_argument,
                fmt::format("network \"{}\" is specified multiple times", attachment.network));
  }
}

std::vector<NetworkAttachment>::const_iterator find_attachment(const std::vector<NetworkAttachment>& networks,
                                                               const std::string& name) {
  return std::find_if(networks.begin(), networks.end(),
                      [&](const NetworkAttachment& attachment) { return attachment.network == name; });
}

std::vector<std::string> addresses_of(const network::Endpoint& endpoint) {
  std::vector<std::string> addresses{endpoint.address};
  if (!endpoint.ipv6_address.empty()) addresses.push_back(endpoint.ipv6_address);
  return addresses;
}

network::Network network_of(const EngineContext& context, const NetworkAttachment& attachment) {
  if (attachment.network != network::kDefaultNetwork) {
    return network::get_network(context.database, attachment.network);
  }
  return network::default_network(context.database, context.instance, context.config.bip);
}

std::vector<std::string> dns_names(const ContainerDefinition& definition, const NetworkAttachment& attachment) {
  std::vector<std::string> names{lower_case(definition.name), definition.id.substr(0, kShortId)};
  const auto add = [&](const std::string& text) {
    const std::string name = lower_case(text);
    const bool is_word = !name.empty() && name.find_first_of(" \t\r\n") == std::string::npos;
    if (is_word && std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  };
  for (const std::string& alias : attachment.aliases) add(alias);
  add(definition.config.hostname);
  return names;
}

void reserve_attachment(const EngineContext& context, Container& container, const NetworkAttachment& attachment,
                        const network::Network& network) {
  network::EndpointRequest request;
  request.interface = next_interface(container.state.endpoints);
  request.address = attachment.address;
  request.ipv6_address = attachment.ipv6_address;
  request.mac_address = attachment.mac_address;
  request.gateway_priority = attachment.gateway_priority;
  request.names = dns_names(container.definition, attachment);
  request.egress = egress_of(container.definition, network);
  container.state.endpoints.push_back(network::reserve_endpoint(context.database, network, container.id(), request));
}

}  // namespace minidock

#include "engine/names.h"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <sstream>

#include "base/file.h"
#include "base/syscall.h"
#include "engine/attachments.h"
#include "engine/egress.h"
#include "names/directory.h"
#include "network/networks.h"

namespace minidock {
namespace {

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

// --dns is the container's own choice, and asked from there, unless it may not speak to them itself; daemon.json's
// servers and the host's are the host's.
std::vector<names::Upstream> upstreams_of(const DaemonConfig& config, const HostConfig& host) {
  std::vector<names::Upstream> upstreams;
  for (const std::string& server : host.dns) upstreams.push_back({server, !is_egress_restricted(host)});
  if (!upstreams.empty()) return upstreams;
  for (const std::string& server : config.dns) upstreams.push_back({server, false});
  return upstreams;
}

names::View view_of(const EngineContext& context, const Container& container) {
  names::View view;
  view.upstreams = upstreams_of(context.config, container.definition.host);
  for (const network::Endpoint& endpoint : container.state.endpoints) {
    // Where there is no gateway there is no way out.
    view.networks.push_back({endpoint.network_id, endpoint.network_name, endpoint.gateway.empty()});
  }
  for (const NetworkAttachment& attachment : container.definition.networks) {
    for (const ContainerLink& link : attachment.links) view.links.push_back({link.alias, link.id});
  }
  return view;
}

}  // namespace

bool has_name_server(const DaemonConfig& config, const ContainerDefinition& definition) {
  if (!has_networks(definition.host.network_mode)) return false;
  if (is_egress_restricted(definition.host)) return true;  // it learns of nobody else where names lead to
  return (config.default_network_names && definition.host.dns.empty()) ||
         std::any_of(definition.networks.begin(), definition.networks.end(), [](const NetworkAttachment& attachment) {
           return attachment.network != network::kDefaultNetwork;
         });
}

std::string networks_directory(const storage::Instance& instance) { return instance.state + "/networks"; }

std::string names_view_path(const storage::Instance& instance, const std::string& container_id) {
  return instance.container_state_dir(container_id) + "/names";
}

std::string network_names(const EngineContext& context, const std::string& network_id) {
  std::vector<names::NamedEndpoint> endpoints;
  for (const network::Lease& lease : network::leases_of(context.database, network_id)) {
    endpoints.push_back({lease.address, lease.ipv6_address, lease.container_id, words_of(lease.names)});
  }
  return names::network_file(endpoints);
}

void publish_network_names(const EngineContext& context, const std::string& network_id) {
  const std::string directory = networks_directory(context.instance);
  file::make_directories(directory, 0700);
  // Who comes later has read what is newer.
  const Fd lock = sys::open(directory + "/lock", O_RDWR | O_CREAT, 0600);
  sys::flock(lock.get(), LOCK_EX);
  file::replace(directory + "/" + network_id, network_names(context, network_id), 0600);
}

void publish_network_names(const EngineContext& context, const std::vector<network::Endpoint>& endpoints) {
  for (const network::Endpoint& endpoint : endpoints) publish_network_names(context, endpoint.network_id);
}

void remove_network_names(const storage::Instance& instance, const std::string& network_id) {
  sys::unlinkat_if_present(AT_FDCWD, networks_directory(instance) + "/" + network_id, 0);
}

void publish_names(const EngineContext& context, const Container& container) {
  file::replace(names_view_path(context.instance, container.id()), names::view_file(view_of(context, container)), 0600);
  publish_network_names(context, container.state.endpoints);
}

void rename_in_networks(const EngineContext& context, const Container& renamed) {
  for (const network::Endpoint& endpoint : renamed.state.endpoints) {
    const std::vector<NetworkAttachment>& networks = renamed.definition.networks;
    const auto attachment = find_attachment(networks, endpoint.network_name);
    if (attachment == networks.end()) continue;
    network::rename_endpoint(context.database, endpoint, dns_names(renamed.definition, *attachment));
    publish_network_names(context, endpoint.network_id);
  }
}

}  // namespace minidock

// Published ports as elements of the firewall's maps: one element a port, the same cost for the ten-thousandth.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <cerrno>
#include <map>
#include <string_view>

#include "base/error.h"
#include "base/explain.h"
#include "network/firewall_internal.h"
#include "network/transport.h"

namespace minidock::network {

std::string port_list(const std::vector<PublishedPort>& ports) {
  std::string text;
  for (const PublishedPort& port : ports) {
    text += fmt::format("{}{}:{}/{}", text.empty() ? "" : ", ", port.host_ip, port.host_port, port.protocol);
  }
  return text;
}

std::string text_of(const PortTarget& target) {
  return target.ipv4 + (target.ipv4.empty() || target.ipv6.empty() ? "" : " and ") + target.ipv6;
}

std::vector<Publication> publications_of(const std::vector<PublishedPort>& ports, const PortTarget& target) {
  std::vector<Publication> publications;
  for (const PublishedPort& port : ports) {
    if (!target.of(port).empty()) publications.push_back({port, target.of(port)});
  }
  return publications;
}

namespace {

const PortMaps& maps_of(const PublishedPort& port) {
  return kPortMaps[family_of(port.host_ip) == IpFamily::ipv4 ? 0 : 1];
}

std::string key_of(const PublishedPort& port) {
  const std::uint8_t protocol = transport_of(port.protocol).protocol;
  const std::uint16_t number = htons(port.host_port);
  return (is_every_address(port.host_ip) ? "" : packet_bytes(port.host_ip)) +
         register_bytes(&protocol, sizeof(protocol)) + register_bytes(&number, sizeof(number));
}

std::string target_of(const Publication& publication) {
  const std::uint16_t number = htons(publication.port.container_port);
  return packet_bytes(publication.container_ip) + register_bytes(&number, sizeof(number));
}

int remove_publications(const std::string& table, const std::vector<PublishedPort>& ports) {
  std::vector<Publication> publications;
  for (const PublishedPort& port : ports) publications.push_back({port, ""});
  NftBatch batch;
  add_elements(batch, table, NFT_MSG_DELSETELEM, publications);
  return batch.commit("unpublish " + port_list(ports));
}

}  // namespace

void throw_publish_error(int err, const std::string& table, const std::vector<PublishedPort>& ports) {
  if (err == EEXIST || err == EBUSY) {
    throw Error(ErrorKind::conflict, fmt::format("Bind for {} failed: port is already allocated", port_list(ports)),
                err);
  }
  if (err == ENOENT) {
    throw Error(ErrorKind::unavailable,
                fmt::format("cannot publish {}: nft table inet {} is gone; somebody flushed the ruleset meanwhile",
                            port_list(ports), table),
                err);
  }
  throw SysError(err, fmt::format("cannot publish {} in nft table inet {}", port_list(ports), table));
}

PublishedElement element_of(const Publication& publication) {
  const PortMaps& maps = maps_of(publication.port);
  const char* map = is_every_address(publication.port.host_ip) ? maps.everywhere : maps.on_address;
  return {map, key_of(publication.port), publication.container_ip.empty() ? "" : target_of(publication)};
}

void add_elements(NftBatch& batch, const std::string& table, std::uint16_t type,
                  const std::vector<Publication>& publications) {
  const bool adding = type == NFT_MSG_NEWSETELEM;
  std::map<std::string_view, NftElements> elements;
  for (const Publication& publication : publications) {
    const PublishedElement element = element_of(publication);
    elements.try_emplace(element.map, NftTable{NFPROTO_INET, table}, element.map)
        .first->second.add(element.key, adding ? element.target : "");
  }
  for (const auto& [name, of_map] : elements) of_map.put_into(batch, type);
}

void publish_ports(const storage::Instance& instance, const PortTarget& target,
                   const std::vector<PublishedPort>& ports) {
  const std::vector<Publication> publications = publications_of(ports, target);
  if (publications.empty()) return;
  const explain::Step step("rule",
                           [&] { return fmt::format("published: {} leads to {}", port_list(ports), text_of(target)); });
  NftBatch batch;
  add_elements(batch, instance.nft_table, NFT_MSG_NEWSETELEM, publications);
  const int err = batch.commit("publish " + port_list(ports));
  if (err != 0) throw_publish_error(err, instance.nft_table, ports);
}

void unpublish_ports(const storage::Instance& instance, const std::vector<PublishedPort>& ports) {
  if (ports.empty()) return;
  int err = remove_publications(instance.nft_table, ports);
  if (err == ENOENT && ports.size() > 1) {
    // One that is gone already fails the whole transaction: one by one then.
    err = 0;
    for (const PublishedPort& port : ports) {
      const int single = remove_publications(instance.nft_table, {port});
      if (single != 0 && single != ENOENT) err = single;
    }
  }
  if (err != 0 && err != ENOENT) {
    throw SysError(err, fmt::format("cannot unpublish {} in nft table inet {}", port_list(ports), instance.nft_table));
  }
}

}  // namespace minidock::network

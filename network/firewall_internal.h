// What the firewall's tables and their elements share.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "network/firewall.h"
#include "network/nft_objects.h"

namespace minidock::network {

// The maps of what is published on all addresses, and on a certain one.
struct PortMaps {
  IpFamily family;
  const char* everywhere;
  const char* on_address;
};
inline constexpr char kPublished6[] = "published6";
inline constexpr std::array<PortMaps, 2> kPortMaps{
    {{IpFamily::ipv4, "published", "published_on_address"}, {IpFamily::ipv6, kPublished6, "published_on_address6"}}};

// What stands for a publication: in which map, by which key, and what it leads to ("" without a container_ip).
struct PublishedElement {
  const char* map;
  std::string key;
  std::string target;
};
PublishedElement element_of(const Publication& publication);

// Appends messages (NFT_MSG_NEWSETELEM or NFT_MSG_DELSETELEM) for all publications. A deletion ignores container_ip.
void add_elements(NftBatch& batch, const std::string& table, std::uint16_t type,
                  const std::vector<Publication>& publications);

// Without those whose family the target does not have: they lead nowhere.
std::vector<Publication> publications_of(const std::vector<PublishedPort>& ports, const PortTarget& target);

// "0.0.0.0:8080/tcp, …" and "172.17.0.2 and fd00::2", for messages.
std::string port_list(const std::vector<PublishedPort>& ports);
std::string text_of(const PortTarget& target);

// What the errno of a transaction that publishes means to who asked for it.
[[noreturn]] void throw_publish_error(int err, const std::string& table, const std::vector<PublishedPort>& ports);

// Types of ICMPv6 (RFC 4861, 2710, 9777); the C library's header of them does not go with the kernel's.
namespace icmpv6 {
inline constexpr std::uint8_t kMldReport = 131;
inline constexpr std::uint8_t kMldDone = 132;
inline constexpr std::uint8_t kRouterSolicitation = 133;
inline constexpr std::uint8_t kRouterAdvertisement = 134;
inline constexpr std::uint8_t kNeighbourSolicitation = 135;
inline constexpr std::uint8_t kNeighbourAdvertisement = 136;
inline constexpr std::uint8_t kRedirect = 137;
inline constexpr std::uint8_t kMldv2Report = 143;
}  // namespace icmpv6

// ---- endpoint_guard.cc

// The sets: interfaces that are guarded, and who may send from them with which address.
inline constexpr std::array<const char*, 3> kGuardSets{"ports", "addresses", "addresses6"};
inline constexpr std::size_t kInterfaceKeySize = 16;  // IFNAMSIZ: a key is the interface, and the address behind it

struct GuardElement {
  const char* set;
  std::string key;
};
std::vector<GuardElement> guard_elements_of(const GuardedEndpoint& endpoint);

inline constexpr const char* kGuardedPorts = kGuardSets[0];

// What may come from an endpoint with these addresses. `ipv6`: "" without.
std::vector<std::string> sender_addresses(const std::string& ipv4, const std::string& ipv6);

NftTable guard_table(const std::string& table);
NftChain guard_chain(const std::string& table);
void add_guard(NftBatch& batch, const std::string& table, const std::string& comment,
               const std::vector<GuardedEndpoint>& endpoints);

// The errno of the transaction: ENOENT without the table, ENFILE when the sets are full.
int add_guarded_endpoint(const std::string& table, const GuardedEndpoint& endpoint);

// ---- user_chain.cc

NftTable user_table(const std::string& table);
extern const char* const kUserChain;
bool has_user_chain(const std::string& table);
// Table, when it is missing, and chain.
void add_user_chain(NftBatch& batch, const std::string& table);
// Whatever is in it, or only when nothing is.
void remove_user_table(const std::string& table, bool with_rules);

}  // namespace minidock::network

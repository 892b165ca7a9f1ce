// Published ports as elements of the firewall's maps: one element a port, the same cost for the ten-thousandth.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <libnftnl/set.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "base/error.h"
#include "base/explain.h"
#include "network/firewall_internal.h"
#include "network/transport.h"

namespace minidock::network {

namespace {

// Elements of one message: its list has to stay below 64 KiB.
constexpr std::size_t kElementsPerMessage = 256;

struct FreeSet {
  void operator()(nftnl_set* set) const { nftnl_set_free(set); }
};
using Set = std::unique_ptr<nftnl_set, FreeSet>;

// Parts of a key or a target, each padded to a register's four bytes.
class Concatenation {
 public:
  void add(const void* part, std::size_t size) {
    std::memcpy(bytes_.data() + used_, part, size);
    used_ += 4;
  }
  const void* data() const { return bytes_.data(); }
  std::uint32_t size() const { return used_; }

 private:
  std::array<char, kPublishedOnAddressKey> bytes_{};
  std::uint32_t used_ = 0;
};

Ipv4Address address_of(const std::string& text) {
  const std::optional<Ipv4Address> address = Ipv4Address::parse(text);
  if (!address) throw Error(ErrorKind::invalid_argument, fmt::format("invalid IP address: {}", text));
  return *address;
}

bool is_every_address(const PublishedPort& port) { return address_of(port.host_ip).value == 0; }

Concatenation key_of(const PublishedPort& port) {
  Concatenation key;
  if (!is_every_address(port)) {
    const std::uint32_t address = address_of(port.host_ip).network_order();
    key.add(&address, sizeof(address));
  }
  const std::uint8_t protocol = transport_of(port.protocol).protocol;
  const std::uint16_t number = htons(port.host_port);
  key.add(&protocol, sizeof(protocol));
  key.add(&number, sizeof(number));
  return key;
}

Concatenation target_of(const Publication& publication) {
  Concatenation target;
  const std::uint32_t address = address_of(publication.container_ip).network_order();
  const std::uint16_t number = htons(publication.port.container_port);
  target.add(&address, sizeof(address));
  target.add(&number, sizeof(number));
  return target;
}

Set make_set(const std::string& table, const char* name) {
  Set set(nftnl_set_alloc());
  if (!set) throw SysError(ENOMEM, "cannot build a map of published ports");
  nftnl_set_set_u32(set.get(), NFTNL_SET_FAMILY, NFPROTO_INET);
  nftnl_set_set_str(set.get(), NFTNL_SET_TABLE, table.c_str());
  nftnl_set_set_str(set.get(), NFTNL_SET_NAME, name);
  return set;
}

void add_element(nftnl_set* set, const Publication& publication, bool with_target) {
  nftnl_set_elem* element = nftnl_set_elem_alloc();
  if (element == nullptr) throw SysError(ENOMEM, "cannot build an element for a published port");
  nftnl_set_elem_add(set, element);
  const Concatenation key = key_of(publication.port);
  nftnl_set_elem_set(element, NFTNL_SET_ELEM_KEY, key.data(), key.size());
  if (!with_target) return;
  const Concatenation target = target_of(publication);
  nftnl_set_elem_set(element, NFTNL_SET_ELEM_DATA, target.data(), target.size());
}

void add_elements_of(NftBatch& batch, const std::string& table, const char* map, std::uint16_t type,
                     const std::vector<const Publication*>& publications) {
  const bool adding = type == NFT_MSG_NEWSETELEM;
  for (std::size_t begin = 0; begin < publications.size(); begin += kElementsPerMessage) {
    const Set set = make_set(table, map);
    const std::size_t end = std::min(begin + kElementsPerMessage, publications.size());
    for (std::size_t i = begin; i < end; ++i) add_element(set.get(), *publications[i], adding);
    // Not NLM_F_EXCL: an element that leads to the same container and port already is what is wanted (another process
    // may have built the table anew from the database); one that leads elsewhere is EBUSY all the same.
    batch.add(type, adding ? NLM_F_CREATE : 0,
              [&](nlmsghdr* header) { nftnl_set_elems_nlmsg_build_payload(header, set.get()); });
  }
}

std::string port_list(const std::vector<PublishedPort>& ports) {
  std::string text;
  for (const PublishedPort& port : ports) {
    text += fmt::format("{}{}:{}/{}", text.empty() ? "" : ", ", port.host_ip, port.host_port, port.protocol);
  }
  return text;
}

int remove_publications(const std::string& table, const std::vector<PublishedPort>& ports) {
  std::vector<Publication> publications;
  for (const PublishedPort& port : ports) publications.push_back({port, ""});
  NftBatch batch;
  add_elements(batch, table, NFT_MSG_DELSETELEM, publications);
  return batch.commit("unpublish " + port_list(ports));
}

[[noreturn]] void throw_publish_error(int err, const std::string& table, const std::vector<PublishedPort>& ports) {
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

}  // namespace

void add_elements(NftBatch& batch, const std::string& table, std::uint16_t type,
                  const std::vector<Publication>& publications) {
  std::vector<const Publication*> everywhere;
  std::vector<const Publication*> on_address;
  for (const Publication& publication : publications) {
    (is_every_address(publication.port) ? everywhere : on_address).push_back(&publication);
  }
  add_elements_of(batch, table, kPublished, type, everywhere);
  add_elements_of(batch, table, kPublishedOnAddress, type, on_address);
}

void publish_ports(const storage::Instance& instance, const std::string& container_ip,
                   const std::vector<PublishedPort>& ports) {
  if (ports.empty()) return;
  const explain::Step step("rule",
                           [&] { return fmt::format("published: {} leads to {}", port_list(ports), container_ip); });
  std::vector<Publication> publications;
  for (const PublishedPort& port : ports) publications.push_back({port, container_ip});
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

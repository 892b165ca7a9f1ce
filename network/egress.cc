#include "network/egress.h"

#include <fmt/format.h>
#include <linux/if_ether.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter_bridge.h>
#include <linux/netfilter_ipv4.h>

#include <array>
#include <functional>

#include "network/firewall_internal.h"
#include "network/nft_rule_list.h"

namespace minidock::network {

namespace {

constexpr char kChain[] = "egress";
constexpr char kRestricted[] = "restricted";
constexpr char kRestricted6[] = "restricted6";
constexpr char kRestrictedAddresses[] = "restricted_addresses";
constexpr char kRestrictedAddresses6[] = "restricted_addresses6";
constexpr std::uint32_t kMacSize = 6;
constexpr std::array<IpFamily, 2> kFamilies{IpFamily::ipv4, IpFamily::ipv6};
constexpr std::array<const char*, 3> kProtocols{"tcp", "udp", "sctp"};
// What neighbours, the host among them, have to say to each other before they can say anything else.
constexpr std::array<std::uint8_t, 6> kNeighbourTypes{icmpv6::kMldReport,
                                                      icmpv6::kMldDone,
                                                      icmpv6::kMldv2Report,
                                                      icmpv6::kRouterSolicitation,
                                                      icmpv6::kNeighbourSolicitation,
                                                      icmpv6::kNeighbourAdvertisement};

std::uint32_t address_type(IpFamily family) {
  return family == IpFamily::ipv4 ? nft_type::kIpv4Address : nft_type::kIpv6Address;
}

std::uint32_t address_size(IpFamily family) {
  return family == IpFamily::ipv4 ? sizeof(std::uint32_t) : sizeof(Ipv6Bytes);
}

std::uint16_t frame_type(IpFamily family) { return family == IpFamily::ipv4 ? ETH_P_IP : ETH_P_IPV6; }

const char* verdict_map(IpFamily family) { return family == IpFamily::ipv4 ? kRestricted : kRestricted6; }

const char* address_map(IpFamily family) {
  return family == IpFamily::ipv4 ? kRestrictedAddresses : kRestrictedAddresses6;
}

NftTable main_table(const std::string& table) { return {NFPROTO_INET, table}; }

constexpr std::size_t kShortId = 12;
std::string chain_of(const std::string& container_id) { return "egress_" + container_id.substr(0, kShortId); }

// ---- the base chains

NftChain bridge_chain(const std::string& table) {
  NftChain chain{kChain, "filter", NF_BR_PRE_ROUTING, NF_BR_PRI_NAT_DST_BRIDGED + 10, {}};
  const auto rule = [&](IpFamily family) -> NftRule& {
    return chain.rules.emplace_back(table, chain.name).is_frame_of(frame_type(family));
  };
  for (const std::uint8_t type : kNeighbourTypes) rule(IpFamily::ipv6).is_icmpv6(type).accept();
  for (const IpFamily family : kFamilies) rule(family).lead_up_by_interface(kRestricted).accept();
  // Other bridges may have the same addresses behind them.
  for (const IpFamily family : kFamilies) {
    rule(family).input_interface_in(kGuardedPorts).lead_up_by_destination(family, address_map(family)).accept();
  }
  return chain;
}

NftChain inet_chain(const std::string& table) {
  NftChain chain{kChain, "filter", NF_INET_PRE_ROUTING, NF_IP_PRI_MANGLE, {}};
  for (const IpFamily family : kFamilies) {
    chain.rules.emplace_back(table, chain.name).is(family).verdict_by(family, verdict_map(family));
  }
  return chain;
}

// The ids of the sets that the tables always have are smaller.
constexpr std::uint32_t kFirstSetId = 100;

void add_inet_maps(NftBatch& batch, const std::string& table) {
  std::uint32_t id = kFirstSetId;
  for (const IpFamily family : kFamilies) {
    add_set(batch, main_table(table),
            {.name = verdict_map(family),
             .id = id++,
             .key_type = nft_type::concatenated(nft_type::kInterface, address_type(family)),
             .key_size = IFNAMSIZ + address_size(family),
             .data_type = nft_type::kVerdict});
  }
}

void add_bridge_maps(NftBatch& batch, const std::string& table) {
  std::uint32_t id = kFirstSetId;
  add_set(batch, guard_table(table),
          {.name = kRestricted,
           .id = id++,
           .key_type = nft_type::kInterface,
           .key_size = IFNAMSIZ,
           .data_type = nft_type::kMacAddress,
           .data_size = kMacSize,
           .has_host_order = true});
  for (const IpFamily family : kFamilies) {
    add_set(batch, guard_table(table),
            {.name = address_map(family),
             .id = id++,
             .key_type = address_type(family),
             .key_size = address_size(family),
             .data_type = nft_type::kMacAddress,
             .data_size = kMacSize});
  }
}

// ---- a container's part

// type: NFT_MSG_NEWSETELEM or NFT_MSG_DELSETELEM.
void add_endpoint(NftBatch& batch, const std::string& table, std::uint16_t type, const std::string& container_id,
                  const RestrictedEndpoint& endpoint) {
  const bool adding = type == NFT_MSG_NEWSETELEM;
  for (const RestrictionElement& element : restriction_elements_of(endpoint)) {
    NftElements elements({element.family, table}, element.map);
    if (adding && element.family == NFPROTO_INET) {
      elements.add_jump(element.key, chain_of(container_id));
    } else {
      elements.add(element.key, adding ? endpoint.bridge_mac : "");
    }
    elements.put_into(batch, type);
  }
}

void add_learnt_sets(NftBatch& batch, const std::string& table, const RestrictedContainer& container) {
  std::uint32_t id = 2 * kFirstSetId;
  for (std::size_t number = 0; number < container.rules.size(); ++number) {
    if (container.rules[number].subnet) continue;
    for (const IpFamily family : kFamilies) {
      add_set(batch, main_table(table),
              {.name = learnt_set_name(family, container.id, number),
               .id = id++,
               .key_type = address_type(family),
               .key_size = address_size(family)});
    }
  }
}

void each_learnt_set(const RestrictedContainer& container, const std::function<void(const std::string&)>& visit) {
  for (std::size_t number = 0; number < container.rules.size(); ++number) {
    if (container.rules[number].subnet) continue;
    for (const IpFamily family : kFamilies) visit(learnt_set_name(family, container.id, number));
  }
}

// The rules of the chain that one rule of the container is.
void add_allowance(NftBatch& batch, const std::string& table, const RestrictedContainer& container,
                   std::size_t number) {
  const std::string chain = chain_of(container.id);
  const EgressRule& allowed = container.rules[number];
  const auto add_one = [&](IpFamily family, const std::function<void(NftRule&)>& restrict_ports) {
    NftRule rule(table, chain);
    rule.is(family);
    if (allowed.subnet) {
      rule.destination(Match::equal, *allowed.subnet);
    } else {
      rule.destination_in(family, learnt_set_name(family, container.id, number));
    }
    restrict_ports(rule);
    add_rule(batch, main_table(table), rule.accept());
  };
  for (const IpFamily family : kFamilies) {
    if (allowed.subnet && allowed.subnet->family != family) continue;
    if (allowed.first_port == 0) add_one(family, [](NftRule&) {});
    if (allowed.first_port == 0) continue;
    for (const char* protocol : kProtocols) {
      if (!allowed.protocol.empty() && allowed.protocol != protocol) continue;
      add_one(family, [&](NftRule& rule) { rule.is_of(protocol).is_to_ports(allowed.first_port, allowed.last_port); });
    }
  }
}

// Whatever is in the chain and the sets goes.
void add_container(NftBatch& batch, const std::string& table, const RestrictedContainer& container) {
  const std::string chain = chain_of(container.id);
  add_plain_chain(batch, main_table(table), chain);
  delete_rules(batch, main_table(table), chain);
  add_learnt_sets(batch, table, container);
  each_learnt_set(container, [&](const std::string& set) { delete_elements(batch, main_table(table), set); });
  add_rule(batch, main_table(table), NftRule(table, chain).belongs_to_connection().accept());
  for (const std::uint8_t type : kNeighbourTypes) {
    add_rule(batch, main_table(table), NftRule(table, chain).is(IpFamily::ipv6).is_icmpv6(type).accept());
  }
  for (std::size_t number = 0; number < container.rules.size(); ++number) {
    add_allowance(batch, table, container, number);
  }
  add_rule(batch, main_table(table), NftRule(table, chain).refuse());
}

// One that is made first can be deleted whether it was there or not.
void remove_endpoint(NftBatch& batch, const std::string& table, const std::string& container_id,
                     const RestrictedEndpoint& endpoint) {
  add_endpoint(batch, table, NFT_MSG_NEWSETELEM, container_id, endpoint);
  add_endpoint(batch, table, NFT_MSG_DELSETELEM, container_id, endpoint);
}

}  // namespace

std::string learnt_set_name(IpFamily family, const std::string& container_id, std::size_t rule) {
  return fmt::format("{}_{}_{}", family == IpFamily::ipv4 ? "egress" : "egress6", container_id.substr(0, kShortId),
                     rule);
}

void add_restrictions(NftBatch& batch, const std::string& table, const std::vector<RestrictedContainer>& containers) {
  if (containers.empty()) return;
  add_inet_maps(batch, table);
  add_bridge_maps(batch, table);
  add_chain(batch, main_table(table), inet_chain(table));
  add_chain(batch, guard_table(table), bridge_chain(table));
  for (const RestrictedContainer& container : containers) {
    add_container(batch, table, container);
    for (const RestrictedEndpoint& endpoint : container.endpoints) {
      add_endpoint(batch, table, NFT_MSG_NEWSETELEM, container.id, endpoint);
    }
  }
}

int restrict_container(const std::string& table, const RestrictedContainer& container) {
  NftBatch batch;
  add_container(batch, table, container);
  for (const RestrictedEndpoint& endpoint : container.endpoints) {
    add_endpoint(batch, table, NFT_MSG_NEWSETELEM, container.id, endpoint);
  }
  return batch.commit("restrict what container " + container.id + " begins");
}

int restrict_endpoint(const std::string& table, const std::string& container_id, const RestrictedEndpoint& endpoint) {
  NftBatch batch;
  add_endpoint(batch, table, NFT_MSG_NEWSETELEM, container_id, endpoint);
  return batch.commit("restrict what comes from " + endpoint.host_interface);
}

int unrestrict_container(const std::string& table, const RestrictedContainer& container) {
  NftBatch batch;
  add_plain_chain(batch, main_table(table), chain_of(container.id));
  add_learnt_sets(batch, table, container);
  for (const RestrictedEndpoint& endpoint : container.endpoints) {
    remove_endpoint(batch, table, container.id, endpoint);
  }
  delete_chain(batch, main_table(table), chain_of(container.id), 0);
  each_learnt_set(container, [&](const std::string& set) { delete_set(batch, main_table(table), set); });
  return batch.commit("forget what container " + container.id + " may begin");
}

int unrestrict_endpoint(const std::string& table, const std::string& container_id, const RestrictedEndpoint& endpoint) {
  NftBatch batch;
  remove_endpoint(batch, table, container_id, endpoint);
  return batch.commit("forget what came from " + endpoint.host_interface);
}

std::vector<RestrictionElement> restriction_elements_of(const RestrictedEndpoint& endpoint) {
  std::vector<RestrictionElement> elements{
      {NFPROTO_BRIDGE, kRestricted, interface_bytes(endpoint.host_interface), endpoint.host_interface}};
  for (const std::string& address : endpoint.addresses) {
    const IpFamily family = family_of(address);
    const std::string bytes = packet_bytes(address);
    elements.push_back({NFPROTO_BRIDGE, address_map(family), bytes, endpoint.host_interface});
    elements.push_back(
        {NFPROTO_INET, verdict_map(family), interface_bytes(endpoint.bridge) + bytes, endpoint.host_interface});
  }
  return elements;
}

std::vector<std::pair<std::uint8_t, std::string>> restriction_maps() {
  std::vector<std::pair<std::uint8_t, std::string>> maps;
  for (const IpFamily family : kFamilies) {
    maps.emplace_back(NFPROTO_BRIDGE, address_map(family));
    maps.emplace_back(NFPROTO_INET, verdict_map(family));
  }
  return maps;
}

void ask_for_restrictions(NftQuestions& questions, const std::string& table) {
  ask_for_chain(questions, main_table(table), kChain);
  ask_for_chain(questions, guard_table(table), kChain);
}

bool has_restrictions(const std::string& table, std::span<const std::vector<char>> answers) {
  return is_whole_chain(answers[0], inet_chain(table)) && is_whole_chain(answers[1], bridge_chain(table));
}

}  // namespace minidock::network

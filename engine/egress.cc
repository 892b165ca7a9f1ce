#include "engine/egress.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "engine/attachments.h"
#include "engine/option_words.h"
#include "network/egress.h"

namespace minidock {
namespace {

using options::invalid;

constexpr char kDeny[] = "deny";
constexpr std::size_t kMostRules = 256;

std::vector<network::EgressRule> rules_of(const HostConfig& host) {
  std::vector<network::EgressRule> rules;
  for (const std::string& text : host.egress_allow) rules.push_back(network::parse_egress_rule(text));
  return rules;
}

// Of a rule about a name that /etc/hosts has.
void add_hosts_addresses(const HostConfig& host, const network::Network& network, const network::EgressRule& rule,
                         std::vector<network::EgressRule>& rules) {
  for (const std::string& line : host.extra_hosts) {
    const std::size_t colon = line.find(':');
    if (lower_case(line.substr(0, colon)) != rule.host) continue;
    const std::string address = line.substr(colon + 1);
    network::EgressRule of_address = network::parse_egress_rule(address == "host-gateway" ? network.gateway : address);
    of_address.protocol = rule.protocol;
    of_address.first_port = rule.first_port;
    of_address.last_port = rule.last_port;
    if (std::find(rules.begin(), rules.end(), of_address) == rules.end()) rules.push_back(std::move(of_address));
  }
}

}  // namespace

bool is_egress_restricted(const HostConfig& host) { return host.egress == kDeny; }

void settle_egress(HostConfig& host) {
  if (host.egress == "allow") host.egress.clear();
  if (!host.egress.empty() && host.egress != kDeny) {
    invalid(fmt::format("invalid --egress \"{}\": it is \"allow\" or \"deny\"", host.egress));
  }
  if (!is_egress_restricted(host)) {
    if (host.egress_allow.empty()) return;
    invalid("conflicting options: --egress-allow says what is allowed under --egress deny, which is not there");
  }
  if (!has_networks(host.network_mode)) {
    invalid(fmt::format("conflicting options: --egress deny needs a network of the container's own, not \"{}\"",
                        host.network_mode));
  }
  std::vector<std::string> texts;
  for (const std::string& words : host.egress_allow) {
    for (const std::string& word : options::split(words, ',')) {
      const std::string text = network::parse_egress_rule(word).text();
      if (std::find(texts.begin(), texts.end(), text) == texts.end()) texts.push_back(text);
    }
  }
  if (texts.size() > kMostRules) {
    invalid(fmt::format("{} rules of --egress-allow are too many: a container may have {}", texts.size(), kMostRules));
  }
  host.egress_allow = std::move(texts);
}

std::string egress_of(const ContainerDefinition& definition, const network::Network& network) {
  const HostConfig& host = definition.host;
  if (!is_egress_restricted(host)) return "";
  const std::vector<network::EgressRule> own = rules_of(host);
  std::vector<network::EgressRule> rules = own;
  for (const network::EgressRule& rule : own) {
    if (!rule.subnet) add_hosts_addresses(host, network, rule, rules);
  }
  return network::egress_text(rules);
}

shim::LearntNames learnt_names(const storage::Instance& instance, const ContainerDefinition& definition) {
  shim::LearntNames names;
  if (!is_egress_restricted(definition.host)) return names;
  names.restricted = true;
  names.table = instance.nft_table;
  const std::vector<network::EgressRule> rules = rules_of(definition.host);
  for (std::size_t number = 0; number < rules.size(); ++number) {
    if (rules[number].subnet) continue;
    names.patterns.push_back(rules[number].host);
    names.ipv4_sets.push_back(network::learnt_set_name(network::IpFamily::ipv4, definition.id, number));
    names.ipv6_sets.push_back(network::learnt_set_name(network::IpFamily::ipv6, definition.id, number));
  }
  return names;
}

}  // namespace minidock

#include "engine/container_files.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <sstream>

#include "base/file.h"
#include "names/service_address.h"

namespace minidock {
namespace {

constexpr char kDefaultHosts[] =
    "127.0.0.1\tlocalhost\n"
    "::1\tlocalhost ip6-localhost ip6-loopback\n"
    "fe00::0\tip6-localnet\n"
    "ff00::0\tip6-mcastprefix\n"
    "ff02::1\tip6-allnodes\n"
    "ff02::2\tip6-allrouters\n";

constexpr char kSystemdStub[] = "127.0.0.53";

// A resolver that a container with an IPv4 network of its own can ask.
bool reachable_resolver(const std::string& address) {
  in_addr parsed{};
  if (inet_pton(AF_INET, address.c_str(), &parsed) != 1) return false;
  return (ntohl(parsed.s_addr) >> 24U) != 127;
}

}  // namespace

std::string own_hosts_line(const HostsEntry& entry, const std::string& address) {
  const std::string full = entry.domainname.empty() ? entry.hostname : entry.hostname + "." + entry.domainname;
  const std::string first = full.substr(0, full.find('.'));
  return fmt::format("{}\t{}{}\n", address, full, first == full ? "" : " " + first);
}

std::string hosts_file(const HostsEntry& entry, const std::vector<ExtraHost>& extra) {
  std::string text = kDefaultHosts;
  for (const ExtraHost& host : extra) text += fmt::format("{}\t{}\n", host.address, host.names);
  for (const std::string& address : entry.addresses) text += own_hosts_line(entry, address);
  return text;
}

std::string resolv_conf(const std::string& host_text, const ResolverSettings& settings) {
  std::vector<std::string> servers = settings.servers;
  if (settings.asks_name_server) servers = {names::kServerAddress};
  std::vector<std::string> options = settings.options;
  std::string rest;
  std::istringstream lines(host_text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string keyword;
    std::string value;
    words >> keyword >> value;
    if (keyword == "nameserver") {
      const bool is_wanted = settings.servers.empty() && !settings.asks_name_server;
      if (is_wanted && reachable_resolver(value)) servers.push_back(value);
    } else if (keyword == "search" || keyword == "domain") {
      if (settings.search.empty()) rest += line + "\n";
    } else if (keyword == "options") {
      if (!settings.options.empty()) continue;
      if (!settings.asks_name_server) rest += line + "\n";
      for (; settings.asks_name_server && !value.empty(); value.clear(), words >> value) options.push_back(value);
    } else if (!keyword.empty() && keyword.front() != '#' && keyword.front() != ';') {
      rest += line + "\n";
    }
  }
  if (servers.empty()) servers = {"8.8.8.8", "8.8.4.4"};
  std::string text;
  // "." is docker's word for none.
  const bool no_search = settings.search.size() == 1 && settings.search[0] == ".";
  if (!settings.search.empty() && !no_search) text += fmt::format("search {}\n", fmt::join(settings.search, " "));
  for (const std::string& server : servers) text += fmt::format("nameserver {}\n", server);
  text += rest;
  const auto sets_dots = [](const std::string& option) { return option.starts_with("ndots:"); };
  if (settings.asks_name_server && std::none_of(options.begin(), options.end(), sets_dots)) {
    options.emplace_back("ndots:0");  // its own names have no dots
  }
  if (!options.empty()) text += fmt::format("options {}\n", fmt::join(options, " "));
  return text;
}

std::string host_resolv_conf() {
  const std::string text = file::read_if_exists("/etc/resolv.conf").value_or("");
  if (text.find(kSystemdStub) == std::string::npos) return text;
  return file::read_if_exists("/run/systemd/resolve/resolv.conf").value_or(text);
}

}  // namespace minidock

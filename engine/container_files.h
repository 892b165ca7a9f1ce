// The files that a container gets from its engine: /etc/hosts, /etc/hostname, /etc/resolv.conf, as docker writes them.
#pragma once

#include <string>
#include <vector>

namespace minidock {

struct HostsEntry {
  std::string hostname;
  std::string domainname;
  std::vector<std::string> addresses;  // the container's own
};

// A further line: names of an address.
struct ExtraHost {
  std::string address;
  std::string names;
};

// The line of one of its addresses.
std::string own_hosts_line(const HostsEntry& entry, const std::string& address);

std::string hosts_file(const HostsEntry& entry, const std::vector<ExtraHost>& extra);

struct ResolverSettings {
  bool asks_name_server = false;     // the container's own: `servers` are its affair
  std::vector<std::string> servers;  // daemon.json's dns; empty: the host's
  std::vector<std::string> search;
  std::vector<std::string> options;
};

// docker's default bridge: the host's file without resolvers that the container cannot reach (loopback, IPv6), with
// public ones when none is left. With an own name server: docker's file for networks that users make. `host_text` is
// the host's resolv.conf.
std::string resolv_conf(const std::string& host_text, const ResolverSettings& settings);

// The host's resolv.conf: systemd-resolved's list of real servers when /etc/resolv.conf is only its stub.
std::string host_resolv_conf();

}  // namespace minidock

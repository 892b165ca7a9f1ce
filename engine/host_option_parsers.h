// The small languages of the options that go into a container's HostConfig. Every failure is
// ErrorKind::invalid_argument with docker's words where it has some.
#pragma once

#include <optional>
#include <string>

#include "engine/definition.h"

namespace minidock::options {

// NAME[:MAX]; check_restart_policy() says whether there is such a policy.
RestartPolicy parse_restart_policy(const std::string& text);
// "no", "always", "unless-stopped", "on-failure[:max]"
void check_restart_policy(const RestartPolicy& policy);

// "nofile=1024[:2048]"
Ulimit parse_ulimit(const std::string& text);

// "/dev/sda[:/dev/xvda][:rwm]"
DeviceRequest parse_device(const std::string& text);

// "c 1:3 mr": only checked
std::string parse_device_rule(const std::string& text);

// "name=value"; only namespaced ones.
std::pair<std::string, std::string> parse_sysctl(const std::string& text);

// "name:address", "name=address"; "host-gateway" is an address too. → "name:address"
std::string parse_extra_host(const std::string& text);

// An address.
std::string parse_dns_server(const std::string& text);
std::string parse_dns_search(const std::string& text);

// "02:42:ac:11:00:02"
std::string parse_mac_address(const std::string& text);

// "key=value" of --log-opt, --storage-opt, --annotation; `flag` is for the message.
std::pair<std::string, std::string> parse_key_value(const std::string& text, const char* flag);

// A --security-opt as the engine understands it: files are read here, in the client's directory ("seccomp=FILE" becomes
// "seccomp=<document>").
std::string parse_security_option(const std::string& text);

// "0022": octal.
std::string parse_umask(const std::string& text);

}  // namespace minidock::options

// Values of drivers' options (network create -o KEY=VALUE). Each one that cannot be is ErrorKind::invalid_argument.
#pragma once

#include <cstdint>
#include <string>

namespace minidock::network {

[[noreturn]] void refuse_option(const std::string& key, const std::string& value);

bool parse_truth(const std::string& key, const std::string& value);
std::uint32_t parse_mtu(const std::string& key, const std::string& value);
// A name that an interface can have.
std::string parse_interface(const std::string& key, const std::string& value);

}  // namespace minidock::network

// Capability sets of a container's process.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace minidock::runtime {

// "CAP_CHOWN", …: the index is the capability's number (linux/capability.h).
std::span<const std::string_view> capability_names();

// Bit set of "CAP_CHOWN" … ErrorKind::invalid_argument for an unknown name.
std::uint64_t capability_set(const std::vector<std::string>& names);

// What the caller is permitted.
std::uint64_t permitted_capabilities();

// Takes everything but `kept` out of the bounding set and empties the ambient one. Needs CAP_SETPCAP.
void child_limit_capabilities(std::uint64_t kept);

// Sets effective and permitted; inheritable is always empty (R6).
void child_set_capabilities(std::uint64_t effective, std::uint64_t permitted);

}  // namespace minidock::runtime

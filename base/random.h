#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace minidock::random {

// `bytes` random bytes (getrandom(2)) as lower-case hex.
std::string hex(std::size_t bytes);

// Uniform in [0, bound).
std::uint32_t below(std::uint32_t bound);

// 64 hex digits whose first twelve are not all decimal digits (such an id could be taken for a number).
std::string object_id();

}  // namespace minidock::random

#pragma once

#include <string>

#include "names/message.h"

namespace minidock::names {

// The 4 bytes of an IPv4 address or the 16 of an IPv6 address (inet_pton(3)); empty for other text.
Bytes address_bytes(const std::string& text);
// Inverse of address_bytes, in the shortest form (RFC 5952).
std::string address_text(const Bytes& bytes);

}  // namespace minidock::names

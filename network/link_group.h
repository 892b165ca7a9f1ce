// Which interfaces of the host an instance has made: they carry its number as their group (IFLA_GROUP). Names alone do
// not tell, for other instances of minidock may live in the same network namespace.
#pragma once

#include <cstdint>

#include "storage/instance.h"

namespace minidock::network {

// Derived from the instance as its other names are; above those that administrators number by hand.
std::uint32_t link_group(const storage::Instance& instance);

}  // namespace minidock::network

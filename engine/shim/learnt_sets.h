// The nf_tables sets with what a container's name queries have led to (network/egress.h), which its shim keeps.
#pragma once

#include <memory>
#include <string>

#include "engine/shim/protocol.h"
#include "names/learnt_addresses.h"

namespace minidock::shim {

// Null for a container that may begin connections to everywhere. The sets are those of the caller's network namespace.
// Where they are gone (somebody flushed the ruleset) nothing is changed: they come back, and repeat() fills them.
std::unique_ptr<names::LearntAddresses> open_learnt_addresses(const LearntNames& config);

}  // namespace minidock::shim

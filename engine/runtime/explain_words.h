// The words of `run --explain` for what the runtime does.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/runtime/namespaces.h"
#include "engine/runtime/spec.h"

namespace minidock::runtime {

std::string describe(const NamespacePlan& plan);                  // "mount, uts, ipc"; joined ones behind
std::string describe(const std::vector<IdMapping>& mappings);     // "0-65535 inside are 231072-296607 outside"
std::string describe(const Mount& mount);                         // "proc on /proc (nosuid,noexec,nodev)"
std::string describe(const std::vector<Rlimit>& limits);          // "nofile 1024:2048"
std::string describe_capabilities(std::uint64_t set);             // "14 of 41: chown dac_override ..."
std::string joined_words(const std::vector<std::string>& words);  // "a b c"; shortened when they are many

}  // namespace minidock::runtime

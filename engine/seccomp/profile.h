// A seccomp profile in memory, as docker's JSON format describes it: docker's default one and the user's own become the
// same thing before one function compiles them.
#pragma once

#include <seccomp.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace minidock::seccomp {

struct KernelVersion {
  int major = 0;
  int minor = 0;
  auto operator<=>(const KernelVersion&) const = default;
};

// What decides which rules of a profile hold.
struct Machine {
  std::string architecture;  // Go's name: "amd64", "arm64"
  KernelVersion kernel;
  // amd64 kernels are mostly built without the x32 calls: a third of the filter, which each start would load for nothing.
  bool has_x32 = false;
};

// This machine. ErrorKind::unsupported on another architecture than amd64 and arm64.
Machine this_machine();

// Empty parts say nothing. As includes: one of the architectures, every capability, at least that kernel. As excludes:
// any one of them.
struct Condition {
  std::vector<std::string> capabilities;
  std::vector<std::string> architectures;
  std::optional<KernelVersion> min_kernel;
};

struct Rule {
  std::vector<std::string> names;
  std::uint32_t action = SCMP_ACT_ALLOW;
  std::vector<scmp_arg_cmp> arguments;
  Condition includes;
  Condition excludes;
};

struct Profile {
  std::uint32_t default_action = SCMP_ACT_ERRNO(1);
  std::vector<std::uint32_t> architectures;  // SCMP_ARCH_*
  std::vector<Rule> rules;
};

// SCMP_ARCH_* that docker's default profile covers on an architecture: itself and those that its kernel also runs.
std::vector<std::uint32_t> default_architectures(const Machine& machine);

// Number of kDefaultProfile's revision: part of the cache key, to be raised with each change of the profile or
// compiler.
inline constexpr int kDefaultProfileRevision = 2;
Profile default_profile(const Machine& machine);

// docker's JSON format. ErrorKind::corrupt_data, invalid_argument, unsupported.
Profile parse_profile(const std::string& json, const Machine& machine);

// The filter as bytes (array of struct sock_filter) for a process with `capabilities`.
std::string compile(const Profile& profile, const Machine& machine, const std::vector<std::string>& capabilities);

// System calls that are newer than the libraries this runs with, by the number that they have on every architecture.
std::optional<std::uint32_t> recent_syscall(std::string_view name);

}  // namespace minidock::seccomp

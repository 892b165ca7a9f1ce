// The cache: a file a filter, named by all that the filter depends on.
#include "engine/seccomp/seccomp.h"

#include <fmt/format.h>
#include <linux/filter.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string_view>

#include "base/error.h"
#include "base/file.h"
#include "engine/runtime/capabilities.h"
#include "engine/seccomp/profile.h"

namespace minidock::seccomp {
namespace {

// FNV-1a of 64 bits from a given start.
std::uint64_t fnv(std::string_view text, std::uint64_t hash) {
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return hash;
}

// `profile` names the profile itself.
std::string cache_path(const std::string& directory, const std::string& profile, const Machine& machine,
                       const std::vector<std::string>& capabilities) {
  const scmp_version* library = seccomp_version();
  return fmt::format("{}/{}-{}-{}.{}-{}.{}.{}-{:011x}.bpf", directory, profile,
                     machine.architecture + (machine.has_x32 ? "+x32" : ""), machine.kernel.major, machine.kernel.minor,
                     library->major, library->minor, library->micro, runtime::capability_set(capabilities));
}

// A file that a crash left empty or cut is made again.
bool is_whole_filter(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return false;
  constexpr auto size = static_cast<off_t>(sizeof(sock_filter));
  return status.st_size > 0 && status.st_size % size == 0 && status.st_size <= BPF_MAXINSNS * size;
}

void store(const std::string& directory, const std::string& path, const std::string& filter) {
  file::make_directories(directory, 0700);
  // Beside and renamed: others see a whole file or none, and of two that do it at once either result is right.
  file::replace(path, filter, 0600);
}

}  // namespace

std::string default_profile_file(const std::string& cache_directory, const std::vector<std::string>& capabilities) {
  const Machine machine = this_machine();
  const std::string path =
      cache_path(cache_directory, fmt::format("default{}", kDefaultProfileRevision), machine, capabilities);
  if (!is_whole_filter(path)) store(cache_directory, path, compile(default_profile(machine), machine, capabilities));
  return path;
}

std::string profile_file(const std::string& cache_directory, const std::string& profile_json,
                         const std::vector<std::string>& capabilities) {
  const Machine machine = this_machine();
  // Two hashes and the length: root alone names profiles, so this need not withstand forgery.
  const std::string name =
      fmt::format("user{}-{:016x}{:016x}-{}", kDefaultProfileRevision, fnv(profile_json, 0xcbf29ce484222325U),
                  fnv(profile_json, 0x9e3779b97f4a7c15U), profile_json.size());
  const std::string path = cache_path(cache_directory, name, machine, capabilities);
  if (!is_whole_filter(path)) {
    store(cache_directory, path, compile(parse_profile(profile_json, machine), machine, capabilities));
  }
  return path;
}

}  // namespace minidock::seccomp

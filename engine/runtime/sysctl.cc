#include "engine/runtime/sysctl.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sched.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>

#include "base/explain.h"
#include "base/syscall.h"

namespace minidock::runtime {
namespace {

constexpr std::array<std::string_view, 8> kIpcParameters = {"kernel/msgmax", "kernel/msgmnb",         "kernel/msgmni",
                                                            "kernel/sem",    "kernel/shmall",         "kernel/shmmax",
                                                            "kernel/shmmni", "kernel/shm_rmid_forced"};

// "net.ipv4.conf.eth0/1.x" → "net/ipv4/conf/eth0.1/x" (sysctl(8): the first separator tells the style).
std::string to_path(std::string name) {
  const std::size_t separator = name.find_first_of("./");
  if (separator == std::string::npos || name[separator] == '/') return name;
  for (char& letter : name) {
    if (letter == '.') {
      letter = '/';
    } else if (letter == '/') {
      letter = '.';
    }
  }
  return name;
}

bool is_clean(const std::string& path) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.' || c == '/' || c == '@' || c == ':';
  };
  return std::all_of(path.begin(), path.end(), allowed) && ("/" + path + "/").find("/../") == std::string::npos;
}

// The namespace that has to be the container's own; 0 for a parameter that is the whole machine's.
int namespace_of(const std::string& path) {
  if (path.rfind("net/", 0) == 0) return CLONE_NEWNET;
  if (path.rfind("fs/mqueue/", 0) == 0) return CLONE_NEWIPC;
  if (std::find(kIpcParameters.begin(), kIpcParameters.end(), path) != kIpcParameters.end()) return CLONE_NEWIPC;
  if (path == "kernel/domainname") return CLONE_NEWUTS;
  return 0;
}

}  // namespace

void check_sysctls(const std::map<std::string, std::string>& parameters, const NamespacePlan& plan) {
  for (const auto& [name, value] : parameters) {
    const std::string path = to_path(name);
    const int needed = is_clean(path) ? namespace_of(path) : 0;
    if (needed == 0 || !plan.owns(needed)) {
      throw Error(ErrorKind::invalid_argument,
                  fmt::format("sysctl \"{}\" is not in a separate kernel namespace", name));
    }
    if (value.find('\n') != std::string::npos) {
      throw Error(ErrorKind::invalid_argument, fmt::format("sysctl \"{}\": the value holds a line break", name));
    }
  }
}

void child_write_sysctls(int proc, const std::map<std::string, std::string>& parameters) {
  for (const auto& [name, value] : parameters) {
    const explain::Step step(
        "sysctl", [&, &parameter = name, &wanted = value] { return fmt::format("{} = {}", parameter, wanted); });
    try {
      const Fd file = sys::openat2(proc, "sys/" + to_path(name), O_WRONLY, 0,
                                   RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
      struct statfs info {};
      if (fstatfs(file.get(), &info) != 0 || info.f_type != PROC_SUPER_MAGIC) {
        throw Error(ErrorKind::permission_denied, "not a file of procfs");
      }
      sys::write_all(file.get(), value);
    } catch (const Error& error) {
      throw error.with_context(fmt::format("setting sysctl {} to \"{}\"", name, value));
    }
  }
}

}  // namespace minidock::runtime

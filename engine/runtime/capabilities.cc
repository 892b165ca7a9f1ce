#include "engine/runtime/capabilities.h"

#include <fmt/format.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

#include "base/syscall.h"

namespace minidock::runtime {
namespace {

// In the order of linux/capability.h: the index is the number.
constexpr std::array<std::string_view, CAP_LAST_CAP + 1> kNames = {"CAP_CHOWN",
                                                                   "CAP_DAC_OVERRIDE",
                                                                   "CAP_DAC_READ_SEARCH",
                                                                   "CAP_FOWNER",
                                                                   "CAP_FSETID",
                                                                   "CAP_KILL",
                                                                   "CAP_SETGID",
                                                                   "CAP_SETUID",
                                                                   "CAP_SETPCAP",
                                                                   "CAP_LINUX_IMMUTABLE",
                                                                   "CAP_NET_BIND_SERVICE",
                                                                   "CAP_NET_BROADCAST",
                                                                   "CAP_NET_ADMIN",
                                                                   "CAP_NET_RAW",
                                                                   "CAP_IPC_LOCK",
                                                                   "CAP_IPC_OWNER",
                                                                   "CAP_SYS_MODULE",
                                                                   "CAP_SYS_RAWIO",
                                                                   "CAP_SYS_CHROOT",
                                                                   "CAP_SYS_PTRACE",
                                                                   "CAP_SYS_PACCT",
                                                                   "CAP_SYS_ADMIN",
                                                                   "CAP_SYS_BOOT",
                                                                   "CAP_SYS_NICE",
                                                                   "CAP_SYS_RESOURCE",
                                                                   "CAP_SYS_TIME",
                                                                   "CAP_SYS_TTY_CONFIG",
                                                                   "CAP_MKNOD",
                                                                   "CAP_LEASE",
                                                                   "CAP_AUDIT_WRITE",
                                                                   "CAP_AUDIT_CONTROL",
                                                                   "CAP_SETFCAP",
                                                                   "CAP_MAC_OVERRIDE",
                                                                   "CAP_MAC_ADMIN",
                                                                   "CAP_SYSLOG",
                                                                   "CAP_WAKE_ALARM",
                                                                   "CAP_BLOCK_SUSPEND",
                                                                   "CAP_AUDIT_READ",
                                                                   "CAP_PERFMON",
                                                                   "CAP_BPF",
                                                                   "CAP_CHECKPOINT_RESTORE"};

using CapabilityData = std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3>;

}  // namespace

std::span<const std::string_view> capability_names() { return kNames; }

std::uint64_t capability_set(const std::vector<std::string>& names) {
  std::uint64_t set = 0;
  for (const std::string& name : names) {
    std::size_t number = 0;
    while (number < kNames.size() && kNames[number] != name) ++number;
    if (number == kNames.size()) {
      throw Error(ErrorKind::invalid_argument, fmt::format("invalid capability: \"{}\"", name));
    }
    set |= std::uint64_t{1} << number;
  }
  return set;
}

std::uint64_t permitted_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  CapabilityData data{};
  sys::checked([] { return std::string("capget()"); },
               [&] { return static_cast<int>(syscall(SYS_capget, &header, data.data())); });
  return data[0].permitted | (std::uint64_t{data[1].permitted} << 32);
}

void child_limit_capabilities(std::uint64_t kept) {
  // Numbers beyond our table too: the kernel may know more. It ends the list with EINVAL.
  for (unsigned number = 0; number < 64; ++number) {
    if ((kept & (std::uint64_t{1} << number)) != 0) continue;
    if (::prctl(PR_CAPBSET_DROP, number, 0, 0, 0) == 0) continue;
    if (errno == EINVAL) break;
    throw SysError(fmt::format("prctl(PR_CAPBSET_DROP, {})", number));
  }
  sys::prctl("PR_CAP_AMBIENT", PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL);
}

void child_set_capabilities(std::uint64_t effective, std::uint64_t permitted) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  CapabilityData data{};
  for (std::size_t half = 0; half < data.size(); ++half) {
    data[half].effective = static_cast<__u32>(effective >> (32 * half));
    data[half].permitted = static_cast<__u32>(permitted >> (32 * half));
  }
  sys::checked([&] { return fmt::format("capset({:#x}, {:#x})", effective, permitted); },
               [&] { return static_cast<int>(syscall(SYS_capset, &header, data.data())); });
}

}  // namespace minidock::runtime

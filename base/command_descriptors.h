// The descriptors that minidock's own commands get from who starts them.
#pragma once

namespace minidock {

// Where a command says what went wrong (base/error.h, error_report).
inline constexpr int kCommandErrorFd = 3;
// The network namespace that internal-attach-network is for.
inline constexpr int kCommandNetnsFd = 4;
// The lock of internal-restore-firewall, to which nobody listens.
inline constexpr int kFirewallLockFd = 3;

}  // namespace minidock

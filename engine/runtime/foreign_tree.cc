#include "engine/runtime/foreign_tree.h"

#include <fmt/format.h>
#include <sched.h>
#include <unistd.h>

#include <charconv>

#include "base/error_report.h"
#include "base/syscall.h"

namespace minidock::runtime {
namespace {

// Runs in the process that enters: answers with the tree, or with the report of its error.
[[noreturn]] void enter_and_clone(const ForeignPath& place, int channel) {
  try {
    try {
      sys::setns(sys::open(fmt::format("/proc/{}/ns/mnt", place.pid), O_RDONLY).get(), CLONE_NEWNS);
      const Fd root = sys::open("/", O_PATH | O_DIRECTORY);
      const Fd found = sys::openat2(root.get(), place.path, O_PATH | O_DIRECTORY, 0,
                                    RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS);
      const Fd tree = sys::open_tree(found.get(), "", OPEN_TREE_CLONE | static_cast<unsigned>(AT_EMPTY_PATH));
      const int fd = tree.get();
      sys::send_message(channel, "tree", std::span(&fd, 1));
      _exit(0);
    } catch (const Error& error) {
      sys::send_message(channel, error_report(error));
    }
  } catch (const Error&) {
    // The parent is gone: there is nobody to tell.
  }
  _exit(1);
}

}  // namespace

std::optional<ForeignPath> parse_foreign_path(const std::string& source) {
  constexpr std::string_view kProc = "/proc/";
  constexpr std::string_view kRoot = "/root/";
  if (!source.starts_with(kProc)) return std::nullopt;
  ForeignPath place;
  const char* const digits = source.data() + kProc.size();
  const auto [end, error] = std::from_chars(digits, source.data() + source.size(), place.pid);
  const std::size_t rest = static_cast<std::size_t>(end - source.data());
  if (error != std::errc() || !std::string_view(source).substr(rest).starts_with(kRoot)) return std::nullopt;
  place.path = source.substr(rest + kRoot.size() - 1);
  return place;
}

Fd clone_foreign_tree(const ForeignPath& place) {
  SocketPair channel = sys::socketpair(SOCK_SEQPACKET);
  const pid_t pid = ::fork();
  if (pid < 0) throw SysError("fork");
  if (pid == 0) enter_and_clone(place, channel.theirs.get());
  channel.theirs.reset();
  sys::Message answer = sys::receive_message(channel.ours.get());
  sys::waitpid(pid);
  if (answer.fds.size() == 1) return std::move(answer.fds.front());
  throw error_from_report(answer.data, "the answer of a process in another mount namespace");
}

}  // namespace minidock::runtime

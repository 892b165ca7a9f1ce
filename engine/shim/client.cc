#include "engine/shim/client.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <cerrno>
#include <string_view>

#include "base/explain.h"
#include "base/path.h"
#include "base/syscall.h"
#include "base/trace.h"

namespace minidock::shim {
namespace {

[[noreturn]] void throw_failed(const Failed& failed) { throw Error(failed.kind, failed.message, failed.error_number); }

// The next message must be a `Wanted`; the shim's own error, or its silent end, is thrown.
template <typename Wanted>
Wanted expect(int channel, std::string_view wanted) {
  std::optional<StartMessage> message = receive(channel);
  if (!message) {
    throw Error(ErrorKind::unavailable,
                fmt::format("minidock-shim ended before it sent \"{}\"; the kernel's log (dmesg) tells whether it was "
                            "killed or crashed",
                            wanted));
  }
  if (const Failed* failed = std::get_if<Failed>(&*message)) throw_failed(*failed);
  if (Wanted* expected = std::get_if<Wanted>(&*message)) return std::move(*expected);
  throw Error(ErrorKind::internal,
              fmt::format("minidock-shim: expected \"{}\", got message {}", wanted, message->index()));
}

}  // namespace

StartingShim StartingShim::spawn(const SpawnOptions& wanted) {
  const std::string program = process::find_companion("minidock-shim");
  Fd executable;
  if (wanted.read_only_executable) executable = process::open_read_only_executable(program);
  SocketPair start = sys::socketpair(SOCK_SEQPACKET);
  const Fd null = sys::open("/dev/null", O_RDWR);

  process::SpawnOptions options;
  options.program = program;
  options.program_fd = executable.get();
  options.new_session = true;
  options.cgroup = wanted.cgroup;
  options.arguments = {"minidock-shim", std::string(kIdSize, '-')};
  // The user's terminal is kept only for traces: a shim outlives the command and must not hold it.
  options.fds = {{null.get(), 0}, {null.get(), 1}, {start.theirs.get(), kStartChannelFd}};
  if (!trace::enabled()) options.fds.emplace_back(null.get(), 2);
  for (int i = 0; i < wanted.preserved; ++i) options.fds.emplace_back(3 + i, kFirstPreservedFd + i);
  return {process::spawn(options), std::move(start.ours), wanted.preserved};
}

void StartingShim::abandon() noexcept {
  start_.reset();
  attach_.reset();
  if (pid_ > 0) ::waitpid(std::exchange(pid_, 0), nullptr, 0);
}

void StartingShim::assign(const std::string& container_dir, bool attach, const std::vector<Fd>& kept) {
  SocketPair streams;
  if (attach) streams = sys::socketpair(SOCK_STREAM);
  send_assignment(start_.get(), {container_dir, streams.theirs.get(), kept, explain::log_descriptor(), preserved_});
  attach_ = std::move(streams.ours);
}

Fd StartingShim::wait_created() { return expect<Created>(start_.get(), "created").netns; }

void StartingShim::network_ready() {
  try {
    send(start_.get(), NetworkReady{});
  } catch (const SysError& error) {
    // The shim has failed meanwhile: wait_started() finds its message, which says why.
    if (error.error_number() != EPIPE && error.error_number() != ECONNRESET) throw;
  }
}

RunningState StartingShim::wait_started() {
  RunningState state = expect<Started>(start_.get(), "started").state;
  pid_ = 0;  // it stays, longer than we do
  return state;
}

std::optional<Exited> StartingShim::wait_exited(bool take_over_cleanup) {
  const std::optional<StartMessage> message = receive(start_.get());
  if (!message) return std::nullopt;
  const Exited* exited = std::get_if<Exited>(&*message);
  if (exited == nullptr) {
    throw Error(ErrorKind::internal,
                fmt::format("minidock-shim: expected \"exited\", got message {}", message->index()));
  }
  try {
    if (take_over_cleanup && !exited->restarting) send(start_.get(), Removing{});
  } catch (const SysError& error) {
    // The shim did not wait that long and has started the clean-up itself, which does no harm when done twice.
    if (error.error_number() != EPIPE && error.error_number() != ECONNRESET) throw;
  }
  // The shim need not wait any longer: it reads the answer, or the end of the file.
  start_.reset();
  return *exited;
}

Fd connect_attach(const std::string& state_dir) {
  // Through the directory's descriptor: a socket's path is limited to 107 bytes, a --state directory is not.
  const Fd directory = sys::openat_unless(AT_FDCWD, state_dir, O_PATH | O_DIRECTORY, 0, ENOENT);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = fmt::format("/proc/self/fd/{}/attach.sock", directory.get());
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  Fd channel(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!channel) throw SysError("socket(AF_UNIX)");
  if (directory && ::connect(channel.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    return channel;
  }
  if (!directory || errno == ENOENT || errno == ECONNREFUSED) {
    throw Error(ErrorKind::not_found, fmt::format("{} is not running: its shim is gone", path::base_name(state_dir)));
  }
  throw SysError(fmt::format("connect(\"{}/attach.sock\")", state_dir));
}

}  // namespace minidock::shim

#include "engine/shim/state_directory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/syscall.h"

namespace minidock::shim {
namespace {

constexpr const char* kSocket = "attach.sock";
constexpr const char* kState = "state.json";
constexpr int kBacklog = 16;

}  // namespace

StateDirectory::StateDirectory(const std::string& path) {
  file::make_directories(path, 0700);
  directory_ = sys::open(path, O_RDONLY | O_DIRECTORY);
}

StateDirectory::~StateDirectory() {
  if (!directory_) return;
  remove_socket();
  leave(true);
}

Fd StateDirectory::listen() {
  // What a killed shim of this container left behind.
  sys::unlinkat_if_present(directory_.get(), kSocket, 0);
  Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) throw SysError("socket(AF_UNIX)");
  sys::fchmod(socket.get(), 0600);  // before bind: the name is made with this mode
  // Through the descriptor: a socket's path is limited to 107 bytes, a --state directory is not.
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = fmt::format("/proc/self/fd/{}/{}", directory_.get(), kSocket);
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  sys::checked([&] { return fmt::format("bind(\"{}\")", path); },
               [&] { return ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address); });
  sys::checked([] { return std::string("listen()"); }, [&] { return ::listen(socket.get(), kBacklog); });
  return socket;
}

void StateDirectory::write_state(const RunningState& state) {
  file::replace_at(directory_.get(), kState, json::dump(to_json(state)), 0600);
}

void StateDirectory::remove_socket() noexcept { ::unlinkat(directory_.get(), kSocket, 0); }

void StateDirectory::leave(bool remove_state) noexcept {
  if (remove_state) ::unlinkat(directory_.get(), kState, 0);
  directory_.reset();
}

}  // namespace minidock::shim

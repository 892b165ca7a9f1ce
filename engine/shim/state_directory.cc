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

std::string stop_file(const std::string& state_dir) { return state_dir + "/stop-requested"; }
std::string shutdown_file(const std::string& state_dir) { return state_dir + "/shutdown-requested"; }
std::string guest_file(const std::string& state_dir) { return state_dir + "/network-guest"; }
std::string restart_file(const std::string& state_dir) { return state_dir + "/restart.json"; }
std::string health_file(const std::string& state_dir) { return state_dir + "/health.json"; }

}  // namespace

void request_stop(const std::string& state_dir, StopReason reason) {
  file::replace(reason == StopReason::user ? stop_file(state_dir) : shutdown_file(state_dir), "", 0600);
}
bool is_stop_requested(const std::string& state_dir) {
  return is_stopped_by_user(state_dir) || file::exists(shutdown_file(state_dir));
}
bool is_stopped_by_user(const std::string& state_dir) { return file::exists(stop_file(state_dir)); }
void note_network_guest(const std::string& state_dir) { file::write(guest_file(state_dir), "", 0600); }
bool had_network_guest(const std::string& state_dir) { return file::exists(guest_file(state_dir)); }
void forget_requests(const std::string& state_dir) {
  sys::unlinkat_if_present(AT_FDCWD, guest_file(state_dir), 0);
  sys::unlinkat_if_present(AT_FDCWD, stop_file(state_dir), 0);
  sys::unlinkat_if_present(AT_FDCWD, shutdown_file(state_dir), 0);
  sys::unlinkat_if_present(AT_FDCWD, restart_file(state_dir), 0);
}

void write_restart_settings(const std::string& state_dir, const RestartSettings& settings) {
  file::replace(restart_file(state_dir), json::dump(to_json(settings)), 0600);
}

std::optional<RestartSettings> read_restart_settings(const std::string& state_dir) {
  const std::optional<std::string> text = file::read_if_exists(restart_file(state_dir));
  if (!text) return std::nullopt;
  return restart_settings_from_json(json::parse(*text, "restart.json"));
}

void write_health(const std::string& state_dir, const Json& report) {
  file::replace(health_file(state_dir), json::dump(report), 0600);
}

std::optional<Json> read_health(const std::string& state_dir) {
  const std::optional<std::string> text = file::read_if_exists(health_file(state_dir));
  if (!text) return std::nullopt;
  return json::parse(*text, "health.json");
}

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

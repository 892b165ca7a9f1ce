#include "engine/shim/journald_log.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/random.h"

namespace minidock::shim {
namespace {

static_assert(std::endian::native == std::endian::little, "the protocol's sizes are little endian");

sockaddr_un journal_address() {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, kJournalSocket, sizeof kJournalSocket);
  return address;
}

// "KEY=value\n", or with the value's size before it when that has a newline or may be anything.
void append_field(std::string_view key, std::string_view value, std::string& out) {
  out += key;
  if (value.find('\n') == std::string_view::npos) {
    out += '=';
  } else {
    const std::uint64_t size = value.size();
    out += '\n';
    out.append(reinterpret_cast<const char*>(&size), sizeof size);
  }
  out += value;
  out += '\n';
}

// Each message goes to the name, not to a connection: the journal may be restarted at any time.
msghdr message_to(sockaddr_un& address) {
  msghdr message{};
  message.msg_name = &address;
  message.msg_namelen = sizeof address;
  return message;
}

bool send_until_done(int socket, const msghdr& message) {
  ssize_t sent = 0;
  do {
    sent = ::sendmsg(socket, &message, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent >= 0;
}

}  // namespace

void require_journal() {
  if (::access(kJournalSocket, W_OK) == 0) return;
  throw Error(ErrorKind::unavailable, "journald is not enabled on this host");
}

JournaldLog::JournaldLog(const std::map<std::string, std::string>& fields)
    : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
  if (!socket_) throw SysError("socket(AF_UNIX, SOCK_DGRAM)");
  try {
    require_journal();
  } catch (const Error& error) {
    throw error.with_context("failed to initialize logging driver");
  }
  for (const auto& [key, value] : fields) append_field(key, value, fields_);
}

void JournaldLog::append(LogStream stream, std::string_view text, std::int64_t) noexcept {
  const bool last = text.ends_with('\n');
  if (last) text.remove_suffix(1);
  message_ = fields_;
  append_field("PRIORITY", std::to_string(stream == LogStream::err ? LOG_ERR : LOG_INFO), message_);
  Partial& partial = partial_[static_cast<std::size_t>(stream)];
  if (!last || !partial.id.empty()) add_partial_fields(partial, last);
  append_field("MESSAGE", text, message_);
  send();
  if (last) partial = {};
}

void JournaldLog::add_partial_fields(Partial& partial, bool last) {
  if (partial.id.empty()) partial.id = random::object_id();
  append_field("CONTAINER_PARTIAL_ID", partial.id, message_);
  append_field("CONTAINER_PARTIAL_ORDINAL", std::to_string(++partial.ordinal), message_);
  append_field("CONTAINER_PARTIAL_LAST", last ? "true" : "false", message_);
  if (!last) append_field("CONTAINER_PARTIAL_MESSAGE", "true", message_);
}

void JournaldLog::send() noexcept {
  sockaddr_un address = journal_address();
  iovec data{message_.data(), message_.size()};
  msghdr message = message_to(address);
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  if (!send_until_done(socket_.get(), message) && (errno == EMSGSIZE || errno == ENOBUFS)) send_by_memory();
}

// A message that no datagram holds is passed as a sealed memory file.
void JournaldLog::send_by_memory() noexcept {
  const Fd memory(memfd_create("log-entry", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!memory || ::write(memory.get(), message_.data(), message_.size()) != static_cast<ssize_t>(message_.size())) {
    return;
  }
  if (fcntl(memory.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0) return;
  sockaddr_un address = journal_address();
  msghdr message = message_to(address);
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  const int fd = memory.get();
  std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
  send_until_done(socket_.get(), message);
}

}  // namespace minidock::shim

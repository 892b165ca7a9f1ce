// A registry on a loopback port that answers as a test tells it to: in a process of its own, as an unpacker may be
// started only while the test has no threads.
#pragma once

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/fd.h"

namespace minidock::image {

struct FakeRequest {
  std::string method;
  std::string path;
  std::map<std::string, std::string> headers;  // names in lower case
  int count = 0;                               // earlier requests for the same path

  std::string header(const std::string& name) const {
    const auto it = headers.find(name);
    return it == headers.end() ? "" : it->second;
  }
  // First byte of "Range: bytes=N-", 0 without one.
  std::size_t range() const { return headers.count("range") == 0 ? 0 : std::stoul(header("range").substr(6)); }
};

// The whole response; the connection is closed after it.
using FakeHandler = std::function<std::string(const FakeRequest&)>;

class FakeRegistry {
 public:
  explicit FakeRegistry(FakeHandler handler);
  ~FakeRegistry();
  FakeRegistry(const FakeRegistry&) = delete;
  FakeRegistry& operator=(const FakeRegistry&) = delete;

  std::string host() const { return "127.0.0.1:" + std::to_string(port_); }
  // "GET /v2/… Range=… Authorization=…" of each request so far.
  std::vector<std::string> log() const;

 private:
  [[noreturn]] void serve(const FakeHandler& handler);

  Fd listener_;
  Fd log_;
  int port_ = 0;
  pid_t child_ = -1;
};

namespace fake {

inline FakeRequest parse(const std::string& text) {
  FakeRequest request;
  std::istringstream lines(text);
  lines >> request.method >> request.path;
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line) && line != "\r") {
    const std::size_t colon = line.find(": ");
    if (colon == std::string::npos) continue;
    std::string name = line.substr(0, colon);
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    request.headers[name] = line.substr(colon + 2, line.size() - colon - 3);
  }
  return request;
}

inline std::string read_head(int connection) {
  std::string text;
  char byte = 0;
  while (text.find("\r\n\r\n") == std::string::npos && ::read(connection, &byte, 1) == 1) text += byte;
  return text;
}

inline void send_all(int connection, const std::string& text) {
  for (std::size_t sent = 0; sent < text.size();) {
    const ssize_t done = ::send(connection, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
    if (done <= 0) return;
    sent += static_cast<std::size_t>(done);
  }
}

}  // namespace fake

inline std::string http_response(const std::string& status, const std::string& body,
                                 const std::vector<std::string>& headers = {}) {
  std::string text = fmt::format("HTTP/1.1 {}\r\nConnection: close\r\nContent-Length: {}\r\n", status, body.size());
  for (const std::string& header : headers) text += header + "\r\n";
  return text + "\r\n" + body;
}

inline FakeRegistry::FakeRegistry(FakeHandler handler)
    : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), log_(::memfd_create("log", MFD_CLOEXEC)) {
  struct sockaddr_in address {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<struct sockaddr*>(&address);
  if (::bind(listener_.get(), generic, size) != 0 || ::listen(listener_.get(), 64) != 0 ||
      ::getsockname(listener_.get(), generic, &size) != 0) {
    throw SysError("fake registry");
  }
  port_ = ntohs(address.sin_port);
  child_ = ::fork();
  if (child_ == 0) serve(handler);
}

inline FakeRegistry::~FakeRegistry() {
  ::kill(child_, SIGKILL);
  ::waitpid(child_, nullptr, 0);
}

inline void FakeRegistry::serve(const FakeHandler& handler) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  std::map<std::string, int> counts;
  for (;;) {
    const Fd connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    FakeRequest request = fake::parse(fake::read_head(connection.get()));
    if (request.method.empty()) continue;
    request.count = counts[request.path]++;
    const std::string line =
        fmt::format("{} {}{}{}\n", request.method, request.path,
                    request.header("range").empty() ? "" : " Range=" + request.header("range"),
                    request.header("authorization").empty() ? "" : " Authorization=" + request.header("authorization"));
    if (::write(log_.get(), line.data(), line.size()) < 0) ::_exit(1);
    std::string response = handler(request);
    if (request.method == "HEAD") response.erase(response.find("\r\n\r\n") + 4);
    fake::send_all(connection.get(), response);
    ::shutdown(connection.get(), SHUT_WR);
  }
}

inline std::vector<std::string> FakeRegistry::log() const {
  std::string text(1024 * 1024, '\0');
  const ssize_t size = ::pread(log_.get(), text.data(), text.size(), 0);
  text.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  std::vector<std::string> result;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) result.push_back(line);
  return result;
}

}  // namespace minidock::image

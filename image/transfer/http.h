// HTTP by libcurl's multi interface: all transfers of the process are driven by one thread, in wait().
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace minidock::image {

struct HttpRequest {
  std::string url;
  bool head = false;
  std::vector<std::string> headers;  // "Accept: …"
  std::string authorization;         // value of that header, "" for none; never sent to another host on a redirect
  std::uint64_t range_from = 0;      // ask for the bytes from here on
  std::size_t max_body = 64 * 1024;  // of a body that is collected; more is ErrorKind::corrupt_data
  bool verify_tls = true;
  bool may_redirect_to_http = false;
};

struct HttpResponse {
  long status = 0;
  std::multimap<std::string, std::string> headers;  // names in lower case
  std::string body;                                 // without a sink, or of a status that is no success

  std::string header(const std::string& name) const;
};

// One request on its way.
class HttpTransfer {
 public:
  // Receives the body of a successful response piece by piece; what it throws ends the transfer. The response (status
  // and headers) is there by the first call.
  using Sink = std::function<void(const HttpResponse&, std::string_view)>;

  ~HttpTransfer();
  HttpTransfer(const HttpTransfer&) = delete;
  HttpTransfer& operator=(const HttpTransfer&) = delete;

  // After the end: the response; throws the sink's error, or ErrorKind::unavailable when the network failed.
  HttpResponse& result();

 private:
  friend class HttpClient;
  struct Parts;
  explicit HttpTransfer(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

class HttpClient {
 public:
  HttpClient();
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  std::unique_ptr<HttpTransfer> start(const HttpRequest& request, HttpTransfer::Sink sink);

  // Moves all transfers on, waiting at most `timeout` for something to do, or until one of the other descriptors is
  // readable; the transfers that have ended since.
  std::vector<HttpTransfer*> wait(std::chrono::milliseconds timeout, std::span<const int> others = {});

  // One request until its end, the others moving on meanwhile (wait() still tells when they end). No retries.
  HttpResponse perform(const HttpRequest& request);

 private:
  void drive(std::chrono::milliseconds timeout, std::span<const int> others = {});
  struct Multi;
  std::unique_ptr<Multi> multi_;
  std::vector<HttpTransfer*> ended_;
};

// "localhost", 127.0.0.0/8 and "[::1]", with or without ":port".
bool is_loopback_host(std::string_view host_and_port);

// Whether asking again may help: the network failed, or the server is busy (429) or broken (5xx).
bool is_worth_a_retry(const std::exception& error);
bool is_worth_a_retry(long status);

// Growing waits between attempts, at most this many attempts in all.
inline constexpr int kMaxAttempts = 5;
std::chrono::milliseconds back_off(int failed_attempts);

// perform() with retries.
HttpResponse perform_persistently(HttpClient& client, const HttpRequest& request);

}  // namespace minidock::image

#include "image/transfer/http.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <thread>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "base/trace.h"

namespace minidock::image {
namespace {

constexpr long kConnectTimeoutSeconds = 15;
constexpr long kStallSeconds = 30;  // below kStallBytes a second for so long: the transfer is given up
constexpr long kStallBytes = 64;
constexpr long kMaxRedirects = 10;
constexpr long kReceiveBuffer = 512 * 1024;
constexpr std::size_t kMaxHeader = 16 * 1024;
constexpr std::size_t kMaxHeaders = 128;

template <typename Value>
void set(CURL* easy, CURLoption option, Value value) {
  const CURLcode result = curl_easy_setopt(easy, option, value);
  if (result != CURLE_OK) {
    throw Error(ErrorKind::internal,
                fmt::format("curl_easy_setopt({}): {}", static_cast<int>(option), curl_easy_strerror(result)));
  }
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view blank = " \t\r\n";
  const std::size_t first = text.find_first_not_of(blank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

bool is_success(long status) { return status >= 200 && status < 300; }

struct FreeEasy {
  void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
};
struct FreeList {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};

}  // namespace

bool is_loopback_host(std::string_view host_and_port) {
  if (host_and_port.rfind('[', 0) == 0) return host_and_port.substr(0, host_and_port.find(']') + 1) == "[::1]";
  const std::string host(host_and_port.substr(0, host_and_port.find(':')));
  if (host == "localhost") return true;
  struct in_addr address {};
  return inet_pton(AF_INET, host.c_str(), &address) == 1 && (ntohl(address.s_addr) >> 24U) == 127;
}

std::string HttpResponse::header(const std::string& name) const {
  const auto it = headers.find(name);
  return it == headers.end() ? "" : it->second;
}

struct HttpTransfer::Parts {
  HttpRequest request;
  Sink sink;
  HttpResponse response;
  std::exception_ptr error;
  CURLcode code = CURLE_OK;
  bool ended = false;
  std::array<char, CURL_ERROR_SIZE> message{};
  std::unique_ptr<curl_slist, FreeList> headers;
  CURLM* multi = nullptr;  // while the handle is in it
  std::unique_ptr<CURL, FreeEasy> easy{curl_easy_init()};
  std::uint64_t started = trace::start();

  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  void take_header(std::string_view line);
  void take_body(std::string_view data);
  void configure();
  void configure_security();
};

std::size_t HttpTransfer::Parts::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  Parts& parts = *static_cast<Parts*>(self);
  try {
    parts.take_header({data, size * count});
    return size * count;
  } catch (...) {  // no exception may pass through libcurl; result() throws it again
    parts.error = std::current_exception();
    return 0;
  }
}

std::size_t HttpTransfer::Parts::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  Parts& parts = *static_cast<Parts*>(self);
  try {
    parts.take_body({data, size * count});
    return size * count;
  } catch (...) {  // as above
    parts.error = std::current_exception();
    return 0;
  }
}

void HttpTransfer::Parts::take_header(std::string_view line) {
  if (line.rfind("HTTP/", 0) == 0) {
    // A new response begins: what came before was a redirect or "100 Continue".
    response = HttpResponse{};
    return;
  }
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  if (line.size() > kMaxHeader || response.headers.size() >= kMaxHeaders) {
    throw Error(ErrorKind::corrupt_data, fmt::format("{}: the response's headers are too long", request.url));
  }
  response.headers.emplace(lower_case(std::string(line.substr(0, colon))), trim(line.substr(colon + 1)));
}

void HttpTransfer::Parts::take_body(std::string_view data) {
  if (response.status == 0) curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &response.status);
  if (sink && is_success(response.status)) {
    sink(response, data);
    return;
  }
  if (response.body.size() + data.size() > request.max_body) {
    throw Error(ErrorKind::corrupt_data,
                fmt::format("{}: the response is larger than {} bytes", request.url, request.max_body));
  }
  response.body += data;
}

void HttpTransfer::Parts::configure() {
  if (!easy) throw std::bad_alloc();
  std::vector<std::string> lines = request.headers;
  if (!request.authorization.empty()) lines.push_back("Authorization: " + request.authorization);
  for (const std::string& line : lines) {
    curl_slist* longer = curl_slist_append(headers.get(), line.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    static_cast<void>(headers.release());  // `longer` is the same list, or its first element
    headers.reset(longer);
  }
  CURL* handle = easy.get();
  set(handle, CURLOPT_URL, request.url.c_str());
  set(handle, CURLOPT_NOBODY, request.head ? 1L : 0L);
  set(handle, CURLOPT_HTTPHEADER, headers.get());
  set(handle, CURLOPT_USERAGENT, "minidock/0.1.0");
  set(handle, CURLOPT_HEADERFUNCTION, &Parts::on_header);
  set(handle, CURLOPT_HEADERDATA, static_cast<void*>(this));
  set(handle, CURLOPT_WRITEFUNCTION, &Parts::on_body);
  set(handle, CURLOPT_WRITEDATA, static_cast<void*>(this));
  set(handle, CURLOPT_ERRORBUFFER, message.data());
  set(handle, CURLOPT_BUFFERSIZE, kReceiveBuffer);
  set(handle, CURLOPT_NOSIGNAL, 1L);
  set(handle, CURLOPT_CONNECTTIMEOUT, kConnectTimeoutSeconds);
  set(handle, CURLOPT_LOW_SPEED_TIME, kStallSeconds);
  set(handle, CURLOPT_LOW_SPEED_LIMIT, kStallBytes);
  if (request.range_from > 0) set(handle, CURLOPT_RANGE, fmt::format("{}-", request.range_from).c_str());
  const std::string after_scheme = request.url.substr(request.url.find("://") + 3);
  if (is_loopback_host(after_scheme.substr(0, after_scheme.find('/')))) set(handle, CURLOPT_NOPROXY, "*");
  configure_security();
}

void HttpTransfer::Parts::configure_security() {
  CURL* handle = easy.get();
  const bool plain = request.url.rfind("http://", 0) == 0;
  set(handle, CURLOPT_PROTOCOLS_STR, plain ? "http" : "https");
  set(handle, CURLOPT_REDIR_PROTOCOLS_STR, request.may_redirect_to_http ? "http,https" : "https");
  set(handle, CURLOPT_FOLLOWLOCATION, 1L);
  set(handle, CURLOPT_MAXREDIRS, kMaxRedirects);
  // Authorization goes to the first host only (rule R15).
  set(handle, CURLOPT_UNRESTRICTED_AUTH, 0L);
  set(handle, CURLOPT_SSL_VERIFYPEER, request.verify_tls ? 1L : 0L);
  set(handle, CURLOPT_SSL_VERIFYHOST, request.verify_tls ? 2L : 0L);
  set(handle, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
}

HttpTransfer::HttpTransfer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

HttpTransfer::~HttpTransfer() {
  if (parts_->multi != nullptr) curl_multi_remove_handle(parts_->multi, parts_->easy.get());
}

HttpResponse& HttpTransfer::result() {
  if (parts_->error) std::rethrow_exception(parts_->error);
  if (parts_->code != CURLE_OK) {
    const bool told = parts_->message[0] != '\0';
    throw Error(ErrorKind::unavailable,
                fmt::format("{} \"{}\": {}", parts_->request.head ? "Head" : "Get", parts_->request.url,
                            told ? parts_->message.data() : curl_easy_strerror(parts_->code)));
  }
  return parts_->response;
}

struct HttpClient::Multi {
  Multi() {
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) throw Error(ErrorKind::internal, "curl_global_init failed");
    handle = curl_multi_init();
    if (handle == nullptr) throw std::bad_alloc();
  }
  ~Multi() {
    curl_multi_cleanup(handle);
    curl_global_cleanup();
  }
  CURLM* handle = nullptr;
};

HttpClient::HttpClient() : multi_(std::make_unique<Multi>()) {}
HttpClient::~HttpClient() = default;

std::unique_ptr<HttpTransfer> HttpClient::start(const HttpRequest& request, HttpTransfer::Sink sink) {
  auto parts = std::make_unique<HttpTransfer::Parts>();
  parts->request = request;
  parts->sink = std::move(sink);
  parts->configure();
  // The handle carries the address of Parts, so the owner of both is made first.
  std::unique_ptr<HttpTransfer> transfer(new HttpTransfer(std::move(parts)));
  set(transfer->parts_->easy.get(), CURLOPT_PRIVATE, static_cast<void*>(transfer.get()));
  const CURLMcode added = curl_multi_add_handle(multi_->handle, transfer->parts_->easy.get());
  if (added != CURLM_OK) throw Error(ErrorKind::internal, curl_multi_strerror(added));
  transfer->parts_->multi = multi_->handle;
  return transfer;
}

void HttpClient::drive(std::chrono::milliseconds timeout, std::span<const int> others) {
  int running = 0;
  CURLMcode code = curl_multi_perform(multi_->handle, &running);
  int waiting = 0;
  CURLMsg* message = curl_multi_info_read(multi_->handle, &waiting);
  if (message == nullptr && timeout.count() > 0) {
    if (code == CURLM_OK) {
      std::vector<curl_waitfd> also;
      for (const int fd : others) also.push_back({fd, CURL_WAIT_POLLIN, 0});
      code = curl_multi_poll(multi_->handle, also.data(), static_cast<unsigned>(also.size()),
                             static_cast<int>(timeout.count()), nullptr);
    }
    if (code == CURLM_OK) code = curl_multi_perform(multi_->handle, &running);
    message = curl_multi_info_read(multi_->handle, &waiting);
  }
  if (code != CURLM_OK) throw Error(ErrorKind::internal, fmt::format("libcurl: {}", curl_multi_strerror(code)));
  for (; message != nullptr; message = curl_multi_info_read(multi_->handle, &waiting)) {
    if (message->msg != CURLMSG_DONE) continue;
    HttpTransfer* transfer = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
    HttpTransfer::Parts& parts = *transfer->parts_;
    parts.code = message->data.result;
    curl_easy_getinfo(message->easy_handle, CURLINFO_RESPONSE_CODE, &parts.response.status);
    parts.ended = true;
    if (trace::enabled()) {
      trace::line(parts.started, fmt::format("{} {}", parts.request.head ? "HEAD" : "GET", parts.request.url),
                  parts.response.status);
    }
    ended_.push_back(transfer);
  }
}

std::vector<HttpTransfer*> HttpClient::wait(std::chrono::milliseconds timeout, std::span<const int> others) {
  if (ended_.empty()) drive(timeout, others);
  return std::exchange(ended_, {});
}

HttpResponse HttpClient::perform(const HttpRequest& request) {
  const std::unique_ptr<HttpTransfer> transfer = start(request, nullptr);
  while (!transfer->parts_->ended) drive(std::chrono::milliseconds(1000));
  std::erase(ended_, transfer.get());
  return std::move(transfer->result());
}

bool is_worth_a_retry(const std::exception& error) {
  const auto* ours = dynamic_cast<const Error*>(&error);
  return ours != nullptr && ours->kind() == ErrorKind::unavailable;
}

bool is_worth_a_retry(long status) { return status == 429 || status == 408 || (status >= 500 && status != 501); }

std::chrono::milliseconds back_off(int failed_attempts) {
  return std::chrono::milliseconds(250) * (1 << std::clamp(failed_attempts - 1, 0, 5));
}

HttpResponse perform_persistently(HttpClient& client, const HttpRequest& request) {
  for (int attempt = 1;; ++attempt) {
    try {
      HttpResponse response = client.perform(request);
      if (!is_worth_a_retry(response.status) || attempt == kMaxAttempts) return response;
    } catch (const Error& error) {
      if (!is_worth_a_retry(error) || attempt == kMaxAttempts) throw;
    }
    std::this_thread::sleep_for(back_off(attempt));
  }
}

}  // namespace minidock::image

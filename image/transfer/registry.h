// One repository of one registry: the distribution API (OCI distribution-spec, "Pull") with its authentication
// (docker's token authentication specification).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "image/reference.h"
#include "image/transfer/credentials.h"
#include "image/transfer/http.h"
#include "image/transfer/manifest.h"

namespace minidock::image {

// One way to authenticate from a WWW-Authenticate header (RFC 9110, 11.6.1).
struct Challenge {
  std::string scheme;                             // "bearer", "basic": lower case
  std::map<std::string, std::string> parameters;  // names in lower case
};
std::vector<Challenge> parse_challenges(std::string_view header);

class Registry {
 public:
  // `insecure`: registries ("host", "host:port") whose certificate is not checked and that may speak plain HTTP.
  Registry(HttpClient& http, Reference reference, const std::vector<std::string>& insecure);

  struct RawDocument {
    std::string text;
    std::string media_type;
    std::string digest;  // computed from the text
  };

  // A manifest or index by tag or digest; with a digest the text is verified.
  RawDocument manifest(const std::string& tag_or_digest);
  // The digest that the registry says the tag has; nothing when it does not say.
  std::optional<std::string> manifest_digest(const std::string& tag);
  // A blob small enough for memory, verified (configs).
  std::string small_blob(const Descriptor& descriptor);

  // The request for a blob with what authentication is known so far.
  HttpRequest blob_request(const std::string& digest, std::uint64_t from) const;
  // Answers a 401: true when the request should be made again with new authentication.
  bool authenticate(const HttpResponse& response);
  // The error behind a response that is no success.
  [[noreturn]] void fail(const HttpResponse& response, const std::string& what) const;

 private:
  bool is_loopback() const { return is_loopback_host(reference_.registry); }
  void choose_scheme();
  HttpRequest request(const std::string& path) const;
  HttpResponse get(HttpRequest request);
  std::string fetch_token(const Challenge& challenge);

  HttpClient& http_;
  Reference reference_;
  bool plain_allowed_ = false;
  std::string base_;  // "https://registry-1.docker.io", "" until it is chosen
  std::string authorization_;
  std::map<std::string, std::string> tokens_;  // by realm, service and scope
  int authentications_ = 0;
};

}  // namespace minidock::image

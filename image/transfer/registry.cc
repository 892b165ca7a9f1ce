#include "image/transfer/registry.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "image/transfer/digest.h"

namespace minidock::image {
namespace {

constexpr char kHub[] = "docker.io";
constexpr char kHubHost[] = "registry-1.docker.io";
constexpr int kMaxAuthentications = 8;  // a pull may outlive some tokens; a registry that never accepts one ends here

std::string escape(const std::string& text) {
  char* raw = curl_easy_escape(nullptr, text.c_str(), static_cast<int>(text.size()));
  if (raw == nullptr) throw std::bad_alloc();
  std::string result(raw);
  curl_free(raw);
  return result;
}

std::string base64(const std::string& text) {
  std::string result(text.size() / 3 * 4 + 5, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(result.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  result.resize(static_cast<std::size_t>(size));
  return result;
}

std::string basic(const Credentials& credentials) {
  return "Basic " + base64(credentials.user + ":" + credentials.password);
}

const Challenge* find_scheme(const std::vector<Challenge>& challenges, std::string_view scheme) {
  const auto it = std::find_if(challenges.begin(), challenges.end(),
                               [&](const Challenge& challenge) { return challenge.scheme == scheme; });
  return it == challenges.end() ? nullptr : &*it;
}

std::string parameter(const Challenge& challenge, const std::string& name) {
  const auto it = challenge.parameters.find(name);
  return it == challenge.parameters.end() ? "" : it->second;
}

// The first error of the API's {"errors":[{"code","message"}]}, code in docker's spelling ("manifest unknown").
struct ApiError {
  std::string code;
  std::string message;
};

std::optional<ApiError> read_api_error(const std::string& body) {
  try {
    const Json document = json::parse(body, "error");
    const auto errors = document.find("errors");
    if (errors == document.end() || !errors->is_array() || errors->empty()) return std::nullopt;
    ApiError result{json::get_string(errors->front(), "code"), json::get_string(errors->front(), "message")};
    result.code = lower_case(result.code);
    std::replace(result.code.begin(), result.code.end(), '_', ' ');
    // Foreign text on the user's terminal: no control characters.
    for (char& c : result.message) c = static_cast<unsigned char>(c) < ' ' || c == '\x7f' ? ' ' : c;
    return result;
  } catch (const Error&) {
    return std::nullopt;  // a proxy's page: the status has to do
  }
}

}  // namespace

Registry::Registry(HttpClient& http, Reference reference, const std::vector<std::string>& insecure)
    : http_(http), reference_(std::move(reference)) {
  const std::string& registry = reference_.registry;
  plain_allowed_ = is_loopback() || std::find(insecure.begin(), insecure.end(), registry) != insecure.end();
  if (!plain_allowed_) base_ = "https://" + (registry == kHub ? std::string(kHubHost) : registry);
}

// Only where plain HTTP is allowed at all. The trial carries no credentials. Loopback registries mostly speak plain
// HTTP, others mostly TLS: the likely one first.
void Registry::choose_scheme() {
  if (!base_.empty()) return;
  const std::string& registry = reference_.registry;
  std::vector<std::string> schemes = {"https://", "http://"};
  if (is_loopback()) std::swap(schemes[0], schemes[1]);
  std::string first_failure;
  for (const std::string& scheme : schemes) {
    HttpRequest trial;
    trial.url = scheme + registry + "/v2/";
    trial.verify_tls = false;
    trial.may_redirect_to_http = true;
    try {
      const long status = http_.perform(trial).status;
      // A TLS server answers plain HTTP with 400.
      if (status != 400 || scheme == schemes[1]) {
        base_ = scheme + registry;
        return;
      }
    } catch (const Error& error) {
      if (first_failure.empty()) {
        first_failure = error.message();
      } else {
        throw Error(ErrorKind::unavailable,
                    fmt::format("cannot reach registry {}: {}; {}", registry, first_failure, error.message()));
      }
    }
  }
  throw Error(ErrorKind::unavailable, fmt::format("cannot reach registry {}: {}", registry, first_failure));
}

HttpRequest Registry::request(const std::string& path) const {
  HttpRequest result;
  result.url = fmt::format("{}/v2/{}/{}", base_, reference_.repository, path);
  result.authorization = authorization_;
  result.verify_tls = !plain_allowed_;
  result.may_redirect_to_http = base_.rfind("http://", 0) == 0;
  return result;
}

HttpResponse Registry::get(HttpRequest wanted) {
  for (;;) {
    HttpResponse response = perform_persistently(http_, wanted);
    if (response.status != 401 || !authenticate(response)) return response;
    wanted.authorization = authorization_;
  }
}

bool Registry::authenticate(const HttpResponse& response) {
  if (++authentications_ > kMaxAuthentications) return false;
  std::vector<Challenge> challenges;
  const auto [first, last] = response.headers.equal_range("www-authenticate");
  for (auto it = first; it != last; ++it) {
    for (Challenge& challenge : parse_challenges(it->second)) challenges.push_back(std::move(challenge));
  }
  const std::string before = authorization_;
  if (const Challenge* bearer = find_scheme(challenges, "bearer")) {
    authorization_ = "Bearer " + fetch_token(*bearer);
  } else if (find_scheme(challenges, "basic") != nullptr) {
    const std::optional<Credentials> credentials = stored_credentials(reference_.registry);
    if (!credentials) {
      throw Error(ErrorKind::permission_denied,
                  fmt::format("Get \"{}/v2/{}/\": no basic auth credentials", base_, reference_.repository));
    }
    authorization_ = basic(*credentials);
  }
  return authorization_ != before;
}

std::string Registry::fetch_token(const Challenge& challenge) {
  const std::string realm = parameter(challenge, "realm");
  const std::string service = parameter(challenge, "service");
  std::string scope = parameter(challenge, "scope");
  if (scope.empty()) scope = fmt::format("repository:{}:pull", reference_.repository);
  const bool plain = realm.rfind("http://", 0) == 0;
  // A registry reached by TLS must not send the password on its way in clear text (rule R15).
  if ((plain && base_.rfind("http://", 0) != 0) || (!plain && realm.rfind("https://", 0) != 0)) {
    throw Error(ErrorKind::permission_denied,
                fmt::format("registry {} names a token server that is not reached by https: \"{}\"",
                            reference_.registry, realm));
  }
  const std::string key = realm + ' ' + service + ' ' + scope;
  const bool expired = "Bearer " + tokens_[key] == authorization_;
  if (!tokens_[key].empty() && !expired) return tokens_[key];

  HttpRequest wanted;
  wanted.url = fmt::format("{}{}scope={}", realm, realm.find('?') == std::string::npos ? "?" : "&", escape(scope));
  if (!service.empty()) wanted.url += "&service=" + escape(service);
  const std::optional<Credentials> credentials = stored_credentials(reference_.registry);
  if (credentials) wanted.authorization = basic(*credentials);
  wanted.verify_tls = !plain_allowed_;
  wanted.may_redirect_to_http = plain;
  wanted.max_body = 1024 * 1024;
  const HttpResponse response = perform_persistently(http_, wanted);
  if (response.status != 200) fail(response, "token");
  const Json document = json::parse(response.body, "token server's answer");
  std::string token = json::get_string(document, "token");
  if (token.empty()) token = json::get_string(document, "access_token");
  const bool printable = std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (token.empty() || !printable) throw Error(ErrorKind::corrupt_data, "the token server's answer has no token");
  tokens_[key] = token;
  return token;
}

void Registry::fail(const HttpResponse& response, const std::string& what) const {
  const std::optional<ApiError> api = read_api_error(response.body);
  const std::string name = reference_.familiar_name();
  const std::string cause = api ? fmt::format("{}: {}", api->code, api->message) : "";
  if (api && (api->code == "manifest unknown" || (what == "manifest" && api->code == "not found"))) {
    throw Error(ErrorKind::not_found, fmt::format("manifest for {} not found: {}", reference_.familiar(), cause));
  }
  if (api && api->code == "name unknown") {
    throw Error(ErrorKind::not_found, fmt::format("repository {} not found: {}", name, cause));
  }
  if ((api && api->code == "denied") || (!api && response.status == 403)) {
    throw Error(ErrorKind::permission_denied,
                fmt::format("pull access denied for {}, repository does not exist or may require 'docker login': {}",
                            name, api ? cause : "denied"));
  }
  if (response.status == 401) {
    throw Error(ErrorKind::permission_denied, api ? cause : "unauthorized: authentication required");
  }
  if (response.status == 429) {
    throw Error(ErrorKind::unavailable, api ? cause : "toomanyrequests: the registry limits the rate of requests");
  }
  const ErrorKind kind = response.status == 404 ? ErrorKind::not_found : ErrorKind::unavailable;
  throw Error(kind, fmt::format("registry {} answered status {} to the request for {} of {}{}{}", reference_.registry,
                                response.status, what, name, api ? ": " : "", cause));
}

Registry::RawDocument Registry::manifest(const std::string& tag_or_digest) {
  choose_scheme();
  HttpRequest wanted = request("manifests/" + tag_or_digest);
  wanted.headers = {std::string("Accept: ") + kAcceptedDocuments};
  wanted.max_body = kMaxDocument;
  HttpResponse response = get(wanted);
  if (response.status != 200) fail(response, "manifest");
  RawDocument result{std::move(response.body), response.header("content-type"), ""};
  result.digest = sha256_of(result.text);
  if (is_digest(tag_or_digest) && tag_or_digest != result.digest) {
    throw Error(ErrorKind::corrupt_data,
                fmt::format("manifest verification failed for digest {}: received {}", tag_or_digest, result.digest));
  }
  return result;
}

std::optional<std::string> Registry::manifest_digest(const std::string& tag) {
  choose_scheme();
  HttpRequest wanted = request("manifests/" + tag);
  wanted.headers = {std::string("Accept: ") + kAcceptedDocuments};
  wanted.head = true;
  const HttpResponse response = get(wanted);
  const std::string digest = response.header("docker-content-digest");
  if (response.status != 200 || !is_digest(digest)) return std::nullopt;
  return digest;
}

std::string Registry::small_blob(const Descriptor& descriptor) {
  HttpRequest wanted = blob_request(descriptor.digest, 0);
  wanted.max_body = kMaxDocument;
  HttpResponse response = get(wanted);
  if (response.status != 200) fail(response, "blob " + descriptor.digest);
  const std::string digest = sha256_of(response.body);
  if (digest != descriptor.digest || response.body.size() != descriptor.size) {
    throw Error(ErrorKind::corrupt_data, fmt::format("blob verification failed for digest {}: received {} bytes of {}",
                                                     descriptor.digest, response.body.size(), digest));
  }
  return std::move(response.body);
}

HttpRequest Registry::blob_request(const std::string& digest, std::uint64_t from) const {
  HttpRequest result = request("blobs/" + digest);
  result.range_from = from;
  return result;
}

}  // namespace minidock::image

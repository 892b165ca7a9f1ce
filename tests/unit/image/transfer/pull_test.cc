#include "image/transfer/pull.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "base/syscall.h"
#include "image/image_store.h"
#include "storage/layer_store.h"
#include "tests/unit/image/transfer/fake_registry.h"
#include "tests/unit/image/transfer/test_image.h"

namespace minidock::image {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kManifestType[] = "Content-Type: application/vnd.oci.image.manifest.v1+json";
constexpr char kIndexType[] = "Content-Type: application/vnd.oci.image.index.v1+json";

const std::string kUnauthorized = R"({"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]})";

// Bytes that make several reads of the network.
std::string big_content(char seed) {
  std::string content;
  for (unsigned at = 0; content.size() < 3'000'000; ++at) content += fmt::format("{}{:x}", seed, at * 2654435761U);
  return content;
}

TestImage two_layers() {
  return TestImage({tar_of(tar_file("hello", big_content('a'))), tar_of(tar_file("world", "second"))});
}

std::string ranged(const FakeRequest& request, const std::string& blob) {
  if (request.range() == 0) return http_response("200 OK", blob);
  return http_response("206 Partial Content", blob.substr(request.range()),
                       {fmt::format("Content-Range: bytes {}-{}/{}", request.range(), blob.size() - 1, blob.size())});
}

// A registry as it should be, with `image` as app:1.
std::string serve(const TestImage& image, const FakeRequest& request) {
  if (request.path == "/v2/") return http_response("200 OK", "{}");
  const std::string digest = "Docker-Content-Digest: " + sha256_of(image.manifest);
  if (request.path == "/v2/app/manifests/1" || request.path == "/v2/app/manifests/" + sha256_of(image.manifest)) {
    return http_response("200 OK", image.manifest, {kManifestType, digest});
  }
  const std::string prefix = "/v2/app/blobs/";
  const auto blob = image.blobs.find(request.path.substr(std::min(prefix.size(), request.path.size())));
  if (blob != image.blobs.end()) return ranged(request, blob->second);
  return http_response("404 Not Found", R"({"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]})");
}

bool asks_for(const FakeRequest& request, const std::string& digest) {
  return request.path == "/v2/app/blobs/" + digest;
}

class Pull : public ::testing::Test {
 protected:
  Pull() {
    std::string pattern = "/tmp/minidock-pull-XXXXXX";
    directory_ = mkdtemp(pattern.data());
    ::setenv("DOCKER_CONFIG", directory_.c_str(), 1);
    instance_ = storage::make_instance(directory_ + "/root", directory_ + "/state");
    storage::create_directories(instance_);
  }
  ~Pull() override { file::remove_tree(directory_); }

  // Pulls; the id, what was printed in output_.
  std::string run(const std::string& reference, std::optional<Platform> platform = std::nullopt) {
    const Fd out(::memfd_create("out", MFD_CLOEXEC));
    PullOptions options;
    options.reference = reference;
    options.platform = platform;
    options.progress_fd = out.get();
    const std::string id = pull(instance_, options);
    ::lseek(out.get(), 0, SEEK_SET);
    output_ = file::read(out.get());
    return id;
  }

  Error failure(const std::string& reference, std::optional<Platform> platform = std::nullopt) {
    try {
      run(reference, platform);
    } catch (const Error& error) {
      return error;
    }
    return Error(ErrorKind::internal, "no failure");
  }

  std::string content(const std::string& diff_id, const std::string& name) {
    return file::read(instance_.layers() + "/" + diff_id.substr(7) + "/" + name);
  }

  static std::size_t entries(const std::string& directory) {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(directory), {}));
  }

  void expect_nothing_left() {
    EXPECT_EQ(entries(instance_.layers()), 0U);
    EXPECT_EQ(entries(instance_.blobs()), 0U);
    storage::Database database = storage::Database::open(instance_.database());
    EXPECT_TRUE(list_images(database).empty());
  }

  std::string directory_;
  storage::Instance instance_;
  std::string output_;
};

TEST_F(Pull, FetchesUnpacksAndTells) {
  const TestImage image = two_layers();
  const FakeRegistry registry([&](const FakeRequest& request) { return serve(image, request); });
  const std::string name = registry.host() + "/app:1";
  EXPECT_EQ(run(name), image.id());
  EXPECT_EQ(content(image.layer_digest(0), "hello"), big_content('a'));
  EXPECT_EQ(content(image.layer_digest(1), "world"), "second");
  EXPECT_THAT(output_, HasSubstr("1: Pulling from app\n"));
  EXPECT_THAT(output_, HasSubstr(short_digest(image.layer_digest(0)) + ": Pulling fs layer\n"));
  EXPECT_THAT(output_, HasSubstr(short_digest(image.layer_digest(1)) + ": Pull complete\n"));
  EXPECT_THAT(output_, HasSubstr(fmt::format("Digest: {}\nStatus: Downloaded newer image for {}\n{}\n",
                                             sha256_of(image.manifest), name, name)));
  storage::Database database = storage::Database::open(instance_.database());
  const Image stored = get_image(database, name);
  EXPECT_EQ(stored.repo_digests, std::vector<std::string>{registry.host() + "/app@" + sha256_of(image.manifest)});
  EXPECT_TRUE(storage::open_blob(instance_, image.layer_digest(0)));
}

TEST_F(Pull, ASecondPullOnlyAsksForTheDigest) {
  const TestImage image = two_layers();
  const FakeRegistry registry([&](const FakeRequest& request) { return serve(image, request); });
  run(registry.host() + "/app:1");
  const std::size_t before = registry.log().size();
  EXPECT_EQ(run(registry.host() + "/app:1"), image.id());
  EXPECT_THAT(output_, HasSubstr("Status: Image is up to date for " + registry.host() + "/app:1\n"));
  const std::vector<std::string> log = registry.log();
  EXPECT_THAT(std::vector<std::string>(log.begin() + static_cast<std::ptrdiff_t>(before), log.end()),
              ElementsAre("GET /v2/", "HEAD /v2/app/manifests/1"));
}

TEST_F(Pull, SharedAndRepeatedLayersAreFetchedOnce) {
  const std::string layer = tar_of(tar_file("a", "a"));
  const TestImage image({layer, layer, tar_of(tar_file("b", "b"))});
  const FakeRegistry registry([&](const FakeRequest& request) { return serve(image, request); });
  run(registry.host() + "/app:1");
  const std::vector<std::string> log = registry.log();
  EXPECT_EQ(std::count(log.begin(), log.end(), "GET /v2/app/blobs/" + sha256_of(layer)), 1);
  storage::Database database = storage::Database::open(instance_.database());
  EXPECT_EQ(get_image(database, registry.host() + "/app:1").diff_ids.size(), 3U);
}

TEST_F(Pull, ALayerWithAnotherDigestLeavesNothing) {
  const TestImage image = two_layers();
  const FakeRegistry registry([&](const FakeRequest& request) {
    if (!asks_for(request, image.layer_digest(1))) return serve(image, request);
    return http_response("200 OK", tar_of(tar_file("world", "sEcond")));
  });
  const Error error = failure(registry.host() + "/app:1");
  EXPECT_EQ(error.kind(), ErrorKind::corrupt_data);
  EXPECT_EQ(error.message(), "filesystem layer verification failed for digest " + image.layer_digest(1));
  expect_nothing_left();
}

TEST_F(Pull, ALayerWithAnotherDiffIdLeavesNothing) {
  TestImage image = two_layers();
  image.blobs.erase(image.id());
  image.config.replace(image.config.find(image.layer_digest(1)) + 7, 4, "0000");
  Json manifest = Json::parse(image.manifest);
  manifest["config"]["digest"] = image.id();
  image.manifest = manifest.dump();
  image.blobs[image.id()] = image.config;
  const FakeRegistry registry([&](const FakeRequest& request) { return serve(image, request); });
  EXPECT_THAT(failure(registry.host() + "/app:1").message(), HasSubstr("unpacks to diff ID " + image.layer_digest(1)));
  expect_nothing_left();
}

TEST_F(Pull, ALongerLayerThanItsDescriptorIsCutOff) {
  const TestImage image = two_layers();
  const FakeRegistry registry([&](const FakeRequest& request) {
    if (!asks_for(request, image.layer_digest(1))) return serve(image, request);
    return http_response("200 OK", image.layers[1] + "x");
  });
  EXPECT_THAT(failure(registry.host() + "/app:1").message(), HasSubstr("is larger than the"));
  expect_nothing_left();
}

TEST_F(Pull, ACutTransferGoesOnWhereItEnded) {
  const TestImage image = two_layers();
  const FakeRegistry registry([&](const FakeRequest& request) {
    std::string response = serve(image, request);
    const bool cut = asks_for(request, image.layer_digest(0)) && request.count == 0;
    return cut ? response.substr(0, response.size() / 2) : response;
  });
  EXPECT_EQ(run(registry.host() + "/app:1"), image.id());
  EXPECT_EQ(content(image.layer_digest(0), "hello"), big_content('a'));
  EXPECT_THAT(registry.log(), Contains(HasSubstr(image.layer_digest(0) + " Range=bytes=1")));
}

TEST_F(Pull, AnEarlierPullsPartIsNotFetchedAgain) {
  const TestImage image = two_layers();
  file::write(instance_.blobs() + "/" + image.layer_digest(0).substr(7) + ".partial", image.layers[0].substr(0, 1000),
              0600);
  const FakeRegistry registry([&](const FakeRequest& request) { return serve(image, request); });
  EXPECT_EQ(run(registry.host() + "/app:1"), image.id());
  EXPECT_THAT(registry.log(), Contains("GET /v2/app/blobs/" + image.layer_digest(0) + " Range=bytes=1000-"));
  EXPECT_EQ(content(image.layer_digest(0), "hello"), big_content('a'));
}

TEST_F(Pull, AServerWithoutRangesSendsAllAgain) {
  const TestImage image = two_layers();
  file::write(instance_.blobs() + "/" + image.layer_digest(0).substr(7) + ".partial", image.layers[0].substr(0, 1000),
              0600);
  const FakeRegistry registry([&](FakeRequest request) {
    request.headers.erase("range");
    return serve(image, request);
  });
  EXPECT_EQ(run(registry.host() + "/app:1"), image.id());
  EXPECT_EQ(content(image.layer_digest(0), "hello"), big_content('a'));
}

TEST_F(Pull, ADamagedPartIsFetchedAnew) {
  const TestImage image = two_layers();
  const std::string partial = instance_.blobs() + "/" + image.layer_digest(0).substr(7) + ".partial";
  const FakeRegistry registry([&](const FakeRequest& request) { return serve(image, request); });
  for (const std::size_t size : {std::size_t{1000}, image.layers[0].size(), image.layers[0].size() + 1}) {
    file::write(partial, std::string(size, 'x'), 0600);
    EXPECT_EQ(run(registry.host() + "/app:1"), image.id());
    EXPECT_EQ(content(image.layer_digest(0), "hello"), big_content('a'));
    storage::Database database = storage::Database::open(instance_.database());
    remove_image(database, instance_, registry.host() + "/app:1", false);
    ASSERT_EQ(entries(instance_.blobs()), 0U);
  }
}

TEST_F(Pull, TwoAtOnceFetchEachLayerOnce) {
  const TestImage image = two_layers();
  const FakeRegistry registry([&](const FakeRequest& request) { return serve(image, request); });
  const pid_t other = fork();
  if (other == 0) {
    try {
      run(registry.host() + "/app:1");
      ::_exit(0);
    } catch (const std::exception&) {
      ::_exit(1);
    }
  }
  EXPECT_EQ(run(registry.host() + "/app:1"), image.id());
  int status = -1;
  ::waitpid(other, &status, 0);
  EXPECT_EQ(status, 0);
  const std::vector<std::string> log = registry.log();
  EXPECT_EQ(std::count(log.begin(), log.end(), "GET /v2/app/blobs/" + image.layer_digest(0)), 1);
}

TEST_F(Pull, ABusyServerIsAskedAgain) {
  const TestImage image = two_layers();
  const FakeRegistry registry([&](const FakeRequest& request) {
    const bool busy = request.path != "/v2/" && request.count == 0;
    return busy ? http_response("503 Service Unavailable", "") : serve(image, request);
  });
  EXPECT_EQ(run(registry.host() + "/app:1"), image.id());
}

TEST_F(Pull, ASilentEndIsGivenUpAfterSomeAttempts) {
  const TestImage image = two_layers();
  const FakeRegistry registry([&](const FakeRequest& request) {
    return asks_for(request, image.layer_digest(0)) ? std::string() : serve(image, request);
  });
  EXPECT_EQ(failure(registry.host() + "/app:1").kind(), ErrorKind::unavailable);
  const std::vector<std::string> log = registry.log();
  EXPECT_EQ(std::count(log.begin(), log.end(), "GET /v2/app/blobs/" + image.layer_digest(0)), 5);
}

TEST_F(Pull, AnUnknownTagHasDockersWords) {
  const TestImage image = two_layers();
  const FakeRegistry registry([&](const FakeRequest& request) { return serve(image, request); });
  const Error error = failure(registry.host() + "/app:2");
  EXPECT_EQ(error.kind(), ErrorKind::not_found);
  EXPECT_EQ(error.message(),
            "manifest for " + registry.host() + "/app:2 not found: manifest unknown: manifest unknown");
}

TEST_F(Pull, ADeniedRepositoryHasDockersWords) {
  const FakeRegistry registry([&](const FakeRequest& request) {
    if (request.path == "/v2/") return http_response("200 OK", "{}");
    return http_response("403 Forbidden", R"({"errors":[{"code":"DENIED","message":"no \u001b[31mentry"}]})");
  });
  EXPECT_EQ(failure(registry.host() + "/app:1").message(),
            "pull access denied for " + registry.host() +
                "/app, repository does not exist or may require 'docker login': denied: no  [31mentry");
}

TEST_F(Pull, ByDigestTheManifestIsVerified) {
  const TestImage image = two_layers();
  const std::string wanted = sha256_of(image.manifest);
  const FakeRegistry honest([&](const FakeRequest& request) { return serve(image, request); });
  EXPECT_EQ(run(honest.host() + "/app@" + wanted), image.id());
  const FakeRegistry liar([&](const FakeRequest& request) {
    if (request.path.find("/manifests/") == std::string::npos) return serve(image, request);
    return http_response("200 OK", image.manifest + " ", {kManifestType});
  });
  EXPECT_THAT(failure(liar.host() + "/app@" + wanted).message(),
              HasSubstr("manifest verification failed for digest " + wanted));
}

TEST_F(Pull, AnIndexGivesTheWantedPlatform) {
  const TestImage intel({tar_of(tar_file("arch", "amd64"))});
  const TestImage arm({tar_of(tar_file("arch", "arm64"))}, "arm64");
  const auto entry = [](const TestImage& image, const std::string& architecture) {
    return Json{{"mediaType", "application/vnd.oci.image.manifest.v1+json"},
                {"digest", sha256_of(image.manifest)},
                {"size", image.manifest.size()},
                {"platform", {{"os", "linux"}, {"architecture", architecture}}}};
  };
  const std::string index =
      Json{{"schemaVersion", 2}, {"manifests", {entry(intel, "amd64"), entry(arm, "arm64")}}}.dump();
  const FakeRegistry registry([&](const FakeRequest& request) {
    if (request.path == "/v2/app/manifests/1") return http_response("200 OK", index, {kIndexType});
    std::string response = serve(intel, request);
    return response.rfind("HTTP/1.1 404", 0) == 0 ? serve(arm, request) : response;
  });
  const std::string name = registry.host() + "/app:1";
  EXPECT_EQ(run(name, parse_platform("linux/arm64/v8")), arm.id());
  EXPECT_EQ(run(name, parse_platform("linux/amd64")), intel.id());
  EXPECT_THAT(output_, HasSubstr("Digest: " + sha256_of(index)));
  EXPECT_EQ(failure(name, parse_platform("linux/s390x")).message(),
            "no matching manifest for linux/s390x in the manifest list entries");
}

TEST_F(Pull, AnotherPlatformThanAskedForIsRefused) {
  const TestImage image = two_layers();
  const FakeRegistry registry([&](const FakeRequest& request) { return serve(image, request); });
  EXPECT_THAT(failure(registry.host() + "/app:1", parse_platform("linux/arm64")).message(),
              HasSubstr("does not match the specified platform: wanted linux/arm64, actual: linux/amd64"));
}

TEST_F(Pull, ATokenServerIsAskedWithTheStoredPassword) {
  const TestImage image = two_layers();
  file::write(directory_ + "/config.json", "{}", 0600);
  std::string realm;
  const FakeRegistry tokens([&](const FakeRequest& request) {
    const bool known = request.header("authorization") == "Basic dXNlcjpwYXNz";
    return known ? http_response("200 OK", R"({"token":"secret"})") : http_response("401 Unauthorized", kUnauthorized);
  });
  realm = "http://" + tokens.host() + "/token";
  const FakeRegistry registry([&](const FakeRequest& request) {
    if (request.header("authorization") == "Bearer secret") return serve(image, request);
    return http_response(
        "401 Unauthorized", kUnauthorized,
        {"WWW-Authenticate: Bearer realm=\"" + realm + "\",service=\"s v\",scope=\"repository:app:pull\""});
  });
  EXPECT_EQ(failure(registry.host() + "/app:1").message(), "unauthorized: authentication required");
  file::write(directory_ + "/config.json", R"({"auths":{")" + registry.host() + R"(":{"auth":"dXNlcjpwYXNz"}}})", 0600);
  EXPECT_EQ(run(registry.host() + "/app:1"), image.id());
  EXPECT_EQ(tokens.log().back(),
            "GET /token?scope=repository%3Aapp%3Apull&service=s%20v Authorization=Basic dXNlcjpwYXNz");
  EXPECT_THAT(registry.log(), Not(Contains(HasSubstr("dXNlcjpwYXNz"))));
}

TEST_F(Pull, BasicAuthenticationNeedsAPassword) {
  const TestImage image = two_layers();
  const FakeRegistry registry([&](const FakeRequest& request) {
    if (request.header("authorization") == "Basic dXNlcjpwYXNz") return serve(image, request);
    return http_response("401 Unauthorized", kUnauthorized, {"WWW-Authenticate: Basic realm=\"r\""});
  });
  EXPECT_THAT(failure(registry.host() + "/app:1").message(), HasSubstr("no basic auth credentials"));
  file::write(directory_ + "/config.json",
              R"({"auths":{"https://)" + registry.host() + R"(/v2/":{"auth":"dXNlcjpwYXNz"}}})", 0600);
  EXPECT_EQ(run(registry.host() + "/app:1"), image.id());
}

TEST_F(Pull, ARegistryThatNeverAcceptsATokenIsGivenUp) {
  const FakeRegistry registry([&](const FakeRequest& request) {
    if (request.path.rfind("/token", 0) == 0) {
      return http_response("200 OK", fmt::format(R"({{"token":"t{}"}})", request.count));
    }
    const std::string realm = "http://" + request.header("host") + "/token";
    return http_response("401 Unauthorized", kUnauthorized, {"WWW-Authenticate: Bearer realm=\"" + realm + "\""});
  });
  EXPECT_EQ(failure(registry.host() + "/app:1").message(), "unauthorized: authentication required");
}

TEST_F(Pull, CredentialsDoNotFollowARedirect) {
  const TestImage image = two_layers();
  const FakeRegistry storage([&](const FakeRequest& request) { return serve(image, request); });
  const FakeRegistry registry([&](const FakeRequest& request) {
    if (request.header("authorization").empty()) {
      return http_response("401 Unauthorized", kUnauthorized, {"WWW-Authenticate: Basic realm=\"r\""});
    }
    if (request.path.find("/blobs/") == std::string::npos) return serve(image, request);
    return http_response("307 Temporary Redirect", "", {"Location: http://" + storage.host() + request.path});
  });
  file::write(directory_ + "/config.json", R"({"auths":{")" + registry.host() + R"(":{"auth":"dXNlcjpwYXNz"}}})", 0600);
  EXPECT_EQ(run(registry.host() + "/app:1"), image.id());
  EXPECT_FALSE(storage.log().empty());
  EXPECT_THAT(storage.log(), Not(Contains(HasSubstr("Authorization"))));
}

}  // namespace
}  // namespace minidock::image

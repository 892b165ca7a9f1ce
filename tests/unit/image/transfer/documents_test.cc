// Manifests, platforms, challenges, stored passwords, Dockerfile changes: what is text in and values out.
#include <gtest/gtest.h>

#include "base/error.h"
#include "image/transfer/changes.h"
#include "image/transfer/credentials.h"
#include "image/transfer/manifest.h"
#include "image/transfer/registry.h"
#include "tests/unit/image/transfer/test_image.h"

namespace minidock::image {
namespace {

Error refusal(const std::string& text, const std::string& media_type = "") {
  try {
    parse_document(text, media_type);
  } catch (const Error& error) {
    return error;
  }
  return Error(ErrorKind::internal, "accepted");
}

TEST(Manifest, IsReadWithItsLayers) {
  const TestImage image({tar_of(tar_file("a", "a"))});
  const Document document = parse_document(image.manifest, "application/vnd.oci.image.manifest.v1+json; charset=utf-8");
  const Manifest& manifest = std::get<Manifest>(document);
  EXPECT_EQ(manifest.config.digest, image.id());
  EXPECT_EQ(manifest.layers.at(0).size, image.layers[0].size());
}

TEST(Manifest, AmbiguousDocumentsAreRefused) {
  Json both = Json::parse(TestImage({}).manifest);
  both["manifests"] = Json::array();
  EXPECT_EQ(refusal(both.dump()).message(),
            "manifest: both an index (\"manifests\") and an image (\"layers\", \"config\")");
  const TestImage image({});
  EXPECT_EQ(refusal(image.manifest, "application/vnd.oci.image.index.v1+json").kind(), ErrorKind::corrupt_data);
  EXPECT_EQ(refusal(R"({"manifests":[],"mediaType":"application/vnd.oci.image.manifest.v1+json"})").kind(),
            ErrorKind::corrupt_data);
}

TEST(Manifest, HostileDescriptorsAreRefused) {
  Json manifest = Json::parse(TestImage({tar_of("")}).manifest);
  for (const char* digest : {"", "sha256:../../x", "md5:abc"}) {
    manifest["layers"][0]["digest"] = digest;
    EXPECT_EQ(refusal(manifest.dump()).kind(), ErrorKind::corrupt_data) << digest;
  }
  manifest = Json::parse(TestImage({tar_of("")}).manifest);
  for (const std::int64_t size : {std::int64_t{-1}, std::int64_t{1} << 60U}) {
    manifest["layers"][0]["size"] = size;
    EXPECT_EQ(refusal(manifest.dump()).kind(), ErrorKind::corrupt_data) << size;
  }
  EXPECT_EQ(refusal(std::string(5 * 1024 * 1024, ' ')).kind(), ErrorKind::corrupt_data);
}

TEST(Manifest, WhatIsNoImageIsUnsupported) {
  EXPECT_EQ(refusal(R"({"schemaVersion":1,"fsLayers":[]})").kind(), ErrorKind::unsupported);
  Json manifest = Json::parse(TestImage({tar_of("")}).manifest);
  manifest["config"]["mediaType"] = "application/vnd.cncf.helm.config.v1+json";
  EXPECT_EQ(refusal(manifest.dump()).kind(), ErrorKind::unsupported);
  manifest = Json::parse(TestImage({tar_of("")}).manifest);
  manifest["layers"][0]["mediaType"] = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
  EXPECT_EQ(refusal(manifest.dump()).kind(), ErrorKind::unsupported);
}

TEST(Platform, IsNormalised) {
  EXPECT_EQ(parse_platform("linux/x86_64").text(), "linux/amd64");
  EXPECT_EQ(parse_platform("linux/arm64/v8").text(), "linux/arm64");
  EXPECT_EQ(parse_platform("linux/arm/6").text(), "linux/arm/v6");
  EXPECT_EQ(parse_platform("arm64").text(), "linux/arm64");
  EXPECT_THROW(parse_platform("linux/"), Error);
  EXPECT_THROW(parse_platform("a/b/c/d"), Error);
}

TEST(Platform, OlderVariantsFitLess) {
  const Platform v3 = parse_platform("linux/amd64/v3");
  EXPECT_GT(fitness(parse_platform("linux/amd64/v2"), v3), fitness(parse_platform("linux/amd64"), v3));
  EXPECT_FALSE(fitness(parse_platform("linux/amd64/v4"), v3));
  EXPECT_TRUE(fitness(parse_platform("linux/arm/v6"), parse_platform("linux/arm/v7")));
  EXPECT_FALSE(fitness(parse_platform("windows/amd64"), v3));
}

TEST(Challenge, IsReadFromTheHeader) {
  const std::vector<Challenge> challenges = parse_challenges(
      R"(Basic realm="a, \"b\"", Bearer realm="https://t/x",service=s ,scope="repository:a:pull,push")");
  ASSERT_EQ(challenges.size(), 2U);
  EXPECT_EQ(challenges[0].scheme, "basic");
  EXPECT_EQ(challenges[0].parameters.at("realm"), "a, \"b\"");
  EXPECT_EQ(challenges[1].scheme, "bearer");
  EXPECT_EQ(challenges[1].parameters.at("service"), "s");
  EXPECT_EQ(challenges[1].parameters.at("scope"), "repository:a:pull,push");
  EXPECT_TRUE(parse_challenges("\"").empty());
}

TEST(Credentials, BelongToOneRegistry) {
  const std::string config =
      R"({"auths":{"https://index.docker.io/v1/":{"auth":"aHViOmh1YnBhc3M="},"host:5000":{"auth":"dTpwOnE="}}})";
  EXPECT_EQ(credentials_from(config, "docker.io")->password, "hubpass");
  EXPECT_EQ(credentials_from(config, "host:5000")->password, "p:q");
  EXPECT_FALSE(credentials_from(config, "host"));
  EXPECT_FALSE(credentials_from("{}", "host"));
  EXPECT_THROW(credentials_from(R"({"auths":{"h":{"auth":"***"}}})", "h"), Error);
}

std::string changed(const std::vector<std::string>& instructions) {
  OrderedJson config = OrderedJson::object();
  apply_changes(instructions, config);
  return config.dump();
}

TEST(Changes, FollowTheDockerfile) {
  EXPECT_EQ(changed({"CMD [\"a\", \"b\"]"}), R"({"Cmd":["a","b"]})");
  EXPECT_EQ(changed({"cmd echo hi"}), R"({"Cmd":["/bin/sh","-c","echo hi"]})");
  EXPECT_EQ(changed({"ENTRYPOINT [\"/e\"]"}), R"({"Entrypoint":["/e"]})");
  EXPECT_EQ(changed({"ENV A=1 B=\"2 3\"", "ENV A x y"}), R"({"Env":["A=x y","B=2 3"]})");
  EXPECT_EQ(changed({"LABEL a.b='c d'"}), R"({"Labels":{"a.b":"c d"}})");
  EXPECT_EQ(changed({"EXPOSE 80 53/udp"}), R"({"ExposedPorts":{"80/tcp":{},"53/udp":{}}})");
  EXPECT_EQ(changed({"VOLUME /a /b", "VOLUME [\"/c\"]"}), R"({"Volumes":{"/a":{},"/b":{},"/c":{}}})");
  EXPECT_EQ(changed({"WORKDIR /a", "WORKDIR b"}), R"({"WorkingDir":"/a/b"})");
  EXPECT_EQ(changed({"USER www", "STOPSIGNAL SIGINT"}), R"({"User":"www","StopSignal":"SIGINT"})");
  EXPECT_EQ(changed({"EXPOSE 8000-8001/UDP"}), R"({"ExposedPorts":{"8000/udp":{},"8001/udp":{}}})");
  EXPECT_EQ(changed({"HEALTHCHECK --interval=1s --retries=2 CMD true"}),
            R"({"Healthcheck":{"Interval":1000000000,"Retries":2,"Test":["CMD-SHELL","true"]}})");
  EXPECT_EQ(changed({"ENTRYPOINT [\"/e\"]", "CMD [\"a\"]"}), R"({"Entrypoint":["/e"],"Cmd":["a"]})");
  for (const char* wrong : {"EXPOSE abc", "EXPOSE 90-80", "EXPOSE 80/icmp", "HEALTHCHECK --retries=x CMD true",
                            "HEALTHCHECK --other=1 CMD true", "HEALTHCHECK", "ONBUILD ONBUILD RUN x"}) {
    EXPECT_THROW(changed({wrong}), Error) << wrong;
  }
  EXPECT_THROW(changed({"RUN x"}), Error);
  EXPECT_THROW(changed({"ENV A"}), Error);
  EXPECT_THROW(changed({"USER"}), Error);
}

}  // namespace
}  // namespace minidock::image

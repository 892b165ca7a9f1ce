#include "image/reference.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace minidock::image {
namespace {

const std::string kHex(64, 'a');

std::string refused(const std::string& text) {
  try {
    parse_reference(text);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::invalid_argument);
    return error.message();
  }
  return "accepted";
}

TEST(Reference, CompletesShortNames) {
  const Reference reference = parse_reference("busybox");
  EXPECT_EQ(reference.registry, "docker.io");
  EXPECT_EQ(reference.repository, "library/busybox");
  EXPECT_EQ(reference.tag, "latest");
  EXPECT_EQ(reference.canonical(), "docker.io/library/busybox:latest");
  EXPECT_EQ(reference.familiar(), "busybox:latest");
  EXPECT_EQ(reference.familiar_name(), "busybox");
}

TEST(Reference, TellsRegistriesFromUsers) {
  EXPECT_EQ(parse_reference("user/app:1").canonical(), "docker.io/user/app:1");
  EXPECT_EQ(parse_reference("localhost/app").registry, "localhost");
  EXPECT_EQ(parse_reference("host:5000/a/b:t").registry, "host:5000");
  EXPECT_EQ(parse_reference("host.name/a").registry, "host.name");
  EXPECT_EQ(parse_reference("[::1]:5000/a").registry, "[::1]:5000");
  EXPECT_EQ(parse_reference("index.docker.io/library/busybox").familiar(), "busybox:latest");
  EXPECT_EQ(parse_reference("docker.io/busybox").repository, "library/busybox");
}

TEST(Reference, KeepsTagAndDigest) {
  const Reference reference = parse_reference("localhost:5000/app:1@sha256:" + kHex);
  EXPECT_EQ(reference.tag, "1");
  EXPECT_EQ(reference.digest, "sha256:" + kHex);
  EXPECT_EQ(reference.familiar(), "localhost:5000/app:1@sha256:" + kHex);
  EXPECT_EQ(parse_reference("busybox@sha256:" + kHex).tag, "");
}

TEST(Reference, IsNotShortenedToAnotherRegistrysName) {
  EXPECT_EQ(parse_reference("docker.io/host.name/app").familiar(), "docker.io/host.name/app:latest");
  EXPECT_EQ(parse_reference("docker.io/localhost/app").familiar_name(), "docker.io/localhost/app");
  EXPECT_EQ(parse_reference("docker.io/docker.io/a/b").familiar_name(), "docker.io/docker.io/a/b");
}

TEST(Reference, TakesTheSeparatorsOfTheGrammar) {
  for (const char* text : {"a.b/c", "a__b", "a---b", "a_b-c.d", "0", "a:_x", "a:1.2-3_4"}) {
    EXPECT_NO_THROW(parse_reference(text)) << text;
  }
}

TEST(Reference, RefusesWhatIsNoReference) {
  for (const std::string& text : {std::string(),
                                  std::string(":tag"),
                                  std::string("a..b"),
                                  std::string("a___b"),
                                  std::string("-a"),
                                  std::string("a-"),
                                  std::string("a//b"),
                                  std::string("a/"),
                                  std::string("/a"),
                                  std::string("../a"),
                                  std::string("a:"),
                                  std::string("a:-x"),
                                  std::string("a b"),
                                  std::string("a\0b", 3),
                                  std::string("a:b:c"),
                                  std::string("host:port/a"),
                                  std::string("a@sha256:12"),
                                  std::string("a@md5:" + kHex),
                                  "a:" + std::string(129, 'x'),
                                  std::string("[::1/a"),
                                  std::string("a@"),
                                  std::string("a/..")}) {
    EXPECT_EQ(refused(text), "invalid reference format") << text;
  }
}

TEST(Reference, SaysWhyInDockersWords) {
  EXPECT_EQ(refused("BusyBox"), "invalid reference format: repository name (BusyBox) must be lowercase");
  EXPECT_EQ(refused(kHex), "invalid repository name (" + kHex + "), cannot specify 64-byte hexadecimal strings");
  EXPECT_EQ(refused(std::string(300, 'a')), "repository name must not be more than 255 characters");
}

TEST(Digest, IsSha256WithLowerCaseHex) {
  EXPECT_TRUE(is_digest("sha256:" + kHex));
  EXPECT_FALSE(is_digest("sha256:" + kHex + "a"));
  EXPECT_FALSE(is_digest("sha256:" + std::string(64, 'A')));
  EXPECT_FALSE(is_digest("sha256:../" + std::string(61, 'a')));
  EXPECT_FALSE(is_digest(kHex));
}

}  // namespace
}  // namespace minidock::image

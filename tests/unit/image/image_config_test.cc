#include <gtest/gtest.h>

#include "base/error.h"
#include "image/image_store.h"

namespace minidock::image {
namespace {

std::string config_with(const std::string& part) {
  return R"({"architecture":"amd64","os":"linux","config":{)" + part + R"(},"rootfs":{"type":"layers","diff_ids":[]}})";
}

std::string refused(const std::string& text) {
  try {
    parse_image_config(text);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::corrupt_data) << error.message();
    return error.message();
  }
  return "accepted";
}

TEST(ImageConfig, ReadsWhatAContainerIsMadeFrom) {
  const ImageConfig config = parse_image_config(config_with(
      R"("User":"www","Env":["A=1"],"Entrypoint":["/e"],"Cmd":["c"],"WorkingDir":"/w","StopSignal":"SIGINT",)"
      R"("ExposedPorts":{"80":{},"53/UDP":{},"8000-8010/tcp":{}},"Volumes":{"/v/../x":{}},"Labels":{"k":"v"},)"
      R"("Healthcheck":{"Test":["NONE"]})"));
  EXPECT_EQ(config.architecture, "amd64");
  EXPECT_EQ(config.user, "www");
  EXPECT_EQ(config.env, std::vector<std::string>{"A=1"});
  EXPECT_EQ(config.entrypoint, std::vector<std::string>{"/e"});
  EXPECT_EQ(config.cmd, std::vector<std::string>{"c"});
  EXPECT_EQ(config.working_dir, "/w");
  EXPECT_EQ(config.stop_signal, "SIGINT");
  EXPECT_EQ(config.exposed_ports, (std::vector<std::string>{"53/udp", "80/tcp", "8000-8010/tcp"}));
  EXPECT_EQ(config.volumes, std::vector<std::string>{"/x"});
  EXPECT_EQ(config.labels.at(0).second, "v");
  EXPECT_EQ(config.healthcheck["Test"][0], "NONE");
}

TEST(ImageConfig, TakesAbsentPartsAndABareString) {
  const ImageConfig config =
      parse_image_config(R"({"config":null,"rootfs":{"diff_ids":["sha256:)" + std::string(64, 'b') + R"("]}})");
  EXPECT_EQ(config.diff_ids.size(), 1U);
  EXPECT_TRUE(config.cmd.empty());
  EXPECT_EQ(parse_image_config(config_with(R"("Cmd":"sh")")).cmd, std::vector<std::string>{"sh"});
}

TEST(ImageConfig, RefusesHostileDocuments) {
  EXPECT_EQ(refused("{"), "image config is not valid JSON");
  EXPECT_EQ(refused("[]"), "image config: not an object");
  EXPECT_EQ(refused("{}"), "image config: \"rootfs\" is missing");
  EXPECT_EQ(refused(R"({"rootfs":{"diff_ids":["sha256:../../x"]}})"),
            "image config: invalid diff ID \"sha256:../../x\"");
  EXPECT_EQ(refused(config_with(R"("Env":[1])")), "image config: \"Env\" is not a list of strings");
  EXPECT_EQ(refused(config_with(R"("Cmd":["a\u0000b"])")), "image config: Cmd contains a NUL character");
  EXPECT_EQ(refused(config_with(R"("ExposedPorts":{"70000/tcp":{}})")),
            "image config: invalid exposed port \"70000/tcp\"");
  EXPECT_EQ(refused(std::string(5 * 1024 * 1024, ' ')), "image config: larger than 4194304 bytes");
  EXPECT_EQ(refused(std::string(100, '[') + std::string(100, ']')), "image config is nested deeper than 64 levels");
}

}  // namespace
}  // namespace minidock::image

#include "engine/log_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace minidock {
namespace {

using testing::ElementsAre;
using testing::Pair;

using Options = std::map<std::string, std::string>;

std::string complaint(const std::string& driver, const Options& options) {
  try {
    check_log_settings({driver, options});
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::invalid_argument);
    return error.message();
  }
  return "";
}

std::string complaint_at_start(const std::string& driver, const Options& options) {
  const std::string prefix = "failed to initialize logging driver: ";
  const std::string message = complaint(driver, options);
  EXPECT_TRUE(message.starts_with(prefix)) << message;
  return message.starts_with(prefix) ? message.substr(prefix.size()) : message;
}

ContainerDefinition definition(const std::string& driver, const Options& options) {
  ContainerDefinition result;
  result.id = std::string(12, 'a') + std::string(52, 'b');
  result.name = "web";
  result.image_id = "sha256:0123456789";
  result.image_reference = "busybox:1";
  result.args = {"sleep", "600"};
  result.config.labels = {{"com.example.team", "blue"}, {"other", "x"}};
  result.config.env = {"PATH=/bin", "LEVEL=9", "EMPTY="};
  result.host.log = {driver, options};
  return result;
}

shim::LogConfig configured(const std::string& driver, const Options& options) {
  return shim_log_config(definition(driver, options), "/c");
}

TEST(LogOptions, UnknownOnesAreRefusedWithDockersWords) {
  EXPECT_EQ(complaint("syslog", {}), "logger: no log driver named 'syslog' is registered");
  EXPECT_EQ(complaint("json-file", {{"max-sice", "1m"}}), "unknown log opt 'max-sice' for json-file log driver");
  EXPECT_EQ(complaint("local", {{"tag", "x"}}), "unknown log opt 'tag' for log driver local");
  EXPECT_EQ(complaint("journald", {{"max-size", "1m"}}), "unknown log opt 'max-size' for journald log driver");
  EXPECT_EQ(complaint("none", {{"max-size", "1m"}}), "invalid logging opts for driver none");
  EXPECT_EQ(complaint("none", {}), "");
}

TEST(LogOptions, ValuesAreChecked) {
  EXPECT_EQ(complaint_at_start("json-file", {{"max-size", "10x"}}), "invalid size: '10x'");
  EXPECT_EQ(complaint_at_start("json-file", {{"max-size", "0"}}), "max-size must be a positive number");
  EXPECT_EQ(complaint_at_start("json-file", {{"max-file", "0"}}), "max-file cannot be less than 1");
  EXPECT_EQ(complaint_at_start("json-file", {{"max-file", "x"}}), "strconv.Atoi: parsing \"x\": invalid syntax");
  EXPECT_EQ(complaint_at_start("json-file", {{"compress", "maybe"}}),
            "strconv.ParseBool: parsing \"maybe\": invalid syntax");
  EXPECT_EQ(complaint_at_start("json-file", {{"compress", "true"}, {"max-size", "1m"}}),
            "compress cannot be true when max-file is less than 2 or max-size is not set");
  EXPECT_EQ(complaint_at_start("local", {{"max-file", "1"}}), "compression cannot be enabled when max file count is 1");
  EXPECT_EQ(complaint("local", {{"max-file", "1"}, {"compress", "false"}}), "");
  EXPECT_EQ(complaint_at_start("local", {{"max-size", "zz"}}), "invalid value for max-size: zz: invalid size: 'zz'");
  EXPECT_EQ(complaint_at_start("json-file", {{"labels-regex", "("}}), "error parsing regexp: `(`");
}

TEST(LogOptions, ModesThatDropOutputAreNotTakenSilently) {
  EXPECT_EQ(complaint("json-file", {{"mode", "blocking"}}), "");
  EXPECT_EQ(complaint("json-file", {{"mode", "non-blocking"}}), "logger: logging mode not supported: non-blocking");
  EXPECT_EQ(complaint("json-file", {{"max-buffer-size", "1m"}}),
            "logger: max-buffer-size option is only supported with 'mode=non-blocking'");
}

TEST(LogOptions, ByDefaultFilesAreRotated) {
  const shim::LogConfig log = configured("json-file", {});
  EXPECT_EQ(log.file, "/c/" + definition("", {}).id + "-json.log");
  EXPECT_EQ(log.max_size, 20 * 1024 * 1024);
  EXPECT_EQ(log.max_files, 5U);
  EXPECT_TRUE(log.compress_command.empty());
  EXPECT_TRUE(log.attributes.empty());
}

TEST(LogOptions, SizesAreDecimalAsDockersAre) {
  EXPECT_EQ(configured("json-file", {{"max-size", "10m"}}).max_size, 10'000'000);
  EXPECT_EQ(configured("json-file", {{"max-size", "1.5 kB"}}).max_size, 1'500);
  EXPECT_EQ(configured("json-file", {{"max-size", "2GiB"}}).max_size, 2'000'000'000);
  EXPECT_EQ(configured("json-file", {{"max-size", "512"}}).max_size, 512);
  EXPECT_EQ(configured("json-file", {{"max-size", "-1"}}).max_size, 0) << "never rotated";
  EXPECT_EQ(configured("json-file", {{"max-size", "10m"}}).max_files, 1U) << "docker's default for who gives a size";
  EXPECT_EQ(configured("json-file", {{"max-file", "3"}}).max_files, 3U);
}

TEST(LogOptions, AttributesAreThoseThatAreNamedOrMatch) {
  EXPECT_THAT(configured("json-file", {{"labels", "other,absent"}, {"env", "LEVEL,EMPTY"}}).attributes,
              ElementsAre(Pair("EMPTY", ""), Pair("LEVEL", "9"), Pair("other", "x")));
  EXPECT_THAT(configured("json-file", {{"labels-regex", "^com\\."}, {"env-regex", "EV"}}).attributes,
              ElementsAre(Pair("LEVEL", "9"), Pair("com.example.team", "blue")));
}

TEST(LogOptions, ATagIsATemplate) {
  EXPECT_THAT(configured("json-file", {{"tag", "{{.Name}}/{{.ID}}/{{.ImageName}}"}}).attributes,
              ElementsAre(Pair("tag", "web/aaaaaaaaaaaa/busybox:1")));
  EXPECT_THROW(configured("json-file", {{"tag", "{{.Nonsense}}"}}), Error);
}

TEST(LogOptions, TheJournalGetsDockersFields) {
  const std::string id = definition("", {}).id;
  EXPECT_THAT(
      configured("journald", {{"labels", "com.example.team"}}).attributes,
      ElementsAre(Pair("COM_EXAMPLE_TEAM", "blue"), Pair("CONTAINER_ID", id.substr(0, 12)),
                  Pair("CONTAINER_ID_FULL", id), Pair("CONTAINER_NAME", "web"), Pair("CONTAINER_TAG", id.substr(0, 12)),
                  Pair("IMAGE_NAME", "busybox:1"), Pair("SYSLOG_IDENTIFIER", id.substr(0, 12))));
}

TEST(LogOptions, DefaultsComeFromTheConfiguration) {
  const DaemonConfig config =
      parse_daemon_config(R"({"log-driver": "local", "log-opts": {"max-size": "1m", "max-file": "7"}})", "daemon.json");
  const LogSettings merged = complete_log_settings({"", {{"max-size", "2m"}}}, config);
  EXPECT_EQ(merged.driver, "local");
  EXPECT_THAT(merged.options, ElementsAre(Pair("max-file", "7"), Pair("max-size", "2m")));
  // Its options are that driver's only.
  EXPECT_TRUE(complete_log_settings({"json-file", {}}, config).options.empty());
  EXPECT_EQ(complete_log_settings({}, {}).driver, "json-file");
  EXPECT_THROW(parse_daemon_config(R"({"log-opts": {"max-file": 3}})", "daemon.json"), Error);
}

}  // namespace
}  // namespace minidock

// What `ps` and `inspect` show.
#include <gmock/gmock.h>

#include "tests/functional/sandbox.h"

namespace minidock::functional {
namespace {

using testing::ContainsRegex;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

class Ps : public FunctionalTest {
 protected:
  Ps() {
    running_ = box.run_detached({"--name", "up", "--label", "tier=web"}, {"sleep", "600"});
    box.load("busybox");
    EXPECT_EQ(box.minidock({"run", "--name", "down", "--label", "tier=db", "busybox", "sh", "-c", "exit 3"}).exit_code,
              3);
  }
  std::string names(const Arguments& options) {
    Arguments arguments = {"ps", "--format", "{{.Names}}"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return box.minidock_ok(arguments);
  }
  std::string running_;
};

TEST_F(Ps, TableOfRunningContainers) {
  const std::vector<std::string> lines = lines_of(box.minidock_ok({"ps"}));
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_THAT(lines[0], MatchesRegex("CONTAINER ID +IMAGE +COMMAND +CREATED +STATUS +PORTS +NAMES"));
  EXPECT_THAT(lines[1], MatchesRegex(running_.substr(0, 12) +
                                     " +busybox +\"sleep 600\" +.* ago +Up ([0-9]+ seconds?|Less than a second) +up"));
}

TEST_F(Ps, AllShowsStoppedOnes) {
  EXPECT_EQ(names({"-a"}), "down\nup");
  EXPECT_THAT(box.minidock_ok({"ps", "-a"}), ContainsRegex("Exited \\(3\\) .* ago"));
}

TEST_F(Ps, QuietPrintsIds) {
  EXPECT_EQ(box.minidock_ok({"ps", "-q"}), running_.substr(0, 12));
  EXPECT_EQ(box.minidock_ok({"ps", "-q", "--no-trunc"}), running_);
}

TEST_F(Ps, Filters) {
  EXPECT_EQ(names({"-a", "-f", "name=up"}), "up");
  EXPECT_EQ(names({"-a", "-f", "label=tier=db"}), "down");
  EXPECT_EQ(names({"-a", "-f", "label=tier"}), "down\nup");
  EXPECT_EQ(names({"-a", "-f", "status=exited"}), "down");
  EXPECT_EQ(names({"-a", "-f", "exited=3"}), "down");
  EXPECT_EQ(names({"-a", "-f", "id=" + running_.substr(0, 8)}), "up");
  EXPECT_EQ(names({"-a", "-f", "ancestor=busybox"}), "down\nup");
  EXPECT_EQ(names({"-a", "-f", "name=up", "-f", "status=exited"}), "");
  EXPECT_NE(box.minidock({"ps", "-f", "nonsense=1"}).exit_code, 0);
}

TEST_F(Ps, Formats) {
  EXPECT_EQ(box.minidock_ok({"ps", "--format", "{{.ID}}:{{.Image}}:{{.State}}"}),
            running_.substr(0, 12) + ":busybox:running");
  EXPECT_THAT(lines_of(box.minidock_ok({"ps", "--format", "table {{.Names}}\t{{.Image}}"})),
              ElementsAre(MatchesRegex("NAMES +IMAGE"), MatchesRegex("up +busybox")));
  EXPECT_THAT(box.minidock_ok({"ps", "--format", "json"}), HasSubstr("\"Names\":\"up\""));
  EXPECT_THAT(box.minidock_ok({"ps", "--format", "{{json .}}"}), HasSubstr("\"Image\":\"busybox\""));
  EXPECT_THAT(box.minidock_ok({"ps", "--format", "{{.Label \"tier\"}}"}), "web");
}

TEST_F(Ps, BadTemplateIsAnError) {
  const Result result = box.minidock({"ps", "--format", "{{.Names"});
  EXPECT_NE(result.exit_code, 0);
  EXPECT_THAT(result.err, HasSubstr("template"));
}

class Inspect : public Ps {};

TEST_F(Inspect, Templates) {
  EXPECT_EQ(box.inspect("up", "{{.Id}}"), running_);
  EXPECT_EQ(box.inspect("up", "{{.Name}}"), "/up");
  EXPECT_EQ(box.inspect("up", "{{.State.Status}} {{.State.Running}}"), "running true");
  EXPECT_EQ(box.inspect("down", "{{.State.ExitCode}} {{.State.Pid}}"), "3 0");
  EXPECT_EQ(box.inspect("up", "{{join .Config.Cmd \"+\"}}"), "sleep+600");
  EXPECT_EQ(box.inspect("up", "{{index .Config.Labels \"tier\"}}"), "web");
  EXPECT_EQ(box.inspect("up", "{{len .Config.Cmd}}"), "2");
  EXPECT_EQ(box.inspect("up", "{{range .Config.Cmd}}<{{.}}>{{end}}"), "<sleep><600>");
  EXPECT_EQ(box.inspect("up", "{{if .State.Running}}yes{{else}}no{{end}}"), "yes");
  EXPECT_EQ(box.inspect("up", "{{json .State.Running}}"), "true");
  EXPECT_EQ(box.inspect("up", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"), box.address_of("up"));
  EXPECT_EQ(box.inspect("up", "{{.NetworkSettings.Networks.bridge.MacAddress | upper}}").substr(0, 6), "02:42:");
}

TEST_F(Inspect, WholeDocumentIsJson) {
  const std::string file = box.write_file("inspect.json", box.minidock_ok({"inspect", "up", "down"}));
  EXPECT_EQ(box.host_ok({"jq", "-r", ".[].Name", file}), "/up\n/down");
  EXPECT_EQ(box.host_ok({"jq", "-r", ".[0].HostConfig.NetworkMode", file}), "default");
}

TEST_F(Inspect, PrefixesAndMissingNames) {
  EXPECT_EQ(box.inspect(running_.substr(0, 6), "{{.Name}}"), "/up");
  const Result result = box.minidock({"inspect", "missing"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_EQ(trimmed(result.out), "[]");
  EXPECT_THAT(result.err, HasSubstr("No such object: missing"));
}

class ClientConfig : public FunctionalTest {};

TEST_F(ClientConfig, FormatsAreTakenFromDockersConfig) {
  box.load("busybox");
  box.minidock_ok({"create", "--name", "cx", "busybox", "true"});
  box.minidock_ok({"volume", "create", "vx"});
  const std::string config = box.write_file("docker/config.json", R"({"psFormat": "ps {{.Names}}",
      "imagesFormat": "image {{.Repository}}", "volumesFormat": "volume {{.Name}}"})");
  const std::string directory = config.substr(0, config.rfind('/'));
  EXPECT_EQ(box.minidock_ok({"--config", directory, "ps", "-a"}), "ps cx");
  EXPECT_EQ(box.minidock_ok({"--config", directory, "images"}), "image busybox");
  EXPECT_EQ(box.minidock_ok({"--config", directory, "volume", "ls"}), "volume vx");
  EXPECT_EQ(box.minidock_ok({"--config", directory, "ps", "-a", "--format", "{{.Names}}"}), "cx");
  EXPECT_EQ(box.minidock_ok({"--config", directory, "volume", "ls", "-q"}), "vx");

  box.write_file("docker/config.json", "{nonsense");
  const Result result = box.minidock({"--config", directory, "ps", "-aq"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.err, testing::IsEmpty());  // nothing to format
  EXPECT_THAT(box.minidock({"--config", directory, "ps", "-a"}).err, HasSubstr("WARNING: Error loading config file"));
}

}  // namespace
}  // namespace minidock::functional

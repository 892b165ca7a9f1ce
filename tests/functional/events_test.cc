// `events`: what happened, with docker 20.10's names, order and attributes.
#include <gmock/gmock.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <ctime>

#include "tests/functional/sandbox.h"

namespace minidock::functional {
namespace {

using testing::ContainsRegex;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::Not;

class Events : public FunctionalTest {
 protected:
  Events() { box.load("busybox"); }

  // Everything until now.
  std::string all(const Arguments& options = {}) {
    Arguments arguments = {"events", "--since", "0", "--until", "0s"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return box.minidock_ok(arguments);
  }
  std::vector<std::string> actions(const Arguments& options = {}) {
    Arguments arguments = {"--format", "{{.Type}} {{.Action}}"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return lines_of(all(arguments));
  }
  static std::size_t count(const std::vector<std::string>& lines, const std::string& line) {
    return static_cast<std::size_t>(std::count(lines.begin(), lines.end(), line));
  }
};

TEST_F(Events, LifeOfAForegroundContainer) {
  box.minidock_ok({"run", "--name", "web", "busybox", "true"});
  box.minidock_ok({"rm", "web"});
  EXPECT_THAT(actions({"--filter", "type=container", "--filter", "type=network"}),
              ElementsAre("container create", "container attach", "network connect", "container start", "container die",
                          "network disconnect", "container destroy"));
}

TEST_F(Events, ARemovedOneIsDestroyedAtItsEnd) {
  box.run({}, {"sh", "-c", "exit 3"});
  EXPECT_THAT(actions({"-f", "type=container"}), ElementsAre("container create", "container attach", "container start",
                                                             "container die", "container destroy"));
  EXPECT_EQ(all({"-f", "event=die", "--format", "{{.Actor.Attributes.exitCode}}"}), "3");
}

TEST_F(Events, TheShimTellsTheEndOfADetachedOne) {
  box.minidock_ok({"run", "-d", "--name", "short", "busybox", "sh", "-c", "exit 4"});
  EXPECT_TRUE(Sandbox::eventually([&] {
    return all({"-f", "event=die", "--format", "{{.Actor.Attributes.exitCode}}"}) == "4";
  }));
  // Nobody tells it again.
  box.minidock_ok({"wait", "short"});
  box.minidock_ok({"ps", "-a"});
  EXPECT_EQ(count(actions(), "container die"), 1u);
}

TEST_F(Events, AKilledShimsContainerHasDiedOnce) {
  box.run_detached({"--name", "orphan"}, {"sleep", "600"});
  kill(atoi(status_field(box.pid_of("orphan"), "PPid").c_str()), SIGKILL);
  EXPECT_TRUE(Sandbox::eventually([&] { return box.inspect("orphan", "{{.State.Status}}") == "exited"; }));
  box.minidock_ok({"ps", "-a"});
  EXPECT_THAT(lines_of(all({"-f", "event=die", "--format", "{{.Actor.Attributes.exitCode}}"})), ElementsAre("137"));
}

TEST_F(Events, StopAndKillTellTheirSignals) {
  box.run_detached({"--name", "aa"}, {"sleep", "600"});
  box.minidock_ok({"stop", "-t", "0", "aa"});
  EXPECT_THAT(actions({"-f", "container=aa", "-f", "type=container"}),
              ElementsAre("container create", "container start", "container kill", "container kill", "container die",
                          "container stop"));
  EXPECT_EQ(all({"-f", "container=aa", "-f", "event=kill", "--format", "{{.Actor.Attributes.signal}}"}), "15\n9");
  box.run_detached({"--name", "bb"}, {"sleep", "600"});
  box.minidock_ok({"rm", "-f", "bb"});
  EXPECT_THAT(actions({"-f", "container=bb"}), ElementsAre("container create", "container start", "container kill",
                                                           "container die", "container destroy"));
}

TEST_F(Events, AFailedStartConnectsAndDisconnects) {
  EXPECT_EQ(box.minidock({"run", "--name", "bad", "busybox", "no-such-program"}).exit_code, 127);
  EXPECT_THAT(actions({"-f", "type=container", "-f", "type=network"}),
              ElementsAre("container create", "container attach", "network connect", "network disconnect"));
}

TEST_F(Events, ExecHasAnIdAndACode) {
  box.run_detached({"--name", "cx"}, {"sleep", "600"});
  box.minidock({"exec", "cx", "sh", "-c", "exit 3"});
  box.minidock({"exec", "cx", "no-such-program"});
  const std::vector<std::string> lines =
      lines_of(all({"--format", "{{.Action}}|{{len .Actor.Attributes.execID}}|{{index .Actor.Attributes \"exitCode\"}}",
                    "-f", "event=exec_create", "-f", "event=exec_start", "-f", "event=exec_die"}));
  EXPECT_THAT(lines,
              ElementsAre("exec_create: sh -c exit 3|64|", "exec_start: sh -c exit 3|64|", "exec_die|64|3",
                          "exec_create: no-such-program |64|", "exec_start: no-such-program |64|", "exec_die|64|127"));
}

TEST_F(Events, AnEndOfADetachedExecIsTold) {
  box.run_detached({"--name", "cx"}, {"sleep", "600"});
  box.minidock_ok({"exec", "-d", "cx", "sh", "-c", "exit 5"});
  EXPECT_TRUE(Sandbox::eventually([&] {
    return all({"-f", "event=exec_die", "--format", "{{.Actor.Attributes.exitCode}}"}) == "5";
  }));
}

TEST_F(Events, VolumesAreMountedAndUnmounted) {
  box.run({"-v", "data:/data:ro"}, {"true"});
  const std::vector<std::string> lines =
      lines_of(all({"-f", "volume=data", "-f", "event=mount", "-f", "event=unmount"}));
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_THAT(lines[0], ContainsRegex("volume mount data \\(container=[0-9a-f]{64}, destination=/data, driver=local, "
                                      "propagation=, read/write=false\\)"));
  EXPECT_THAT(lines[1], ContainsRegex("volume unmount data \\(container=[0-9a-f]{64}, driver=local\\)"));
}

TEST_F(Events, Images) {
  box.minidock_ok({"tag", "busybox", "other:1"});
  box.minidock_ok({"rmi", "other:1"});
  box.minidock_ok({"rmi", "busybox"});
  EXPECT_THAT(actions({"-f", "type=image"}),
              ElementsAre("image load", "image tag", "image untag", "image untag", "image delete"));
  EXPECT_EQ(all({"-f", "event=tag", "--format", "{{.Actor.Attributes.name}}"}), "other:1");
}

TEST_F(Events, TextIsDockers) {
  const std::string id = box.run_detached({"--name", "web", "--label", "tier=front"}, {"sleep", "600"});
  EXPECT_THAT(all({"-f", "event=start"}),
              MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{9}(Z|[+-][0-9]{2}:[0-9]{2}) container start " +
                           id + " \\(image=busybox, name=web, tier=front\\)"));
}

TEST_F(Events, TimesAreInTheLocalZone) {
  box.run({}, {"true"});
  Arguments command = {"env", "TZ=XYZ-05:30"};
  for (const std::string& word : box.command({"events", "--since", "0", "--until", "0s", "-f", "event=start"})) {
    command.push_back(word);
  }
  EXPECT_THAT(box.host_ok(command), ContainsRegex("^[^ ]+\\+05:30 container start"));
}

TEST_F(Events, JsonIsDockers) {
  const std::string id = box.run_detached({"--name", "web"}, {"sleep", "600"});
  const std::string line = all({"-f", "event=start", "--format", "{{json .}}"});
  EXPECT_EQ(line, all({"-f", "event=start", "--format", "json"}));
  EXPECT_THAT(line, MatchesRegex("\\{\"status\":\"start\",\"id\":\"" + id +
                                 "\",\"from\":\"busybox\",\"Type\":\"container\",\"Action\":\"start\",\"Actor\":\\{"
                                 "\"ID\":\"" +
                                 id +
                                 "\",\"Attributes\":\\{\"image\":\"busybox\",\"name\":\"web\"\\}\\},\"scope\":"
                                 "\"local\",\"time\":[0-9]+,\"timeNano\":[0-9]+\\}"));
  EXPECT_THAT(
      all({"-f", "event=start", "--format", "{{.Status}} {{.ID}} {{.From}} {{.Scope}} {{.Time}} {{.TimeNano}}"}),
      MatchesRegex("start " + id + " busybox local [0-9]{10} [0-9]{19}"));
}

TEST_F(Events, Filters) {
  box.run_detached({"--name", "one", "--label", "tier=front"}, {"sleep", "600"});
  box.run_detached({"--name", "two"}, {"sleep", "600"});
  const Arguments names = {"--format", "{{.Actor.Attributes.name}}", "-f", "event=start"};
  const auto filtered = [&](const Arguments& filters) {
    Arguments options = names;
    for (const std::string& filter : filters) options.insert(options.end(), {"--filter", filter});
    return all(options);
  };
  EXPECT_EQ(filtered({}), "one\ntwo");
  EXPECT_EQ(filtered({"container=two"}), "two");
  EXPECT_EQ(filtered({"label=tier"}), "one");
  EXPECT_EQ(filtered({"label=tier=back"}), "");
  EXPECT_EQ(filtered({"image=busybox"}), "one\ntwo");
  EXPECT_EQ(filtered({"type=network"}), "");
  const Result wrong = box.minidock({"events", "--since", "0", "--until", "0s", "-f", "colour=red"});
  EXPECT_EQ(wrong.exit_code, 1);
  EXPECT_THAT(wrong.err, HasSubstr("Invalid filter 'colour'"));
}

TEST_F(Events, BadTimesAndTemplatesAreErrors) {
  const Result time = box.minidock({"events", "--since", "yesterday"});
  EXPECT_EQ(time.exit_code, 1);
  EXPECT_THAT(time.err, HasSubstr("failed to parse value as time or duration: \"yesterday\""));
  EXPECT_NE(box.minidock({"events", "--until", "0s", "--format", "{{.X"}).exit_code, 0);
}

TEST_F(Events, SinceLeavesOutWhatWasBefore) {
  box.run({"--name", "before"}, {"true"});
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  char since[64];
  std::snprintf(since, sizeof since, "%lld.%09ld", static_cast<long long>(now.tv_sec), now.tv_nsec);
  box.run({"--name", "after"}, {"true"});
  const std::string names = box.minidock_ok(
      {"events", "--since", since, "--until", "0s", "-f", "event=start", "--format", "{{.Actor.Attributes.name}}"});
  EXPECT_EQ(names, "after");
}

TEST_F(Events, StreamsWhatIsNewUntilInterrupted) {
  box.run({"--name", "before"}, {"true"});
  Background stream = box.start({"events", "-f", "event=start", "--format", "{{.Actor.Attributes.name}}"});
  // It shows nothing of what was: so it is asked until it has begun to look.
  int number = 0;
  EXPECT_TRUE(Sandbox::eventually([&] {
    box.run({"--name", "after" + std::to_string(++number)}, {"true"});
    return stream.out().find("after") != std::string::npos;
  }));
  stream.signal(SIGINT);
  const Result result = stream.wait();
  EXPECT_EQ(result.exit_code, 130);
  EXPECT_THAT(result.out, Not(HasSubstr("before")));
}

TEST_F(Events, SystemEventsIsTheSame) {
  EXPECT_THAT(box.minidock_ok({"system", "events", "--since", "0", "--until", "0s"}), HasSubstr("image load"));
}

TEST_F(Events, FilesOfAContainer) {
  box.run_detached({"--name", "cx"}, {"sleep", "600"});
  box.write_file("file", "text");
  box.minidock_ok({"cp", box.path("file"), "cx:/file"});
  box.minidock_ok({"cp", "cx:/file", box.path("back")});
  box.minidock_ok({"export", "-o", box.path("tar"), "cx"});
  box.minidock_ok({"commit", "-m", "why", "cx", "new:1"});
  box.minidock_ok({"top", "cx"});
  EXPECT_THAT(actions({"--since", "0", "-f", "container=cx"}),
              ElementsAre("container create", "container start", "container extract-to-dir", "container archive-path",
                          "container export", "container commit", "container top"));
  EXPECT_EQ(all({"-f", "event=commit", "--format", "{{.Actor.Attributes.comment}} {{.Actor.Attributes.imageRef}}"}),
            "why new:1");
}

TEST_F(Events, VolumesAndPrunes) {
  box.minidock_ok({"volume", "create", "named"});
  box.minidock_ok({"volume", "create", "named"});
  box.minidock_ok({"volume", "rm", "named"});
  box.run({"-v", "/anonymous"}, {"true"});
  EXPECT_THAT(actions({"-f", "type=volume"}), ElementsAre("volume create", "volume destroy", "volume create",
                                                          "volume mount", "volume unmount", "volume destroy"));
  box.minidock_ok({"container", "prune", "-f"});
  box.minidock_ok({"volume", "prune", "-f", "--dry-run"});
  EXPECT_EQ(all({"-f", "event=prune", "--format", "{{.Type}} {{.Actor.Attributes.reclaimed}}"}), "container 0");
}

}  // namespace
}  // namespace minidock::functional

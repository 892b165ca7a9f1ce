// `exec` in a running container.
#include <unistd.h>

#include <gmock/gmock.h>

#include <csignal>
#include <cstdio>

#include "tests/functional/sandbox.h"

namespace minidock::functional {
namespace {

using testing::HasSubstr;

class Exec : public FunctionalTest {
 protected:
  Exec() { box.run_detached({"--name", "cx", "-e", "FROM_RUN=1"}, {"sleep", "600"}); }
};

TEST_F(Exec, ExitCodesAreDockers) {
  EXPECT_EQ(box.minidock({"exec", "cx", "sh", "-c", "exit 7"}).exit_code, 7);
  EXPECT_EQ(box.minidock({"exec", "cx", "sh", "-c", "kill -9 $$"}).exit_code, 137);
  EXPECT_EQ(box.minidock({"exec", "cx", "no-such-program"}).exit_code, 126);  // 127 is run's alone
  EXPECT_EQ(box.minidock({"exec", "-d", "cx", "no-such-program"}).exit_code, 1);
  EXPECT_EQ(box.minidock({"exec", "cx", "/etc/passwd"}).exit_code, 126);
}

TEST_F(Exec, OutputAndInput) {
  const Result result = box.minidock({"exec", "-i", "cx", "sh", "-c", "cat; echo err >&2"}, "typed\n");
  EXPECT_EQ(result.out, "typed\n");
  EXPECT_EQ(result.err, "err\n");
  EXPECT_EQ(box.minidock({"exec", "cx", "cat"}, "not for it\n").out, "");
}

TEST_F(Exec, EnvironmentUserAndDirectory) {
  EXPECT_EQ(box.minidock_ok({"exec", "-e", "A=b", "cx", "sh", "-c", "echo $A $FROM_RUN"}), "b 1");
  EXPECT_EQ(box.minidock_ok({"exec", "-u", "www-data", "cx", "id", "-un"}), "www-data");
  EXPECT_EQ(box.minidock_ok({"exec", "-u", "1234:100", "cx", "sh", "-c", "id -u; id -g"}), "1234\n100");
  EXPECT_EQ(box.minidock_ok({"exec", "-w", "/tmp", "cx", "pwd"}), "/tmp");
}

TEST_F(Exec, DetachedRunsOn) {
  EXPECT_EQ(box.minidock_ok({"exec", "-d", "cx", "sh", "-c", "sleep 0.1; touch /done; sleep 600"}), "");
  EXPECT_TRUE(Sandbox::eventually([&] { return box.minidock({"exec", "cx", "test", "-e", "/done"}).exit_code == 0; }));
}

TEST_F(Exec, IsInAllNamespacesOfTheContainer) {
  const std::string script = "for n in mnt uts ipc pid net user cgroup; do readlink /proc/self/ns/$n; done";
  const std::string main_script = "for n in mnt uts ipc pid net user cgroup; do readlink /proc/1/ns/$n; done";
  EXPECT_EQ(box.minidock_ok({"exec", "cx", "sh", "-c", script}),
            box.minidock_ok({"exec", "cx", "sh", "-c", main_script}));
}

TEST_F(Exec, HasTheContainersCapabilitiesAndSeccomp) {
  const std::string fields = "^(CapInh|CapPrm|CapEff|CapBnd|CapAmb|Seccomp|NoNewPrivs|Groups):";
  EXPECT_EQ(box.minidock_ok({"exec", "cx", "grep", "-E", fields, "/proc/self/status"}),
            box.minidock_ok({"exec", "cx", "grep", "-E", fields, "/proc/1/status"}));
}

TEST_F(Exec, FindsTheContainerByEachOfItsNames) {
  const std::string id = box.inspect("cx", "{{.Id}}");
  for (const std::string& name : {std::string("cx"), std::string("/cx"), id, id.substr(0, 12)}) {
    EXPECT_EQ(box.minidock_ok({"exec", name, "sh", "-c", "echo $FROM_RUN"}), "1") << name;
  }
}

// A running container is found in the state directory, which costs a start less than the database does.
TEST_F(Exec, NeedsNoDatabaseForWhatRuns) {
  const std::string database = box.path("root/db.sqlite");
  ASSERT_EQ(rename(database.c_str(), (database + ".away").c_str()), 0);
  EXPECT_EQ(box.minidock({"exec", "cx", "true"}).exit_code, 0);
  ASSERT_EQ(rename((database + ".away").c_str(), database.c_str()), 0);
}

TEST_F(Exec, ANameThatWasGivenAgainIsTheNewContainers) {
  box.minidock_ok({"rm", "-f", "cx"});
  EXPECT_EQ(box.minidock({"exec", "cx", "true"}).exit_code, 1);
  box.run_detached({"--name", "cx", "-e", "FROM_RUN=2"}, {"sleep", "600"});
  EXPECT_EQ(box.minidock_ok({"exec", "cx", "sh", "-c", "echo $FROM_RUN"}), "2");
}

TEST_F(Exec, AContainerWhoseShimWasKilledIsNotRunning) {
  kill(atoi(status_field(box.pid_of("cx"), "PPid").c_str()), SIGKILL);
  EXPECT_TRUE(Sandbox::eventually([&] { return box.minidock({"exec", "cx", "true"}).exit_code == 1; }));
  EXPECT_NE(access(box.path("state/names/cx").c_str(), F_OK), 0);
}

TEST_F(Exec, NoSuchContainer) {
  const Result result = box.minidock({"exec", "missing", "true"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("No such container: missing"));
}

TEST_F(Exec, StoppedContainer) {
  const std::string id = box.inspect("cx", "{{.Id}}");
  box.minidock_ok({"stop", "-t", "0", "cx"});
  const Result result = box.minidock({"exec", "cx", "true"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("is not running"));
  EXPECT_THAT(result.err, HasSubstr(id.substr(0, 12)));
}

TEST_F(Exec, EndsWithTheContainer) {
  Background exec = box.start({"exec", "cx", "sleep", "601"});
  EXPECT_TRUE(Sandbox::eventually([&] {
    return box.minidock({"exec", "cx", "sh", "-c", "ps | grep -q '[s]leep 601'"}).exit_code == 0;
  }));
  box.minidock_ok({"kill", "cx"});
  EXPECT_EQ(exec.wait().exit_code, 137);
}

TEST_F(Exec, ManySideBySide) {
  std::vector<Background> all;
  for (int number = 0; number < 20; ++number) {
    all.push_back(
        box.start({"exec", "cx", "sh", "-c", "echo " + std::to_string(number) + "; exit " + std::to_string(number)}));
  }
  for (int number = 0; number < 20; ++number) {
    const Result result = all[static_cast<std::size_t>(number)].wait();
    EXPECT_EQ(result.exit_code, number);
    EXPECT_EQ(result.out, std::to_string(number) + "\n");
  }
}

}  // namespace
}  // namespace minidock::functional

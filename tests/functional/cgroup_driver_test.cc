// native.cgroupdriver=systemd: containers in scopes that systemd makes. A small service on a bus of the test's own
// plays systemd (tests/functional/fake_systemd).
#include <gmock/gmock.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "tests/functional/sandbox.h"

namespace minidock::functional {
namespace {

using testing::HasSubstr;
using testing::Not;

class CgroupDriver : public FunctionalTest {
 protected:
  CgroupDriver() {
    config_ = box.write_file("daemon.json", R"({"exec-opts": ["native.cgroupdriver=systemd"]})");
    // Nobody's bus.
    setenv("DBUS_SYSTEM_BUS_ADDRESS", ("unix:path=" + box.path("bus")).c_str(), 1);
  }
  ~CgroupDriver() override {
    for (const std::string& id : lines_of(box.minidock({"ps", "-aq"}).out)) box.minidock({"rm", "-f", id});
    if (systemd_) {
      EXPECT_TRUE(Sandbox::eventually([&] { return count("gone ") == count("made "); })) << calls();
    }
    // The slices that systemd would have in v1's hierarchies, too.
    if (systemd_) box.remove_cgroups_like("*/" + slice_ + ".slice*");
    unsetenv("DBUS_SYSTEM_BUS_ADDRESS");
  }

  bool can_play_systemd() {
    return box.host({"/usr/bin/python3", "-c", "import dbus, dbus.mainloop.glib, gi.repository.GLib"}).exit_code == 0 &&
           box.host({"sh", "-c", "command -v dbus-daemon"}).exit_code == 0;
  }

  void play_systemd() {
    const std::string bus = box.write_file(
        "bus.conf", "<busconfig><type>session</type><listen>unix:path=" + box.path("bus") +
                        "</listen><policy context=\"default\"><allow own=\"*\"/><allow send_destination=\"*\"/>"
                        "<allow eavesdrop=\"true\"/></policy></busconfig>");
    daemon_ = std::make_unique<Background>(Arguments{"dbus-daemon", "--nofork", "--nopidfile", "--config-file", bus},
                                           "", box.path(""));
    ASSERT_TRUE(Sandbox::eventually([&] { return std::filesystem::exists(box.path("bus")); })) << daemon_->err();
    systemd_ = std::make_unique<Background>(
        Arguments{source_directory() + "/tests/functional/fake_systemd", box.path("systemd.log")}, "", box.path(""));
    ASSERT_TRUE(Sandbox::eventually([&] { return calls() == "ready\n"; })) << systemd_->err();
  }

  std::ptrdiff_t count(const std::string& word) {
    const std::vector<std::string> lines = lines_of(calls());
    return std::count_if(lines.begin(), lines.end(), [&](const std::string& line) { return line.starts_with(word); });
  }
  std::string calls() { return read_file(box.path("systemd.log")); }

  Arguments with_config(Arguments words) {
    words.insert(words.begin(), {"--config-file", config_});
    return words;
  }
  Result minidock(const Arguments& words) { return box.minidock(with_config(words)); }
  std::string ok(const Arguments& words) { return box.minidock_ok(with_config(words)); }

  std::string v2_group(const std::string& name) {
    for (const std::string& line : lines_of(read_file("/proc/" + std::to_string(box.pid_of(name)) + "/cgroup"))) {
      if (line.starts_with("0::")) return line.substr(3);
    }
    return "";
  }

  std::string config_;
  std::unique_ptr<Background> daemon_;
  std::unique_ptr<Background> systemd_;
  // Another test's shall not be swept away.
  const std::string slice_ = "md" + std::to_string(getpid());
};

TEST_F(CgroupDriver, WithoutSystemdSaysWhatToDo) {
  box.load("busybox");
  const Result result = minidock({"run", "--rm", "busybox", "true"});
  EXPECT_EQ(result.exit_code, 127);  // "no such file": its words are those of a missing program
  EXPECT_THAT(result.err, HasSubstr("systemd is not running"));
  EXPECT_THAT(result.err, HasSubstr("native.cgroupdriver=cgroupfs"));
  EXPECT_EQ(box.minidock_ok({"ps", "-aq"}), "");
  EXPECT_EQ(ok({"info", "-f", "{{.CgroupDriver}}"}), "systemd");
  EXPECT_EQ(box.minidock_ok({"info", "-f", "{{.CgroupDriver}}"}), "cgroupfs");
}

TEST_F(CgroupDriver, ChecksItsWords) {
  const std::string bad = box.write_file("bad.json", R"({"exec-opts": ["native.cgroupdriver=none"]})");
  EXPECT_THAT(box.minidock({"--config-file", bad, "ps"}).err, HasSubstr("invalid cgroup driver \"none\""));
  box.load("busybox");
  const Result result = minidock({"create", "--cgroup-parent", "/plain/path", "busybox", "true"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("cgroup-parent for systemd cgroup should be a valid slice named as \"xxx.slice\""));
}

TEST_F(CgroupDriver, AContainerIsAScopeOfSystemds) {
  if (!can_play_systemd()) GTEST_SKIP() << "no dbus-daemon, python3-dbus or python3-gi";
  play_systemd();
  box.load("busybox");
  const std::string id = ok({"run", "-d", "--name", "cx", "--cgroup-parent", slice_ + "-test.slice", "-m", "64m",
                             "--cpus", "0.5", "--pids-limit", "50", "busybox", "sleep", "600"});
  const std::string scope = "minidock-" + id + ".scope";
  EXPECT_EQ(v2_group("cx"), "/" + slice_ + ".slice/" + slice_ + "-test.slice/" + scope);
  EXPECT_THAT(calls(), HasSubstr("Slice " + slice_ + "-test.slice\n"));
  for (const char* property : {"Delegate 1\n", "DefaultDependencies 0\n", "MemoryMax 67108864\n",
                               "CPUQuotaPerSecUSec 500000\n", "TasksMax 50\n"}) {
    EXPECT_THAT(calls(), HasSubstr(property));
  }
  // The one that asked for it is gone.
  EXPECT_EQ(lines_of(ok({"top", "cx"})).size(), 2u);
  EXPECT_EQ(ok({"exec", "cx", "echo", "in"}), "in");
  ok({"pause", "cx"});
  EXPECT_EQ(box.inspect("cx", "{{.State.Status}}"), "paused");
  ok({"unpause", "cx"});
  ok({"update", "--pids-limit", "60", "cx"});
  EXPECT_THAT(calls(), HasSubstr("set " + scope + " True\n"));
  EXPECT_THAT(calls(), HasSubstr("TasksMax 60\n"));
  // A restart finds the last run's scope on its way out, or gone.
  ok({"restart", "-t", "0", "cx"});
  EXPECT_EQ(v2_group("cx"), "/" + slice_ + ".slice/" + slice_ + "-test.slice/" + scope);
  ok({"rm", "-f", "cx"});
  EXPECT_TRUE(Sandbox::eventually([&] {
    const std::string log = calls();
    return log.rfind("gone " + scope) != std::string::npos && log.rfind("gone " + scope) > log.rfind("made ");
  }));
  EXPECT_EQ(box.cgroups_like("*/" + scope), "");
}

TEST_F(CgroupDriver, AFailedStartLeavesNoScope) {
  if (!can_play_systemd()) GTEST_SKIP() << "no dbus-daemon, python3-dbus or python3-gi";
  play_systemd();
  box.load("busybox");
  EXPECT_EQ(minidock({"run", "--rm", "busybox", "/no/such/program"}).exit_code, 127);
  EXPECT_TRUE(Sandbox::eventually([&] { return calls().find("gone ") != std::string::npos; })) << calls();
}

TEST_F(CgroupDriver, OthersDoNotLoadItsLibrary) {
  box.load("busybox");
  // Loaded, it would be opened by name.
  const std::string trace = box.path("trace");
  if (box.host({"sh", "-c", "command -v strace"}).exit_code != 0) GTEST_SKIP() << "no strace";
  box.host_ok({"sh", "-c",
               "strace -f -e trace=openat -o " + trace + " " + join(box.command({"run", "--rm", "busybox", "true"}))});
  EXPECT_THAT(read_file(trace), Not(HasSubstr("libsystemd")));
}

}  // namespace
}  // namespace minidock::functional

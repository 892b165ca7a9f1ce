#include <gmock/gmock.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/functional/sandbox.h"

namespace minidock::functional {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

class LogDrivers : public FunctionalTest {
 protected:
  // A container named lx that has run `script` to its end.
  void finished(const Arguments& options, const std::string& script) {
    box.load("busybox");
    Arguments arguments = {"run", "--name", "lx"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    arguments.insert(arguments.end(), {"busybox", "sh", "-c", script});
    EXPECT_EQ(box.minidock(arguments).exit_code, 0);
  }
  std::string directory() { return box.path("root/containers/") + box.inspect("lx", "{{.Id}}"); }
  std::vector<std::string> numbers(int first, int last) {
    std::vector<std::string> result;
    for (int i = first; i <= last; ++i) result.push_back(std::to_string(i));
    return result;
  }
  // The container's name is fx; it writes on when it is told to.
  void tell(const std::string& what) { box.minidock_ok({"exec", "fx", "touch", "/" + what}); }
  static std::string until(const std::string& what) { return "until test -e /" + what + "; do sleep 0.02; done; "; }
};

// ---- json-file

TEST_F(LogDrivers, FilesAreRotatedByDefault) {
  finished({}, "head -c 25000000 /dev/zero | tr '\\0' x");
  const std::string path = box.inspect("lx", "{{.LogPath}}");
  EXPECT_TRUE(std::filesystem::exists(path + ".1"));
  EXPECT_FALSE(std::filesystem::exists(path + ".2"));
  EXPECT_EQ(box.minidock({"logs", "lx"}).out, std::string(25'000'000, 'x'));
}

TEST_F(LogDrivers, MaxSizeAndMaxFileLimitWhatIsKept) {
  finished({"--log-opt", "max-size=10k", "--log-opt", "max-file=3"}, "seq 2000");
  const std::string path = box.inspect("lx", "{{.LogPath}}");
  EXPECT_TRUE(std::filesystem::exists(path + ".2"));
  EXPECT_FALSE(std::filesystem::exists(path + ".3"));
  for (const char* number : {"", ".1", ".2"}) EXPECT_LE(std::filesystem::file_size(path + number), 10'200U);
  const std::vector<std::string> kept = lines_of(box.minidock_ok({"logs", "lx"}));
  ASSERT_GT(kept.size(), 250U);
  EXPECT_EQ(kept, numbers(2001 - static_cast<int>(kept.size()), 2000));
  EXPECT_EQ(lines_of(box.minidock_ok({"logs", "--tail", "220", "lx"})), numbers(1781, 2000)) << "from two files";
}

TEST_F(LogDrivers, RotatedFilesAreCompressedBesideTheContainer) {
  box.run_detached(
      {"--name", "lx", "--log-opt", "max-size=10k", "--log-opt", "max-file=50", "--log-opt", "compress=true"},
      {"sh", "-c", "seq 2000; sleep 600"});
  const std::string path = box.inspect("lx", "{{.LogPath}}");
  EXPECT_TRUE(Sandbox::eventually(
      [&] { return std::filesystem::exists(path + ".5.gz") && !std::filesystem::exists(path + ".compressing"); }));
  EXPECT_EQ(lines_of(box.minidock_ok({"logs", "lx"})), numbers(1, 2000));
  EXPECT_EQ(lines_of(box.minidock_ok({"logs", "--tail", "700", "lx"})), numbers(1301, 2000));
  box.minidock_ok({"rm", "-f", "lx"});
}

TEST_F(LogDrivers, DetailsAreTheAttributesThatWereAskedFor) {
  finished({"--label", "team=blue green", "-e", "LEVEL=9", "--log-opt", "labels=team", "--log-opt", "env=LEVEL",
            "--log-opt", "tag={{.Name}}"},
           "echo one");
  EXPECT_EQ(box.minidock_ok({"logs", "--details", "lx"}), "LEVEL=9,tag=lx,team=blue+green one");
  EXPECT_EQ(box.host_ok({"jq", "-c", ".attrs", box.inspect("lx", "{{.LogPath}}")}),
            R"({"LEVEL":"9","tag":"lx","team":"blue green"})");
  EXPECT_EQ(box.minidock_ok({"logs", "lx"}), "one");
}

TEST_F(LogDrivers, WithoutAttributesDetailsIsASpace) {
  finished({}, "echo one");
  EXPECT_EQ(box.minidock_ok({"logs", "--details", "lx"}), " one");
}

// ---- local, none

TEST_F(LogDrivers, LocalKeepsFilesOfItsOwn) {
  finished({"--log-driver", "local", "--log-opt", "max-size=5k", "--log-opt", "max-file=100"},
           "seq 1000; echo error >&2; printf end");
  EXPECT_EQ(box.inspect("lx", "{{.HostConfig.LogConfig.Type}} {{.LogPath}}"), "local ");
  EXPECT_EQ(box.shell("ls " + directory() + " | grep json.log || true"), "");
  const Result all = box.minidock({"logs", "lx"});
  EXPECT_THAT(all.out, StartsWith("1\n2\n"));
  EXPECT_THAT(all.out, EndsWith("999\n1000\nend"));
  EXPECT_EQ(lines_of(all.out).size(), 1001U);
  EXPECT_EQ(all.err, "error\n");
  EXPECT_EQ(box.minidock({"logs", "--tail", "1", "lx"}).out, "end");
}

TEST_F(LogDrivers, NoneKeepsNothing) {
  finished({"--log-driver", "none"}, "echo one");
  const Result result = box.minidock({"logs", "lx"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("configured logging driver does not support reading"));
  EXPECT_EQ(box.inspect("lx", "{{.LogPath}}"), "");
  EXPECT_NE(box.minidock({"logs", "--clear", "lx"}).exit_code, 0);
}

// ---- options

TEST_F(LogDrivers, WhatIsNotSupportedIsRefusedByName) {
  const auto refusal = [&](const Arguments& options) {
    const Result result = box.run(options, {"true"});
    EXPECT_EQ(result.exit_code, 125);
    return result.err;
  };
  EXPECT_THAT(refusal({"--log-driver", "fluentd"}), HasSubstr("logger: no log driver named 'fluentd' is registered"));
  EXPECT_THAT(refusal({"--log-opt", "x=1"}), HasSubstr("unknown log opt 'x' for json-file log driver"));
  EXPECT_THAT(refusal({"--log-opt", "max-file=0"}), HasSubstr("max-file cannot be less than 1"));
  EXPECT_THAT(refusal({"--log-driver", "none", "--log-opt", "tag=x"}),
              HasSubstr("invalid logging opts for driver none"));
  EXPECT_EQ(box.minidock_ok({"ps", "-aq"}), "");
}

TEST_F(LogDrivers, DefaultsComeFromDaemonJson) {
  box.shell("mkdir -p /etc/minidock");
  std::ofstream("/etc/minidock/daemon.json") << R"({"log-driver": "local", "log-opts": {"max-file": "3"}})";
  finished({}, "echo one");
  EXPECT_EQ(box.inspect("lx", "{{json .HostConfig.LogConfig}}"), R"({"Type":"local","Config":{"max-file":"3"}})");
  EXPECT_EQ(box.minidock_ok({"logs", "lx"}), "one");
}

// ---- journald: the real one, in a /run of its own

class Journald : public LogDrivers {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kDaemon) || !std::filesystem::exists("/usr/bin/journalctl")) {
      GTEST_SKIP() << "systemd is not installed";
    }
    for (const char* directory : {"/run/systemd", "/run/log", "/var/log/journal"}) {
      std::filesystem::create_directories(directory);
      ASSERT_EQ(mount("tmpfs", directory, "tmpfs", 0, nullptr), 0) << directory;
    }
    std::filesystem::create_directories("/run/log/journal");
    box.shell("test -s /etc/machine-id || systemd-machine-id-setup");
    // What comes from the kernel and elsewhere is not the test's.
    std::filesystem::create_directories("/etc/systemd");
    std::ofstream("/etc/systemd/journald.conf") << "[Journal]\nStorage=volatile\nReadKMsg=no\nAudit=no\n";
    journal_.emplace(Arguments{kDaemon}, "", box.path("."));
    ASSERT_TRUE(Sandbox::eventually([] { return access("/run/systemd/journal/socket", W_OK) == 0; }));
  }
  void TearDown() override { journal_.reset(); }

  static constexpr char kDaemon[] = "/lib/systemd/systemd-journald";
  std::optional<Background> journal_;
};

TEST_F(Journald, EntriesGoToTheJournalAndComeBack) {
  finished(
      {"--log-driver", "journald", "--label", "team=blue", "--log-opt", "labels=team", "--log-opt", "tag=t-{{.Name}}"},
      "seq 100; echo error >&2; head -c 40000 /dev/zero | tr '\\0' x; echo");
  const Result all = box.minidock({"logs", "lx"});
  EXPECT_THAT(all.out, StartsWith("1\n2\n3\n"));
  EXPECT_THAT(all.out, EndsWith("\n100\n" + std::string(40'000, 'x') + "\n"));
  EXPECT_EQ(all.err, "error\n");
  EXPECT_THAT(box.minidock_ok({"logs", "--details", "lx"}), StartsWith("TEAM=blue 1\nTEAM=blue 2\n"));
  EXPECT_EQ(box.minidock_ok({"logs", "--since", "2100-01-01T00:00:00Z", "lx"}), "");
  EXPECT_EQ(lines_of(box.host_ok({"journalctl", "-o", "cat", "-q", "CONTAINER_NAME=lx", "CONTAINER_TAG=t-lx",
                                  "SYSLOG_IDENTIFIER=t-lx", "IMAGE_NAME=busybox", "PRIORITY=6", "-n", "1"}))
                .size(),
            1U);
}

TEST_F(Journald, FollowShowsWhatComesUntilTheEnd) {
  box.run_detached({"--name", "fx", "--log-driver", "journald"}, {"sh", "-c", "seq 3; " + until("go") + "seq 4 100"});
  Background all = box.start({"logs", "-f", "fx"});
  Background last = box.start({"logs", "-f", "-n", "1", "fx"});
  Background later = box.start({"logs", "-f", "-n", "0", "fx"});
  EXPECT_TRUE(Sandbox::eventually([&] { return all.out() == "1\n2\n3\n" && last.out() == "3\n"; })) << all.out();
  tell("go");
  EXPECT_EQ(lines_of(all.wait().out), numbers(1, 100));
  EXPECT_EQ(lines_of(last.wait().out), numbers(3, 100));
  EXPECT_THAT(later.wait().out, EndsWith("99\n100\n"));
}

TEST_F(LogDrivers, WithoutAJournalTheContainerDoesNotStart) {
  std::filesystem::create_directories("/run/systemd");
  ASSERT_EQ(mount("tmpfs", "/run/systemd", "tmpfs", 0, nullptr), 0);
  box.load("busybox");
  const Result result = box.minidock({"run", "--name", "lx", "--log-driver", "journald", "busybox", "true"});
  EXPECT_EQ(result.exit_code, 125);
  EXPECT_THAT(result.err, HasSubstr("failed to initialize logging driver: journald is not enabled on this host"));
  const Result logs = box.minidock({"logs", "lx"});
  EXPECT_EQ(logs.exit_code, 1);
  EXPECT_THAT(logs.err, EndsWith("journald is not enabled on this host\n"));
}

// ---- logs

TEST_F(LogDrivers, FollowGoesThroughRotations) {
  for (const char* compress : {"compress=false", "compress=true"}) {
    box.run_detached({"--name", "fx", "--log-opt", "max-size=10k", "--log-opt", "max-file=1000", "--log-opt", compress},
                     {"sh", "-c", until("go") + "i=0; while test $i -lt 60; do i=$((i+1)); seq 1000; done"});
    Background follow = box.start({"logs", "-f", "fx"});
    tell("go");
    const Result result = follow.wait();
    EXPECT_EQ(result.exit_code, 0);
    std::string expected;
    for (int i = 1; i <= 1000; ++i) expected += std::to_string(i) + "\n";
    std::string whole;
    for (int i = 0; i < 60; ++i) whole += expected;
    EXPECT_TRUE(result.out == whole) << compress << ": " << result.out.size() << " of " << whole.size() << " bytes";
    box.minidock_ok({"rm", "fx"});
  }
}

TEST_F(LogDrivers, ClearEmptiesTheLogOfARunningContainerAndFollowersGoOn) {
  box.run_detached({"--name", "fx", "--log-opt", "max-size=10k", "--log-opt", "max-file=10"},
                   {"sh", "-c", "seq 500; " + until("go") + "echo after; " + until("end")});
  Background follow = box.start({"logs", "-f", "fx"});
  EXPECT_TRUE(Sandbox::eventually([&] { return lines_of(follow.out()).size() == 500; }));
  box.minidock_ok({"logs", "--clear", "fx"});
  EXPECT_EQ(box.minidock_ok({"logs", "fx"}), "");
  const std::string path = box.inspect("fx", "{{.LogPath}}");
  EXPECT_FALSE(std::filesystem::exists(path + ".1"));
  tell("go");
  EXPECT_TRUE(Sandbox::eventually([&] { return follow.out().ends_with("500\nafter\n"); }));
  EXPECT_EQ(box.minidock_ok({"logs", "fx"}), "after");
  tell("end");
  EXPECT_TRUE(follow.wait().out.ends_with("500\nafter\n"));
  box.minidock_ok({"logs", "--clear", "fx"});
  EXPECT_EQ(box.minidock_ok({"logs", "fx"}), "") << "and of one that has ended";
  EXPECT_EQ(std::filesystem::file_size(path), 0U);
}

TEST_F(LogDrivers, FollowOfAContainerThatHasEndedEnds) {
  finished({}, "echo one");
  EXPECT_EQ(box.minidock_ok({"logs", "-f", "lx"}), "one");
  EXPECT_EQ(box.minidock_ok({"logs", "-f", "--until", "2000-01-01T00:00:00Z", "lx"}), "");
}

TEST_F(LogDrivers, AContainerThatNeverRanHasAnEmptyLog) {
  box.load("busybox");
  EXPECT_EQ(box.minidock({"run", "--name", "lx", "busybox", "/nonexistent"}).exit_code, 127);
  EXPECT_EQ(box.minidock_ok({"logs", "lx"}), "");
  EXPECT_EQ(box.minidock_ok({"logs", "-f", "lx"}), "");
}

// ---- trouble

// The shim inherits a limit for its files, which fails in the middle of a write as a full disk does.
TEST_F(LogDrivers, ALogThatCannotBeWrittenDoesNotStopTheContainer) {
  box.load("busybox");
  std::string run = "ulimit -f 4000; exec";  // 512 bytes each
  for (const std::string& word : box.command({"run", "--name", "lx", "busybox", "sh", "-c"})) run += " " + word;
  const Result result =
      box.host({"sh", "-c", run + " \"head -c 15000000 /dev/zero | tr '\\\\0' x; echo done >&2\" | wc -c"});
  EXPECT_EQ(result.out, "15000000\n");
  EXPECT_EQ(result.err, "done\n");
  const std::string log = box.minidock({"logs", "lx"}).out;
  EXPECT_GT(log.size(), 1'000'000U);
  EXPECT_LT(log.size(), 3'000'000U);
  EXPECT_EQ(log.find_first_not_of('x'), std::string::npos) << "entries are lost, none is damaged";
}

}  // namespace
}  // namespace minidock::functional

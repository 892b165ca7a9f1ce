// Options, exit codes and messages of `run`.
#include <unistd.h>

#include <gmock/gmock.h>

#include <filesystem>

#include "tests/functional/sandbox.h"

namespace minidock::functional {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

class Run : public FunctionalTest {};

TEST_F(Run, ExitCodeIsTheProgramsOwn) {
  EXPECT_EQ(box.run({}, {"true"}).exit_code, 0);
  EXPECT_EQ(box.run({}, {"sh", "-c", "exit 42"}).exit_code, 42);
}

TEST_F(Run, ExitCodeOfASignalIs128AndItsNumber) {
  EXPECT_EQ(box.run({"--init"}, {"sh", "-c", "kill -9 $$"}).exit_code, 137);
  EXPECT_EQ(box.run({"--init"}, {"sh", "-c", "kill -15 $$"}).exit_code, 143);
}

TEST_F(Run, CommandNotFoundIs127) {
  const Result result = box.run({}, {"no-such-program"});
  EXPECT_EQ(result.exit_code, 127);
  EXPECT_THAT(result.err, HasSubstr("exec: \"no-such-program\": executable file not found in $PATH"));
}

TEST_F(Run, PathThatDoesNotExistIs127) {
  const Result result = box.run({}, {"/no/such/program"});
  EXPECT_EQ(result.exit_code, 127);
  EXPECT_THAT(result.err, HasSubstr("no such file or directory"));
}

TEST_F(Run, CommandNotExecutableIs126) {
  const Result result = box.run({}, {"/etc/passwd"});
  EXPECT_EQ(result.exit_code, 126);
  EXPECT_THAT(result.err, HasSubstr("permission denied"));
  EXPECT_EQ(box.run({}, {"/etc"}).exit_code, 126);
}

TEST_F(Run, UnknownOptionIs125) {
  const Result result = box.run({"--no-such-option"}, {"true"});
  EXPECT_EQ(result.exit_code, 125);
  EXPECT_THAT(result.err, HasSubstr("unknown flag: --no-such-option"));
}

TEST_F(Run, FailedStartLeavesNothing) {
  EXPECT_EQ(box.run({"--name", "broken"}, {"no-such-program"}).exit_code, 127);
  EXPECT_EQ(box.minidock_ok({"ps", "-a", "-q"}), "");
  EXPECT_EQ(box.run({"--name", "broken"}, {"true"}).exit_code, 0);
}

TEST_F(Run, FailedStartWithoutRmIsKeptAsCreated) {
  box.load("busybox");
  EXPECT_EQ(box.minidock({"run", "--name", "broken", "busybox", "no-such-program"}).exit_code, 127);
  EXPECT_EQ(box.minidock_ok({"ps", "-a", "--format", "{{.Names}} {{.State}}"}), "broken created");
}

TEST_F(Run, OutputStreamsAreSeparate) {
  const Result result = box.run({}, {"sh", "-c", "echo to-out; echo to-err >&2"});
  EXPECT_EQ(result.out, "to-out\n");
  EXPECT_EQ(result.err, "to-err\n");
}

TEST_F(Run, InteractiveReadsStandardInput) {
  EXPECT_EQ(box.run({"-i"}, {"cat"}, "some\ninput\n").out, "some\ninput\n");
}

TEST_F(Run, WithoutInteractiveInputIsEmpty) { EXPECT_EQ(box.run({}, {"cat"}, "not for it\n").out, ""); }

TEST_F(Run, LargeOutputArrivesWhole) {
  const Result result = box.run({}, {"sh", "-c", "dd if=/dev/zero bs=1M count=32 2>/dev/null"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out.size(), 32u << 20);
}

TEST_F(Run, LargeInputArrivesWhole) {
  const std::string input(8 << 20, 'x');
  EXPECT_EQ(trimmed(box.run({"-i"}, {"wc", "-c"}, input).out), std::to_string(input.size()));
}

TEST_F(Run, RmRemovesTheContainer) {
  EXPECT_EQ(box.run({"--name", "gone"}, {"true"}).exit_code, 0);
  EXPECT_EQ(box.minidock_ok({"ps", "-a", "-q"}), "");
  EXPECT_EQ(box.shell("ls " + box.path("root") + "/containers | wc -l"), "0");
}

TEST_F(Run, DetachedWithRmIsRemovedAfterItsEnd) {
  box.run_detached({"--rm", "--name", "short"}, {"true"});
  EXPECT_TRUE(Sandbox::eventually([&] { return box.minidock_ok({"ps", "-a", "-q"}).empty(); }));
}

TEST_F(Run, DefaultEnvironment) {
  const Result result = box.run({"--hostname", "myhost"}, {"env"});
  EXPECT_THAT(result.out, HasSubstr("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"));
  EXPECT_THAT(result.out, HasSubstr("HOSTNAME=myhost\n"));
  EXPECT_THAT(result.out, HasSubstr("HOME=/root\n"));
  EXPECT_THAT(result.out, Not(HasSubstr("TERM=")));
}

TEST_F(Run, HomeIsTheUsers) { EXPECT_EQ(box.run({"-u", "www-data"}, {"sh", "-c", "echo $HOME"}).out, "/var/www\n"); }

TEST_F(Run, EnvironmentOptions) {
  const std::string file = box.write_file("env", "# comment\nFROM_FILE=file value\nFROM_HOST_FILE\n\nA=file\n");
  setenv("FROM_HOST_FILE", "host file", 1);
  setenv("FROM_HOST", "host", 1);
  const Result result = box.run(
      {"--env-file", file, "-e", "A=option", "-e", "FROM_HOST", "-e", "NOT_SET_ANYWHERE", "-e", "EMPTY="}, {"env"});
  EXPECT_THAT(result.out, HasSubstr("FROM_FILE=file value\n"));
  EXPECT_THAT(result.out, HasSubstr("FROM_HOST_FILE=host file\n"));
  EXPECT_THAT(result.out, HasSubstr("A=option\n"));
  EXPECT_THAT(result.out, Not(HasSubstr("A=file\n")));
  EXPECT_THAT(result.out, HasSubstr("FROM_HOST=host\n"));
  EXPECT_THAT(result.out, HasSubstr("EMPTY=\n"));
  EXPECT_THAT(result.out, Not(HasSubstr("NOT_SET_ANYWHERE")));
}

TEST_F(Run, WorkingDirectoryIsMade) {
  EXPECT_EQ(box.run({"-w", "/new/deep"}, {"pwd"}).out, "/new/deep\n");
  const Result result = box.run({"-w", "relative"}, {"pwd"});
  EXPECT_EQ(result.exit_code, 125);
  EXPECT_THAT(result.err, HasSubstr("the working directory 'relative' is invalid, it needs to be an absolute path"));
}

TEST_F(Run, Users) {
  EXPECT_EQ(box.run({"-u", "www-data"}, {"id"}).out,
            "uid=33(www-data) gid=33(www-data) groups=4(adm),33(www-data),100(users)\n");
  EXPECT_THAT(box.run({"-u", "www-data"}, {"id"}).out, HasSubstr("100(users)"));
  EXPECT_EQ(box.run({"-u", "1234"}, {"sh", "-c", "id -u; id -g"}).out, "1234\n0\n");
  EXPECT_EQ(box.run({"-u", "1234:users"}, {"sh", "-c", "id -u; id -g"}).out, "1234\n100\n");
  const Result unknown = box.run({"-u", "nobody-knows"}, {"id"});
  EXPECT_NE(unknown.exit_code, 0);
  EXPECT_THAT(unknown.err, HasSubstr("unable to find user nobody-knows: no matching entries in passwd file"));
}

TEST_F(Run, Hostname) {
  EXPECT_EQ(box.run({"--hostname", "web"}, {"sh", "-c", "hostname; cat /etc/hostname"}).out, "web\nweb\n");
  const std::string id = box.run_detached({"--name", "xx"}, {"sleep", "600"});
  EXPECT_EQ(box.minidock_ok({"exec", "xx", "cat", "/etc/hostname"}), id.substr(0, 12));
}

TEST_F(Run, HostsFileNamesTheContainer) {
  const std::string id = box.run_detached({"--name", "xx"}, {"sleep", "600"});
  const std::string hosts = box.minidock_ok({"exec", "xx", "cat", "/etc/hosts"});
  EXPECT_THAT(hosts, HasSubstr("127.0.0.1\tlocalhost\n"));
  EXPECT_THAT(hosts, HasSubstr("::1\tlocalhost ip6-localhost ip6-loopback\n"));
  EXPECT_THAT(hosts, HasSubstr(box.address_of("xx") + "\t" + id.substr(0, 12)));
}

TEST_F(Run, ResolvConfHasNoLoopbackServer) {
  box.shell(
      "umount /etc/resolv.conf 2>/dev/null; rm -f /etc/resolv.conf;"
      "printf 'nameserver 127.0.0.53\\nnameserver 192.0.2.1\\nsearch example.org\\n' > /etc/resolv.conf");
  EXPECT_EQ(box.run({}, {"cat", "/etc/resolv.conf"}).out,
            "nameserver 127.0.0.11\nsearch example.org\noptions ndots:0\n");
  // As docker, where nobody in the container answers names.
  const std::string config = box.write_file("daemon.json", R"({"default-network-names": false})");
  const std::string text =
      box.minidock_ok({"--config-file", config, "run", "--rm", "busybox", "cat", "/etc/resolv.conf"}) + "\n";
  EXPECT_THAT(text, HasSubstr("nameserver 192.0.2.1\n"));
  EXPECT_THAT(text, HasSubstr("search example.org"));
  EXPECT_THAT(text, Not(HasSubstr("127.0.0.53")));
}

TEST_F(Run, Entrypoint) {
  EXPECT_EQ(box.run({"--entrypoint", "echo"}, {"a", "b"}).out, "a b\n");
  box.load("busybox");
  EXPECT_EQ(box.minidock({"run", "--rm", "--entrypoint", "id", "busybox"}).exit_code, 0);
}

TEST_F(Run, ReadOnly) {
  const Result result = box.run({"--read-only"}, {"touch", "/x"});
  EXPECT_NE(result.exit_code, 0);
  EXPECT_THAT(result.err, HasSubstr("Read-only file system"));
  EXPECT_EQ(box.run({"--read-only"}, {"touch", "/dev/shm/x"}).exit_code, 0);
}

TEST_F(Run, BindMount) {
  const std::string file = box.write_file("data/file", "from the host\n");
  const std::string directory = box.path("data");
  EXPECT_EQ(box.run({"-v", directory + ":/data"}, {"cat", "/data/file"}).out, "from the host\n");
  const Result result = box.run({"--userns", "host", "-v", directory + ":/data:ro"}, {"touch", "/data/x"});
  EXPECT_THAT(result.err, HasSubstr("Read-only file system"));
  EXPECT_EQ(box.run({"-v", file + ":/one/file"}, {"cat", "/one/file"}).out, "from the host\n");
}

TEST_F(Run, BindMountSourceIsMadeForVButNotForMount) {
  EXPECT_EQ(box.run({"-v", box.path("made") + ":/data"}, {"true"}).exit_code, 0);
  EXPECT_EQ(access(box.path("made").c_str(), F_OK), 0);
  const Result result = box.run({"--mount", "type=bind,source=" + box.path("missing") + ",target=/data"}, {"true"});
  EXPECT_EQ(result.exit_code, 125);
  EXPECT_THAT(result.err, HasSubstr("bind source path does not exist: " + box.path("missing")));
}

TEST_F(Run, MountOption) {
  box.write_file("data/file", "from the host\n");
  const std::string bind = "type=bind,source=" + box.path("data") + ",target=/data,readonly";
  EXPECT_EQ(box.run({"--mount", bind}, {"cat", "/data/file"}).out, "from the host\n");
  EXPECT_NE(box.run({"--userns", "host", "--mount", bind}, {"touch", "/data/x"}).exit_code, 0);
  EXPECT_THAT(box.run({"--mount", "type=tmpfs,target=/scratch"}, {"grep", " /scratch ", "/proc/mounts"}).out,
              HasSubstr("tmpfs /scratch tmpfs"));
  EXPECT_EQ(box.run({"--mount", "type=nonsense,target=/x"}, {"true"}).exit_code, 125);
}

TEST_F(Run, NamedVolumeKeepsItsFiles) {
  EXPECT_EQ(box.run({"-v", "store:/data"}, {"sh", "-c", "echo kept > /data/file"}).exit_code, 0);
  EXPECT_EQ(box.run({"-v", "store:/data"}, {"cat", "/data/file"}).out, "kept\n");
}

TEST_F(Run, NewVolumeGetsTheImagesFiles) {
  EXPECT_EQ(box.run({"-v", "www:/var/www"}, {"cat", "/var/www/index.html"}).out, "It works.\n");
  EXPECT_EQ(box.run({"-v", "www:/var/www"}, {"stat", "-c", "%u", "/var/www/index.html"}).out, "33\n");
}

TEST_F(Run, Capabilities) {
  // docker's fourteen.
  EXPECT_THAT(box.run({}, {"grep", "CapBnd", "/proc/self/status"}).out, HasSubstr("00000000a80425fb"));
  EXPECT_THAT(box.run({"--cap-drop", "ALL"}, {"grep", "CapEff", "/proc/self/status"}).out,
              HasSubstr("0000000000000000"));
  EXPECT_THAT(box.run({"--cap-drop", "all", "--cap-add", "CHOWN"}, {"grep", "CapBnd", "/proc/self/status"}).out,
              HasSubstr("0000000000000001"));
  EXPECT_THAT(box.run({"--cap-add", "SYS_ADMIN"}, {"grep", "CapBnd", "/proc/self/status"}).out,
              HasSubstr("00000000a82425fb"));
  EXPECT_EQ(box.run({"--cap-add", "NO_SUCH"}, {"true"}).exit_code, 125);
}

TEST_F(Run, PrivilegedHasEverything) {
  const Result result =
      box.run({"--privileged", "--userns", "host"}, {"sh", "-c", "grep CapEff /proc/self/status; ls /dev"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, Not(HasSubstr("00000000a80425fb")));
  EXPECT_EQ(
      box.run({"--privileged", "--userns", "host"}, {"sh", "-c", "test -w /proc/sys/kernel/domainname"}).exit_code, 0);
}

TEST_F(Run, InitReapsAndForwards) {
  box.run_detached({"--name", "ix", "--init"}, {"sleep", "600"});
  EXPECT_THAT(box.minidock_ok({"exec", "ix", "cat", "/proc/1/comm"}), ContainsRegex("init"));
  box.minidock_ok({"stop", "ix"});
  EXPECT_EQ(box.inspect("ix", "{{.State.ExitCode}}"), "143");
}

TEST_F(Run, Labels) {
  box.run_detached({"--name", "lx", "--label", "a=1", "--label", "b"}, {"sleep", "600"});
  EXPECT_EQ(box.inspect("lx", "{{json .Config.Labels}}"), R"({"a":"1","b":""})");
}

TEST_F(Run, NameConflict) {
  const std::string id = box.run_detached({"--name", "taken"}, {"sleep", "600"});
  const Result result = box.run({"--name", "taken"}, {"true"});
  EXPECT_EQ(result.exit_code, 125);
  EXPECT_THAT(result.err,
              HasSubstr("Conflict. The container name \"/taken\" is already in use by container \"" + id +
                        "\". You have to remove (or rename) that container to be able to reuse that name."));
}

TEST_F(Run, InvalidName) {
  const Result result = box.run({"--name", "-bad/name"}, {"true"});
  EXPECT_EQ(result.exit_code, 125);
  EXPECT_THAT(result.err, HasSubstr("Invalid container name (-bad/name), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"));
}

TEST_F(Run, GeneratedNameIsTwoWords) {
  box.run_detached({}, {"sleep", "600"});
  EXPECT_THAT(box.minidock_ok({"ps", "--format", "{{.Names}}"}), MatchesRegex("[a-z]+_[a-z]+"));
}

TEST_F(Run, ImageThatDoesNotExist) {
  const Result result = box.minidock({"run", "127.0.0.1:1/nothing:here", "true"});
  EXPECT_EQ(result.exit_code, 125);
  EXPECT_THAT(result.err, HasSubstr("127.0.0.1:1/nothing:here"));
}

TEST_F(Run, DefaultMountsAndDevices) {
  const std::string mounts = box.run({}, {"cat", "/proc/mounts"}).out;
  EXPECT_THAT(mounts, HasSubstr("proc /proc proc rw,nosuid,nodev,noexec"));
  EXPECT_THAT(mounts, HasSubstr("tmpfs /dev tmpfs rw,nosuid"));
  EXPECT_THAT(mounts, HasSubstr("sysfs /sys sysfs ro,nosuid,nodev,noexec"));
  EXPECT_THAT(mounts, HasSubstr("mqueue /dev/mqueue mqueue rw,nosuid,nodev,noexec"));
  EXPECT_THAT(mounts, ContainsRegex("/dev/shm tmpfs rw,nosuid,nodev,noexec,relatime,size=65536k"));
  const std::string core = std::filesystem::exists("/proc/kcore") ? "core " : "";
  EXPECT_EQ(box.run({}, {"sh", "-c", "cd /dev; echo *"}).out,
            core + "fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero\n");
  EXPECT_EQ(box.run({}, {"sh", "-c", "echo x > /dev/null && head -c 4 /dev/zero | wc -c"}).out, "4\n");
}

TEST_F(Run, TwentyAtOnce) {
  box.load("busybox");
  std::vector<Background> all;
  for (int number = 0; number < 20; ++number) {
    all.push_back(box.start({"run", "-d", "--name", "cx" + std::to_string(number), "busybox", "sleep", "600"}));
  }
  for (Background& one : all) {
    const Result result = one.wait();
    EXPECT_EQ(result.exit_code, 0) << result.err;
  }
  EXPECT_EQ(lines_of(box.minidock_ok({"ps", "-q"})).size(), 20u);
  const std::string addresses = box.shell(
      "for n in $(seq 0 19); do ip netns exec cx$n ip -4 -o addr show dev eth0; done | awk '{print $4}' | sort -u | wc "
      "-l");
  EXPECT_EQ(addresses, "20");
}

// The child ends while its network is made.
TEST_F(Run, WhatTheRootLacksIsToldBesideTheNetwork) {
  box.load("busybox");
  const std::string file = box.write_file("a-file", "");
  for (int round = 0; round < 4; ++round) {
    std::vector<Background> all;
    for (int number = 0; number < 20; ++number) {
      all.push_back(box.start({"run", "--rm", "-v", file + ":/etc", "busybox", "true"}));
    }
    for (Background& one : all) {
      const Result result = one.wait();
      EXPECT_EQ(result.exit_code, 125);
      EXPECT_EQ(result.err, "minidock: /etc is a directory, but a file is to be mounted on it\n");
    }
  }
}

}  // namespace
}  // namespace minidock::functional

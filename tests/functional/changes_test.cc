// diff, export, commit, import of what was exported; container mount and image mount.
#include <gmock/gmock.h>

#include "tests/functional/sandbox.h"

namespace minidock::functional {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

// Each kind of change once: added, modified, removed, a directory that was replaced, an owner.
constexpr char kChanges[] =
    "echo x >> /etc/passwd; rm /etc/group; mkdir -p /a/b; echo new > /a/b/c; chown 7:8 /a/b/c; rm -rf /var/www; "
    "mkdir /var/www; echo mine > /var/www/mine; rm -rf /home; ln -s /a /link";

class Changes : public FunctionalTest, public testing::WithParamInterface<const char*> {
 protected:
  Arguments run_words(const Arguments& options) {
    Arguments words = {"run"};
    if (*GetParam() != '\0') words.insert(words.end(), {"--userns", GetParam()});
    words.insert(words.end(), options.begin(), options.end());
    return words;
  }
  std::string run_ok(const Arguments& options) { return box.minidock_ok(run_words(options)); }
  void SetUp() override { box.load("busybox"); }
};

TEST_P(Changes, DiffOfAnEndedContainer) {
  run_ok({"--name", "dx", "-v", "/data", "busybox", "sh", "-c", kChanges});
  EXPECT_EQ(
      box.minidock_ok({"diff", "dx"}),
      "A /a\nA /a/b\nA /a/b/c\nA /data\nC /etc\nD /etc/group\nC /etc/passwd\nD /home\nA /link\nC /var\nC /var/www\n"
      "D /var/www/index.html\nA /var/www/mine");
}

TEST_P(Changes, DiffOfARunningContainer) {
  run_ok({"-d", "--name", "dx", "busybox", "sleep", "600"});
  EXPECT_EQ(box.minidock_ok({"diff", "dx"}), "") << "what the engine mounts on is no change";
  box.minidock_ok({"exec", "dx", "sh", "-c", "touch /root/x; chmod 700 /var"});
  EXPECT_EQ(box.minidock_ok({"diff", "dx"}), "C /root\nA /root/x\nC /var");
}

TEST_P(Changes, CommitIsAnImageOfThem) {
  run_ok({"--name", "kx", "-e", "A=1", "busybox", "sh", "-c", kChanges});
  EXPECT_THAT(
      box.minidock_ok({"commit", "-a", "me", "-m", "why", "-c", "ENV B=2", "-c", "CMD [\"env\"]", "kx", "kept:1"}),
      MatchesRegex("sha256:[0-9a-f]{64}"));
  const std::string check =
      "cat /a/b/c; stat -c %u:%g /a/b/c /a; ls -A /var/www; tail -1 /etc/passwd; ls -d /home /etc/group 2>/dev/null; "
      "readlink /link";
  EXPECT_EQ(run_ok({"--rm", "kept:1", "sh", "-c", check}), "new\n7:8\n0:0\nmine\nx\n/a");
  EXPECT_EQ(box.minidock_ok({"run", "--rm", "--userns", "host", "kept:1", "stat", "-c", "%u:%g", "/a/b/c"}), "7:8");
  EXPECT_EQ(
      box.minidock_ok({"image", "inspect", "--format",
                       "{{.Author}} {{.Comment}} {{json .Config.Cmd}} {{json .Config.Env}} {{len .RootFS.Layers}}",
                       "kept:1"}),
      "me why [\"env\"] "
      "[\"A=1\",\"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\",\"B=2\"] 2");
  EXPECT_THAT(run_ok({"--rm", "kept:1"}), HasSubstr("B=2"));
}

TEST_P(Changes, CommitHasNoTraceOfTheEngine) {
  run_ok({"--name", "kx", "busybox", "touch", "/mine"});
  box.minidock_ok({"commit", "kx", "kept:1"});
  const std::string root = box.minidock_ok({"image", "mount", "kept:1"});
  EXPECT_EQ(box.shell("ls -d " + root + "/etc/hosts " + root + "/proc " + root + "/mine 2>/dev/null || true"),
            root + "/mine");
  box.minidock_ok({"image", "unmount", "kept:1"});
}

TEST_P(Changes, CommitOfACommit) {
  run_ok({"--name", "one", "busybox", "sh", "-c", "mkdir /d; echo 1 > /d/one; echo 1 > /d/both"});
  box.minidock_ok({"commit", "one", "kept:1"});
  run_ok({"--name", "two", "kept:1", "sh", "-c", "rm /d/one; echo 2 > /d/both; echo 2 > /d/two"});
  box.minidock_ok({"commit", "two", "kept:2"});
  EXPECT_EQ(run_ok({"--rm", "kept:2", "sh", "-c", "cd /d; grep . *"}), "both:2\ntwo:2");
}

TEST_P(Changes, CommitOfARunningContainerPausesIt) {
  run_ok({"-d", "--name", "kx", "busybox", "sh", "-c", "echo up > /up; while :; do sleep 0.01; done"});
  ASSERT_TRUE(Sandbox::eventually([&] { return box.minidock({"exec", "kx", "test", "-e", "/up"}).exit_code == 0; }));
  for (const char* pause : {"-p=true", "-p=false"}) {
    box.minidock_ok({"commit", pause, "kx", "kept:1"});
    EXPECT_EQ(run_ok({"--rm", "kept:1", "cat", "/up"}), "up");
    EXPECT_EQ(box.minidock_ok({"exec", "kx", "cat", "/up"}), "up") << "thawed again";
  }
}

TEST_P(Changes, ExportIsTheRootFileSystemAlone) {
  box.shell("mkdir " + box.path("shared") + " && touch " + box.path("shared/inside"));
  run_ok({"-d", "--name", "ex", "-v", box.path("shared") + ":/shared", "busybox", "sh", "-c",
          "mkdir /own && chown 7:8 /own && touch /own/ready; sleep 600"});
  ASSERT_TRUE(Sandbox::eventually([&] {
    return box.minidock({"exec", "ex", "test", "-e", "/own/ready"}).exit_code == 0;
  }));
  const auto check = [&](const std::string& tar) {
    const std::string list = box.shell("tar -tvf " + tar + " --numeric-owner");
    EXPECT_THAT(list, ContainsRegex("drwxr-xr-x 7/8 .* own/\n"));
    EXPECT_THAT(list, ContainsRegex("-rwxr-xr-x 0/0 .* bin/busybox"));
    EXPECT_THAT(list, HasSubstr(" shared/\n"));
    EXPECT_THAT(list, Not(HasSubstr("inside")));
    EXPECT_THAT(list, Not(HasSubstr("dev/null")));
  };
  box.minidock_ok({"export", "-o", box.path("running.tar"), "ex"});
  check(box.path("running.tar"));
  box.minidock_ok({"kill", "ex"});
  box.shell(join(box.command({"export", "ex"})) + " > " + box.path("ended.tar"));
  check(box.path("ended.tar"));
  box.minidock_ok({"import", box.path("ended.tar"), "flat:1"});
  EXPECT_EQ(run_ok({"--rm", "flat:1", "/bin/stat", "-c", "%u:%g", "/own"}), "7:8");
}

INSTANTIATE_TEST_SUITE_P(All, Changes, testing::Values("", "host"),
                         [](const testing::TestParamInfo<const char*>& parameter) {
                           return std::string(*parameter.param == '\0' ? "Remapped" : "Host");
                         });

class ChangeErrors : public FunctionalTest {
 protected:
  std::string error_of(const Arguments& arguments) {
    const Result result = box.minidock(arguments);
    EXPECT_EQ(result.exit_code, 1);
    return result.err;
  }
};

TEST_F(ChangeErrors, Messages) {
  box.load("busybox");
  box.minidock_ok({"run", "--name", "cx", "busybox", "true"});
  for (const char* verb : {"diff", "export", "commit"}) {
    EXPECT_THAT(error_of({verb, "nope"}), HasSubstr("No such container: nope"));
    EXPECT_THAT(error_of({verb}), HasSubstr("argument"));
  }
  EXPECT_THAT(error_of({"commit", "cx", "BAD"}), HasSubstr("invalid reference format"));
  EXPECT_THAT(error_of({"commit", "-c", "FOO x", "cx"}), HasSubstr("is not a valid change command"));
  EXPECT_THAT(error_of({"commit", "cx", "a@sha256:" + std::string(64, 'a')}),
              HasSubstr("refusing to create a tag with a digest reference"));
  EXPECT_THAT(error_of({"export", "-o", box.path("nope/x"), "cx"}), HasSubstr("invalid output path: directory"));
  EXPECT_THAT(box.host({"script", "-qec", join(box.command({"export", "cx"})), "/dev/null"}).out,
              HasSubstr("cowardly refusing to save to a terminal. Use the -o flag or redirect"));
  EXPECT_EQ(lines_of(box.minidock_ok({"images", "-q"})).size(), 1u);
}

TEST_F(ChangeErrors, AnExportThatFailsLeavesTheOldFile) {
  const std::string file = box.write_file("out.tar", "old\n");
  EXPECT_THAT(error_of({"export", "-o", file, "nope"}), HasSubstr("No such container"));
  EXPECT_EQ(read_file(file), "old\n");
  EXPECT_EQ(box.shell("ls -A " + box.path("") + " | grep minidock- || true"), "");
}

TEST_F(ChangeErrors, NamesThatMarkRemovedFilesInLayersAreNotCommitted) {
  box.load("busybox");
  box.minidock_ok({"run", "--name", "cx", "busybox", "touch", "/etc/.wh.passwd"});
  EXPECT_THAT(error_of({"commit", "cx", "kept:1"}), HasSubstr("cannot be part of an image"));
  EXPECT_EQ(box.shell("ls -A " + box.path("root") + "/layers | grep -c pending || true"), "0");
}

class RootMounts : public FunctionalTest {};

TEST_F(RootMounts, OfARunningContainerCanBeWritten) {
  box.run_detached({"--name", "mx"}, {"sleep", "600"});
  const std::string root = box.minidock_ok({"container", "mount", "mx"});
  EXPECT_EQ(box.minidock_ok({"container", "mount", "mx"}), root);
  EXPECT_THAT(box.minidock_ok({"container", "mount"}), HasSubstr(" " + root));
  box.minidock_ok({"exec", "mx", "sh", "-c", "echo inside > /seen"});
  EXPECT_EQ(box.shell("cat " + root + "/seen"), "inside");
  box.shell("echo outside > " + root + "/written");
  EXPECT_EQ(box.minidock_ok({"exec", "mx", "cat", "/written"}), "outside");
  EXPECT_THAT(box.minidock_ok({"container", "unmount", "mx"}), MatchesRegex("[0-9a-f]{64}"));
  EXPECT_EQ(box.shell("ls -A " + root + " 2>/dev/null || true"), "");
  EXPECT_THAT(box.minidock({"container", "unmount", "mx"}).err, HasSubstr("container mx is not mounted"));
}

TEST_F(RootMounts, OfAnEndedContainerIsReadOnly) {
  box.load("busybox");
  box.minidock_ok({"run", "--name", "mx", "busybox", "sh", "-c", "echo kept > /kept; rm /etc/group"});
  const std::string root = box.minidock_ok({"container", "mount", "mx"});
  EXPECT_EQ(box.shell("cat " + root + "/kept; ls " + root + "/etc/group 2>/dev/null || true"), "kept");
  EXPECT_NE(box.host({"touch", root + "/x"}).exit_code, 0);
  box.minidock_ok({"rm", "mx"});
  EXPECT_EQ(box.shell("grep -c " + root + " /proc/self/mounts || true"), "0");
}

TEST_F(RootMounts, GoesWithTheContainersEnd) {
  box.run_detached({"--name", "mx"}, {"sleep", "600"});
  const std::string root = box.minidock_ok({"container", "mount", "mx"});
  box.minidock_ok({"kill", "mx"});
  EXPECT_EQ(box.shell("grep -c " + root + " /proc/self/mounts || true"), "0");
}

TEST_F(RootMounts, OfImages) {
  box.load("busybox");
  box.load("webapp");
  const std::string one = box.minidock_ok({"image", "mount", "busybox"});
  EXPECT_EQ(box.shell("cat " + one + "/etc/passwd | head -1 | cut -d: -f1"), "root");
  const std::string many = box.minidock_ok({"image", "mount", "training/webapp"});
  EXPECT_EQ(box.shell("ls " + many + "/opt/webapp/app.py; ls " + many + "/var/log/dpkg.log 2>/dev/null || true"),
            many + "/opt/webapp/app.py");
  EXPECT_NE(box.host({"touch", one + "/x"}).exit_code, 0);
  EXPECT_EQ(lines_of(box.minidock_ok({"image", "mount"})).size(), 2u);
  box.minidock_ok({"image", "unmount", "--all"});
  EXPECT_EQ(box.minidock_ok({"image", "mount"}), "");
}

}  // namespace
}  // namespace minidock::functional

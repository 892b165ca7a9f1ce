// volume create, ls, inspect, rm; what a volume's options mount, and whose its data are.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>

#include "tests/functional/sandbox.h"

namespace minidock::functional {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;

class Volumes : public FunctionalTest {
 protected:
  std::string data(const std::string& name) const { return box.path("root/volumes/" + name + "/_data"); }
  std::string error_of(const Arguments& arguments) {
    const Result result = box.minidock(arguments);
    EXPECT_EQ(result.exit_code, 1) << result.out;
    return trimmed(result.err);
  }
  std::string create_error(Arguments options) {
    options.insert(options.begin(), {"volume", "create"});
    return error_of(options);
  }
  bool is_mounted(const std::string& name) { return box.host({"mountpoint", "-q", data(name)}).exit_code == 0; }
  std::string inspect_volume(const std::string& name, const std::string& format) {
    return box.minidock_ok({"volume", "inspect", "-f", format, name});
  }
};

TEST_F(Volumes, CreateEchoesTheNameAndIsIdempotent) {
  EXPECT_EQ(box.minidock_ok({"volume", "create", "data"}), "data");
  EXPECT_EQ(box.minidock_ok({"volume", "create", "data", "--label", "late=1"}), "data");
  EXPECT_EQ(inspect_volume("data", "{{json .Labels}}"), "{}");
  EXPECT_EQ(box.minidock_ok({"volume", "create", "--name", "other"}), "other");
  EXPECT_THAT(box.minidock_ok({"volume", "create"}), MatchesRegex("[0-9a-f]{64}"));
}

TEST_F(Volumes, WrongNamesAndOptionsAreRefusedInDockersWords) {
  EXPECT_EQ(create_error({"x"}),
            "Error: create x: volume name is too short, names should be at least two alphanumeric characters");
  EXPECT_EQ(create_error({"a/b"}),
            "Error: create a/b: \"a/b\" includes invalid characters for a local volume name, only "
            "\"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host directory, use absolute path");
  EXPECT_EQ(create_error({"--name", "aa", "bb"}),
            "Error: conflicting options: either specify --name or provide positional arg, not both");
  EXPECT_EQ(create_error({"-d", "foo", "ff"}),
            "Error: create ff: error looking up volume plugin foo: plugin \"foo\" not found");
  EXPECT_EQ(create_error({"-o", "foo=1", "ff"}), "Error: create ff: invalid option: \"foo\"");
  EXPECT_EQ(create_error({"-o", "device=/tmp", "ff"}), "Error: create ff: missing required option: \"type\"");
  EXPECT_EQ(create_error({"-o", "o=bind", "ff"}), "Error: create ff: missing required option: \"device\"");
  EXPECT_EQ(create_error({"-o", "size=abc", "ff"}), "Error: create ff: invalid size: 'abc'");
  EXPECT_EQ(box.minidock_ok({"volume", "ls", "-q"}), "");
}

TEST_F(Volumes, InspectIsDockersDocument) {
  box.minidock_ok(
      {"volume", "create", "--label", "a=1", "-o", "type=none", "-o", "o=bind", "-o", "device=/srv", "data"});
  EXPECT_EQ(inspect_volume("data", "{{.Driver}} {{.Scope}} {{json .Labels}} {{json .Options}} {{.Mountpoint}}"),
            "local local {\"a\":\"1\"} {\"device\":\"/srv\",\"o\":\"bind\",\"type\":\"none\"} " + data("data"));
  EXPECT_THAT(inspect_volume("data", "{{.CreatedAt}}"), MatchesRegex("[0-9-]+T[0-9:]+Z"));
  const Result missing = box.minidock({"volume", "inspect", "nope"});
  EXPECT_EQ(missing.exit_code, 1);
  EXPECT_EQ(missing.out, "[]\n");
  EXPECT_EQ(missing.err, "Error: No such volume: nope\n");
  EXPECT_EQ(box.minidock_ok({"inspect", "--type", "volume", "-f", "{{.Name}}", "data"}), "data");
  EXPECT_EQ(box.minidock_ok({"inspect", "-f", "{{.Name}}", "data"}), "data");
}

TEST_F(Volumes, ListFiltersAndFormats) {
  box.minidock_ok({"volume", "create", "free", "--label", "tier=db"});
  box.run_detached({"-v", "used:/data"}, {"sleep", "600"});
  EXPECT_THAT(lines_of(box.minidock_ok({"volume", "ls"})),
              ElementsAre("DRIVER    VOLUME NAME", "local     free", "local     used"));
  const auto named = [&](const std::string& filter) { return box.minidock_ok({"volume", "ls", "-q", "-f", filter}); };
  EXPECT_EQ(named("dangling=true"), "free");
  EXPECT_EQ(named("dangling=false"), "used");
  EXPECT_EQ(named("label=tier"), "free");
  EXPECT_EQ(named("label=tier=web"), "");
  EXPECT_EQ(named("name=se"), "used");
  EXPECT_EQ(named("driver=other"), "");
  EXPECT_EQ(error_of({"volume", "ls", "-f", "foo=1"}), "Error: Invalid filter 'foo'");
  EXPECT_EQ(error_of({"volume", "ls", "-f", "dangling=x"}), "Error: Invalid filter 'dangling=[x]'");
  EXPECT_EQ(
      box.minidock_ok({"volume", "ls", "-f", "name=free", "--format", "{{.Name}} {{.Labels}} {{.Label \"tier\"}}"}),
      "free tier=db db");
}

TEST_F(Volumes, OneInUseIsNotRemoved) {
  const std::string id = box.run_detached({"--name", "user", "-v", "data:/data"}, {"sleep", "600"});
  EXPECT_EQ(error_of({"volume", "rm", "data"}), "Error: remove data: volume is in use - [" + id + "]");
  EXPECT_EQ(error_of({"volume", "rm", "-f", "data"}), "Error: remove data: volume is in use - [" + id + "]");
  box.minidock_ok({"rm", "-f", "user"});
  EXPECT_TRUE(std::filesystem::exists(data("data")));
  EXPECT_EQ(box.minidock_ok({"volume", "rm", "data"}), "data");
  EXPECT_FALSE(std::filesystem::exists(box.path("root/volumes/data")));
  EXPECT_EQ(error_of({"volume", "rm", "data"}), "Error: No such volume: data");
  EXPECT_EQ(box.minidock_ok({"volume", "rm", "-f", "data"}), "data");
}

TEST_F(Volumes, ExistsTellsByItsExitCode) {
  box.minidock_ok({"volume", "create", "data"});
  EXPECT_EQ(box.minidock({"volume", "exists", "data"}).exit_code, 0);
  const Result missing = box.minidock({"volume", "exists", "nope"});
  EXPECT_EQ(missing.exit_code, 1);
  EXPECT_EQ(missing.out + missing.err, "");
}

TEST_F(Volumes, TmpfsIsMountedWhileContainersRun) {
  box.minidock_ok({"volume", "create", "-o", "type=tmpfs", "-o", "device=tmpfs", "-o", "o=size=2m", "mem"});
  EXPECT_FALSE(is_mounted("mem"));
  box.run_detached({"--name", "one", "-v", "mem:/data"}, {"sleep", "600"});
  box.run_detached({"--name", "two", "-v", "mem:/data"}, {"sleep", "600"});
  EXPECT_TRUE(is_mounted("mem"));
  box.minidock_ok({"exec", "one", "sh", "-c", "echo shared > /data/file"});
  EXPECT_EQ(box.minidock_ok({"exec", "two", "cat", "/data/file"}), "shared");
  EXPECT_NE(box.minidock({"exec", "two", "dd", "if=/dev/zero", "of=/data/big", "bs=1M", "count=4"}).exit_code, 0);
  box.minidock_ok({"rm", "-f", "one"});
  EXPECT_TRUE(is_mounted("mem"));
  box.minidock_ok({"rm", "-f", "two"});
  EXPECT_FALSE(is_mounted("mem"));
}

TEST_F(Volumes, AKilledShimLeavesNoMountBehind) {
  box.minidock_ok({"volume", "create", "-o", "type=tmpfs", "-o", "device=tmpfs", "mem"});
  box.run_detached({"--name", "one", "-v", "mem:/data"}, {"sleep", "600"});
  const pid_t init = box.pid_of("one");
  kill_process(atoi(status_field(init, "PPid").c_str()), SIGKILL);
  ASSERT_TRUE(Sandbox::eventually([&] {
    const std::string state = status_field(init, "State");
    return state.empty() || state.starts_with("Z");
  }));
  EXPECT_TRUE(is_mounted("mem"));
  box.minidock_ok({"ps"});
  EXPECT_FALSE(is_mounted("mem"));
}

TEST_F(Volumes, BindVolumeShowsItsDevice) {
  box.write_file("shared/file", "from outside");
  std::filesystem::permissions(box.path("shared"), std::filesystem::perms::all);
  box.minidock_ok(
      {"volume", "create", "-o", "type=none", "-o", "o=bind", "-o", "device=" + box.path("shared"), "outside"});
  EXPECT_EQ(box.run({"-v", "outside:/data"}, {"cat", "/data/file"}).out, "from outside");
  EXPECT_EQ(box.run({"-v", "outside:/data"}, {"touch", "/data/new"}).err, "");
  EXPECT_TRUE(std::filesystem::exists(box.path("shared/new")));
  EXPECT_FALSE(is_mounted("outside"));
  box.minidock_ok({"volume", "rm", "outside"});
  EXPECT_TRUE(std::filesystem::exists(box.path("shared/file")));
}

TEST_F(Volumes, AMissingDeviceIsToldInDockersWords) {
  box.minidock_ok({"volume", "create", "-o", "type=none", "-o", "o=bind", "-o", "device=/no/such", "outside"});
  const Result result = box.run({"-v", "outside:/data"}, {"true"});
  EXPECT_EQ(result.exit_code, 127);  // its words are those of a missing program
  EXPECT_THAT(result.err, HasSubstr("error while mounting volume '" + data("outside") +
                                    "': failed to mount local volume: mount /no/such:" + data("outside") +
                                    ", flags: 0x1000: No such file or directory"));
}

TEST_F(Volumes, BlockDeviceIsMounted) {
  const std::string image = box.path("disk.img");
  box.shell("truncate -s 8M " + image + " && mkfs.ext4 -q " + image);
  const std::string loop = box.shell("losetup -f --show " + image);
  box.minidock_ok({"volume", "create", "-o", "type=ext4", "-o", "device=" + loop, "disk"});
  EXPECT_EQ(box.run({"--userns", "host", "-v", "disk:/data"}, {"ls", "/data"}).out, "lost+found\n");
  EXPECT_FALSE(is_mounted("disk"));
  box.shell("losetup -d " + loop);
}

TEST_F(Volumes, QuotaNeedsAFileSystemThatKeepsIt) {
  box.shell("truncate -s 64M " + box.path("plain.img") + " && mkfs.ext4 -q " + box.path("plain.img") + " && mkdir -p " +
            box.path("root/volumes") + " && mount -o loop " + box.path("plain.img") + " " + box.path("root/volumes"));
  EXPECT_THAT(create_error({"-o", "size=5m", "small"}),
              HasSubstr("create small: quota size requested but no quota support"));
  EXPECT_EQ(box.minidock_ok({"volume", "ls", "-q"}), "");
  box.shell("umount " + box.path("root/volumes"));
}

TEST_F(Volumes, QuotaLimitsTheVolume) {
  const std::string image = box.path("quota.img");
  box.shell("truncate -s 64M " + image + " && mkfs.ext4 -q -O quota,project -E quotatype=prjquota " + image +
            " && mkdir -p " + box.path("root/volumes"));
  if (box.host({"mount", "-o", "loop,prjquota", image, box.path("root/volumes")}).exit_code != 0) {
    GTEST_SKIP() << "this kernel was built without quotas (CONFIG_QFMT_V2)";
  }
  box.minidock_ok({"volume", "create", "-o", "size=5m", "small"});
  const Result result = box.run({"-v", "small:/data"}, {"dd", "if=/dev/zero", "of=/data/big", "bs=1M", "count=8"});
  EXPECT_THAT(result.err, HasSubstr("Disk quota exceeded"));
  EXPECT_EQ(box.run({"-v", "small:/data"}, {"dd", "if=/dev/zero", "of=/data/big", "bs=1M", "count=3"}).exit_code, 0);
  box.minidock_ok({"volume", "rm", "small"});
  box.shell("umount " + box.path("root/volumes"));
}

// ---- whose the data are

TEST_F(Volumes, ContainersOfDifferentRangesSeeTheSameOwners) {
  EXPECT_EQ(box.run({"-v", "data:/data"}, {"sh", "-c", "touch /data/root; touch /data/www; chown 33:34 /data/www"}).err,
            "");
  // On disk they belong to nobody of the host.
  struct stat info {};
  ASSERT_EQ(stat((data("data") + "/root").c_str(), &info), 0);
  EXPECT_NE(info.st_uid, 0u);
  const Arguments show{"stat", "-c", "%u:%g", "/data/root", "/data/www", "/data"};
  EXPECT_EQ(box.run({"-v", "data:/data"}, show).out, "0:0\n33:34\n0:0\n");
  EXPECT_EQ(box.run({"--userns", "host", "-v", "data:/data"}, show).out, "0:0\n33:34\n0:0\n");
  EXPECT_EQ(box.run({"--userns", "host", "-v", "data:/data"}, {"sh", "-c", "touch /data/h; chown 7 /data/h"}).err, "");
  EXPECT_EQ(box.run({"-v", "data:/data"}, {"stat", "-c", "%u", "/data/h"}).out, "7\n");
}

TEST_F(Volumes, DataOfAnUnmappedContainerAreSeenByAMappedOne) {
  EXPECT_EQ(box.run({"--userns", "host", "-v", "data:/data"}, {"sh", "-c", "touch /data/a; chown 33:34 /data/a"}).err,
            "");
  EXPECT_EQ(box.run({"-v", "data:/data"}, {"stat", "-c", "%u:%g", "/data/a"}).out, "33:34\n");
  EXPECT_EQ(box.run({"-v", "data:/data"}, {"sh", "-c", "echo x > /data/a && cat /data/a"}).out, "x\n");
}

TEST_F(Volumes, AnonymousOnesGoWithTheirContainerNamedOnesStay) {
  EXPECT_EQ(box.run({"-v", "/anonymous", "-v", "named:/named"}, {"true"}).exit_code, 0);
  EXPECT_EQ(box.minidock_ok({"volume", "ls", "-q"}), "named");
  box.run_detached({"--name", "kept", "-v", "/anonymous"}, {"true"});
  box.minidock_ok({"wait", "kept"});
  box.minidock_ok({"rm", "kept"});
  EXPECT_EQ(lines_of(box.minidock_ok({"volume", "ls", "-q"})).size(), 2u);
  box.run_detached({"--name", "gone", "-v", "/anonymous"}, {"true"});
  box.minidock_ok({"wait", "gone"});
  box.minidock_ok({"rm", "-v", "gone"});
  EXPECT_EQ(lines_of(box.minidock_ok({"volume", "ls", "-q"})).size(), 2u);
  EXPECT_EQ(box.shell("ls -A " + box.path("root/volumes") + " | wc -l"), "2");
}

TEST_F(Volumes, ContentGoesOutAndInAsATar) {
  box.run({"--rm", "-v", "from:/data"},
          {"sh", "-c", "echo text > /data/file; chown 5:6 /data/file; ln -s file /data/link"});
  box.minidock_ok({"volume", "export", "from", "-o", box.path("volume.tar")});
  EXPECT_EQ(box.host_ok({"tar", "--numeric-owner", "-tvf", box.path("volume.tar")}).substr(0, 14), "-rw-r--r-- 5/6");
  box.minidock_ok({"volume", "create", "to"});
  box.minidock_ok({"volume", "import", "to", box.path("volume.tar")});
  const Arguments look{"sh", "-c", "cat /data/link; stat -c %u:%g /data/file"};
  EXPECT_EQ(box.run({"--rm", "-v", "to:/data"}, look).out, "text\n5:6\n");
  EXPECT_EQ(box.run({"--rm", "--userns", "host", "-v", "to:/data"}, look).out, "text\n5:6\n");
  box.minidock_ok({"volume", "create", "piped"});
  box.minidock_ok({"volume", "import", "piped"}, read_file(box.path("volume.tar")));
  EXPECT_EQ(box.run({"--rm", "-v", "piped:/data"}, look).out, "text\n5:6\n");
}

TEST_F(Volumes, ExportAndImportOfNothing) {
  EXPECT_THAT(box.minidock({"volume", "export", "none"}).err, HasSubstr("No such volume: none"));
  EXPECT_THAT(box.minidock({"volume", "import", "none", "/etc/hosts"}).err, HasSubstr("No such volume: none"));
  box.minidock_ok({"volume", "create", "some"});
  EXPECT_THAT(box.minidock({"volume", "import", "some", "/nonexistent"}).err,
              HasSubstr("cannot read /nonexistent: No such file"));
  EXPECT_EQ(box.minidock({"volume", "import", "some", "/etc/hosts"}).exit_code, 1);
}

}  // namespace
}  // namespace minidock::functional

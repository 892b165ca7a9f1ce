// -v, --mount, --tmpfs and --volumes-from: what they do and what inspect shows of them.
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "tests/functional/sandbox.h"

namespace minidock::functional {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

class Mounts : public FunctionalTest {
 protected:
  Mounts() { box.write_file("source/file", "from outside\n"); }
  std::string source() const { return box.path("source"); }
  // Of the mount at a destination.
  std::string shown(const std::string& container, const std::string& destination, const std::string& fields) {
    return box.inspect(container,
                       "{{range .Mounts}}{{if eq .Destination \"" + destination + "\"}}" + fields + "{{end}}{{end}}");
  }
  std::string error_of(const Arguments& options, int exit_code = 125) {
    const Result result = box.run(options, {"true"});
    EXPECT_EQ(result.exit_code, exit_code);
    return result.err;
  }
  std::pair<uid_t, gid_t> owner(const std::string& path) const {
    struct stat info {};
    EXPECT_EQ(lstat(path.c_str(), &info), 0) << path;
    return {info.st_uid, info.st_gid};
  }
};

TEST_F(Mounts, InspectShowsDockersModes) {
  const std::string src = source();
  box.run_detached({"--name",  "web",
                    "-v",      "named:/named",
                    "-v",      "named:/ro:ro",
                    "-v",      "/anonymous",
                    "-v",      src + ":/bind",
                    "-v",      src + ":/z:z,ro",
                    "--mount", "type=bind,source=" + src + ",target=/mount,readonly",
                    "--mount", "type=volume,source=named,target=/volume",
                    "--mount", "type=tmpfs,target=/tmp1,tmpfs-size=1m",
                    "--tmpfs", "/tmp2:size=1m",
                    "-v",      src + ":/slave:rw,rslave"},
                   {"sleep", "600"});
  const std::string fields = "{{.Type}}|{{.Mode}}|{{.RW}}|{{.Propagation}}";
  EXPECT_EQ(shown("web", "/named", fields + "|{{.Name}}|{{.Driver}}"), "volume|z|true||named|local");
  EXPECT_EQ(shown("web", "/ro", fields), "volume|ro|false|");
  EXPECT_EQ(shown("web", "/anonymous", fields), "volume||true|");
  EXPECT_EQ(shown("web", "/bind", fields + "|{{.Source}}"), "bind||true|rprivate|" + src);
  EXPECT_EQ(shown("web", "/z", fields), "bind|z,ro|false|rprivate");
  EXPECT_EQ(shown("web", "/mount", fields), "bind||false|rprivate");
  EXPECT_EQ(shown("web", "/volume", fields), "volume|z|true|");
  EXPECT_EQ(shown("web", "/slave", fields), "bind|rw,rslave|true|rslave");
  EXPECT_EQ(shown("web", "/tmp1", fields), "tmpfs||true|");
  EXPECT_EQ(shown("web", "/tmp2", fields), "");
  EXPECT_EQ(box.inspect("web", "{{json .HostConfig.Tmpfs}} {{json .Config.Volumes}}"),
            "{\"/tmp2\":\"size=1m\"} {\"/anonymous\":{}}");
  EXPECT_EQ(box.inspect("web", "{{json .HostConfig.Binds}}"), "[\"named:/named\",\"named:/ro:ro\",\"" + src +
                                                                  ":/bind\",\"" + src + ":/z:z,ro\",\"" + src +
                                                                  ":/slave:rw,rslave\"]");
  EXPECT_EQ(box.inspect("web", "{{json .HostConfig.Mounts}}"),
            "[{\"Type\":\"bind\",\"Source\":\"" + src +
                "\",\"Target\":\"/mount\",\"ReadOnly\":true},{\"Type\":\"volume\",\"Source\":\"named\",\"Target\":\"/"
                "volume\"},"
                "{\"Type\":\"tmpfs\",\"Target\":\"/tmp1\",\"TmpfsOptions\":{\"SizeBytes\":1048576}}]");
}

TEST_F(Mounts, ARelativeSourceIsBelowTheWorkingDirectory) {
  box.load("busybox");
  Arguments command{"sh", "-c", "cd " + box.path("") + " && exec \"$@\"", "sh"};
  const Arguments run = box.command({"run", "--rm", "-v", "./source:/data", "busybox", "cat", "/data/file"});
  command.insert(command.end(), run.begin(), run.end());
  EXPECT_EQ(box.host_ok(command), "from outside");
}

TEST_F(Mounts, ReadOnlyBindsCannotBeWritten) {
  std::filesystem::permissions(source(), std::filesystem::perms::all);
  for (const Arguments& options :
       {Arguments{"-v", source() + ":/data:ro"}, Arguments{"--mount", "type=bind,src=" + source() + ",dst=/data,ro"}}) {
    EXPECT_THAT(box.run(options, {"touch", "/data/x"}).err, HasSubstr("Read-only file system"));
  }
  EXPECT_EQ(box.run({"-v", source() + ":/data"}, {"touch", "/data/x"}).err, "");
}

TEST_F(Mounts, NonRecursiveBindLeavesSubmountsOut) {
  box.shell("mkdir " + source() + "/sub && mount -t tmpfs tmpfs " + source() + "/sub && touch " + source() +
            "/sub/inner");
  const std::string mount = "type=bind,source=" + source() + ",target=/data";
  EXPECT_EQ(box.run({"--mount", mount}, {"ls", "/data/sub"}).out, "inner\n");
  EXPECT_EQ(box.run({"--mount", mount + ",bind-nonrecursive"}, {"ls", "/data/sub"}).out, "");
  EXPECT_EQ(box.run({"--mount", mount + ",bind-recursive=disabled"}, {"ls", "/data/sub"}).out, "");
  EXPECT_THAT(box.run({"--mount", mount + ",ro"}, {"touch", "/data/sub/x"}).err, HasSubstr("Read-only file system"));
  EXPECT_EQ(
      box.run({"--mount", mount + ",ro,bind-recursive=writable"}, {"sh", "-c", "touch /data/sub/x; touch /data/x"}).err,
      "touch: /data/x: Read-only file system\n");
  box.shell("umount " + source() + "/sub");
}

TEST_F(Mounts, TmpfsTakesDockersOptions) {
  const Result result = box.run({"--tmpfs", "/data:rw,size=1m,mode=1770,uid=5,gid=6,exec"},
                                {"sh", "-c", "stat -c %a:%u:%g /data; grep ' /data ' /proc/mounts"});
  EXPECT_THAT(result.out,
              MatchesRegex("1770:5:6\ntmpfs /data tmpfs rw,nosuid,nodev,relatime,size=1024k,mode=1770.*\n"));
  EXPECT_THAT(box.run({"--tmpfs", "/data"}, {"grep", " /data ", "/proc/mounts"}).out, HasSubstr("noexec"));
  EXPECT_THAT(box.run({"--tmpfs", "/data:atime,async,strictatime"}, {"grep", " /data ", "/proc/mounts"}).out,
              Not(HasSubstr("relatime")));
  EXPECT_EQ(error_of({"--tmpfs", "/data:foo"}), "minidock: invalid tmpfs option [\"foo\"]\n");
  EXPECT_EQ(box.run({"--mount", "type=tmpfs,target=/data,tmpfs-mode=700"}, {"stat", "-c", "%a", "/data"}).out, "700\n");
}

TEST_F(Mounts, VolumesFromTakesThemReadOnlyToo) {
  box.run_detached(
      {"--name", "one", "-v", "named:/named", "-v", source() + ":/bind", "-v", "/anonymous", "--tmpfs", "/t"},
      {"sh", "-c", "echo x > /named/file; echo y > /anonymous/file; sleep 600"});
  ASSERT_TRUE(Sandbox::eventually([&] {
    return box.run({"--volumes-from", "one"}, {"cat", "/anonymous/file"}).out == "y\n";
  }));
  EXPECT_EQ(box.run({"--volumes-from", "one"}, {"cat", "/named/file", "/bind/file"}).out, "x\nfrom outside\n");
  EXPECT_THAT(box.run({"--volumes-from", "one:ro"}, {"touch", "/named/new"}).err, HasSubstr("Read-only file system"));
  EXPECT_NE(box.run({"--volumes-from", "one"}, {"grep", " /t ", "/proc/mounts"}).exit_code, 0);
  box.run_detached({"--name", "two", "--volumes-from", "one:ro", "-v", "own:/named"}, {"sleep", "600"});
  EXPECT_EQ(shown("two", "/named", "{{.Name}} {{.RW}}"), "own true");
  EXPECT_EQ(shown("two", "/bind", "{{.Mode}}|{{.RW}}"), "|false");
  // The anonymous volume is the second's now.
  box.minidock_ok({"rm", "-f", "-v", "one"});
  EXPECT_EQ(box.minidock_ok({"exec", "two", "cat", "/anonymous/file"}), "y");
  EXPECT_EQ(error_of({"--volumes-from", "nope"}), "minidock: No such container: nope\n");
  EXPECT_EQ(error_of({"--volumes-from", "two:xx"}), "minidock: invalid mode: xx\n");
}

TEST_F(Mounts, UnknownVolumeDriverIsRefused) {
  EXPECT_EQ(error_of({"--volume-driver", "foo", "-v", "data:/data"}),
            "minidock: create data: error looking up volume plugin foo: plugin \"foo\" not found\n");
  EXPECT_EQ(error_of({"--mount", "source=data,target=/data,volume-driver=foo"}),
            "minidock: create data: error looking up volume plugin foo: plugin \"foo\" not found\n");
  EXPECT_EQ(box.minidock_ok({"volume", "ls", "-q"}), "");
}

TEST_F(Mounts, MountOptionMakesTheVolumeThatItDescribes) {
  EXPECT_EQ(
      box.run({"--mount", "source=data,target=/data,volume-label=a=b,volume-opt=type=tmpfs,volume-opt=device=tmpfs"},
              {"grep", "-c", "tmpfs /data tmpfs", "/proc/mounts"})
          .out,
      "1\n");
  EXPECT_EQ(box.minidock_ok({"volume", "inspect", "-f", "{{json .Labels}} {{json .Options}}", "data"}),
            "{\"a\":\"b\"} {\"device\":\"tmpfs\",\"type\":\"tmpfs\"}");
}

TEST_F(Mounts, ANewVolumeGetsTheImagesContentUnlessToldNot) {
  EXPECT_THAT(box.run({"-v", "copied:/etc"}, {"ls", "/etc"}).out, HasSubstr("passwd"));
  EXPECT_THAT(box.run({"-v", "bare:/etc:nocopy"}, {"ls", "/etc"}).out, Not(HasSubstr("passwd")));
  EXPECT_THAT(box.run({"--mount", "source=bare2,target=/etc,volume-nocopy"}, {"ls", "/etc"}).out,
              Not(HasSubstr("passwd")));
}

TEST_F(Mounts, SubpathIsBoundAndNeverLeavesTheVolume) {
  EXPECT_EQ(
      box.run({"-v", "data:/data"}, {"sh", "-c", "mkdir -p /data/a/b; echo in > /data/a/b/file; ln -s /etc /data/out"})
          .err,
      "");
  EXPECT_EQ(box.run({"--mount", "source=data,target=/sub,volume-subpath=a/b"}, {"cat", "/sub/file"}).out, "in\n");
  EXPECT_THAT(error_of({"--mount", "source=data,target=/sub,volume-subpath=out"}, 127),
              HasSubstr("no such file or directory"));
  EXPECT_THAT(error_of({"--mount", "source=data,target=/sub,volume-subpath=nope"}, 127),
              HasSubstr("cannot access path"));
}

TEST_F(Mounts, PropagationReachesTheContainerAndNeedsASharedMount) {
  box.run_detached({"--name", "web", "-v", source() + ":/data:rslave"}, {"sleep", "600"});
  box.shell("mkdir " + source() + "/late && mount -t tmpfs tmpfs " + source() + "/late && touch " + source() +
            "/late/inner");
  EXPECT_EQ(box.minidock_ok({"exec", "web", "ls", "/data/late"}), "inner");
  box.shell("umount " + source() + "/late && mount --make-private --bind " + source() + " " + source());
  EXPECT_EQ(error_of({"-v", source() + ":/data:rslave"}),
            "minidock: path " + source() + " is mounted on " + source() + " but it is not a shared or slave mount\n");
  EXPECT_EQ(error_of({"-v", source() + ":/data:shared"}),
            "minidock: path " + source() + " is mounted on " + source() + " but it is not a shared mount\n");
  box.shell("umount " + source());
}

// ---- owners

TEST_F(Mounts, IdmapShowsOutsideOwnersInside) {
  box.shell("chown 1000:1001 " + source() + "/file && chown 0:0 " + source());
  EXPECT_EQ(box.run({"-v", source() + ":/data"}, {"stat", "-c", "%u:%g", "/data/file"}).out, "65534:65534\n");
  for (const Arguments& options : {Arguments{"-v", source() + ":/data:idmap"},
                                   Arguments{"--mount", "type=bind,source=" + source() + ",target=/data,idmap"}}) {
    EXPECT_EQ(box.run(options, {"stat", "-c", "%u:%g", "/data/file"}).out, "1000:1001\n");
  }
  EXPECT_EQ(box.run({"-v", source() + ":/data:idmap"}, {"sh", "-c", "touch /data/new; chown 7:8 /data/new"}).err, "");
  EXPECT_EQ(owner(source() + "/new"), (std::pair<uid_t, gid_t>(7, 8)));
  EXPECT_EQ(box.run({"--userns", "host", "-v", source() + ":/data:idmap"}, {"stat", "-c", "%u:%g", "/data/file"}).out,
            "1000:1001\n");
}

TEST_F(Mounts, ChownGivesTheTreeToRootInsideAndFollowsNoLink) {
  const std::string outside = box.write_file("outside", "");
  box.write_file("source/deep/er/file", "");
  ASSERT_EQ(symlink(outside.c_str(), (source() + "/deep/link").c_str()), 0);
  EXPECT_EQ(box.run({"-v", source() + ":/data"}, {"touch", "/data/deep/er/file"}).exit_code, 1);
  EXPECT_EQ(
      box.run({"-v", source() + ":/data:U"}, {"sh", "-c", "echo x > /data/deep/er/file; stat -c %u /data/deep/link"})
          .out,
      "0\n");
  EXPECT_EQ(owner(outside).first, 0u);
  EXPECT_NE(owner(source() + "/deep/er/file").first, 0u);
  EXPECT_EQ(box.run({"--userns", "host", "-v", source() + ":/data:U"}, {"true"}).exit_code, 0);
  EXPECT_EQ(owner(source() + "/deep/link").first, 0u);
}

TEST_F(Mounts, ChownRefusesWhatTheHostItselfNeeds) {
  const auto before = owner("/dev/null");
  std::filesystem::create_directory_symlink("/dev", box.path("devices"));
  for (const std::string& source : {std::string("/dev/null"), std::string("/etc"), std::string("/usr/lib"),
                                    std::string("/proc/sys"), box.path("devices") + "/zero"}) {
    const Result result = box.run({"-v", source + ":/data:U"}, {"true"});
    EXPECT_EQ(result.exit_code, 125) << source;
    EXPECT_THAT(result.err, HasSubstr("is not allowed")) << source;
  }
  EXPECT_EQ(owner("/dev/null"), before);
}

TEST_F(Mounts, OverlayKeepsWritesFromTheSource) {
  std::filesystem::permissions(source(), std::filesystem::perms::all);
  std::filesystem::permissions(source() + "/file", std::filesystem::perms(0666));
  for (const Arguments& more : {Arguments{}, Arguments{"--userns", "host"}}) {
    Arguments options{"-v", source() + ":/data:O"};
    options.insert(options.end(), more.begin(), more.end());
    EXPECT_EQ(
        box.run(options, {"sh", "-c", "echo changed > /data/file; touch /data/new; cat /data/file; ls /data"}).out,
        "changed\nfile\nnew\n");
    EXPECT_EQ(read_file(source() + "/file"), "from outside\n");
    EXPECT_FALSE(std::filesystem::exists(source() + "/new"));
  }
}

TEST_F(Mounts, WrongOnesAreRefusedInDockersWords) {
  EXPECT_EQ(error_of({"-v", "data:/x", "-v", "other:/x"}), "minidock: Duplicate mount point: /x\n");
  EXPECT_EQ(error_of({"-v", "data:/x", "--tmpfs", "/x"}), "minidock: Duplicate mount point: /x\n");
  EXPECT_EQ(error_of({"-v", "data:/x:foo"}), "minidock: invalid mode: foo\n");
  EXPECT_EQ(error_of({"--mount", "type=bind,source=/no/such,target=/x"}),
            "minidock: invalid mount config for type \"bind\": bind source path does not exist: /no/such\n");
  EXPECT_EQ(error_of({"-v", "~/x:/x"}),
            "minidock: create ~/x: \"~/x\" includes invalid characters for a local volume name, only "
            "\"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host directory, use absolute path\n");
  EXPECT_EQ(box.minidock_ok({"volume", "ls", "-q"}), "");
}

}  // namespace
}  // namespace minidock::functional

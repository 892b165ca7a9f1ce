// cp, in docker's words: what the two paths mean together is a table; then content, owners and streams. Verified
// against docker 20.10 (but for --glob).
#include <gmock/gmock.h>
#include <sys/stat.h>

#include "tests/functional/sandbox.h"

namespace minidock::functional {
namespace {

using testing::HasSubstr;

// One cp on fresh trees: the container and the host have the same files below "t" (see make_tree).
struct PathCase {
  const char* name;
  const char* source;       // below t
  const char* destination;  // below t
  const char* expected;     // what `find` adds below t, or "error: TEXT"
  bool follow = false;
};

constexpr PathCase kPathCases[] = {
    {"FileToNewName", "file", "new", "new=file"},
    {"FileToDirectory", "file", "empty", "empty/file=file"},
    {"FileToDirectoryWithSlash", "file", "empty/", "empty/file=file"},
    {"FileOverFile", "file", "other", "other=file"},
    {"FileOverFileInDirectory", "file", "full/file", "full/file=file"},
    {"FileToMissingDirectory", "file", "new/", "error: no such directory"},
    {"FileOverDirectory", "file", "holds", "error: cannot overwrite directory"},
    {"DirectoryToNewName", "dir", "new", "new/a=a new/sub/b=b"},
    {"DirectoryToNewNameWithSlash", "dir", "new/", "new/a=a new/sub/b=b"},
    {"DirectoryToDirectory", "dir", "empty", "empty/dir/a=a empty/dir/sub/b=b"},
    {"DirectoryToFile", "dir", "file", "error: cannot copy directory"},
    {"DirectoryOverFileOfItsName", "dir", "blocks", "error: cannot overwrite non-directory"},
    {"ContentToNewName", "dir/.", "new", "new/a=a new/sub/b=b"},
    {"ContentToDirectory", "dir/.", "empty", "empty/a=a empty/sub/b=b"},
    {"ContentToFile", "dir/.", "file", "error: cannot copy directory"},
    {"LinkIsCopiedAsLink", "link", "new", "new->file"},
    {"LinkIsFollowed", "link", "new", "new=file", true},
    {"FollowedLinkKeepsItsName", "link", "empty", "empty/link=file", true},
    {"LinkToDirectoryIsCopiedAsLink", "dirlink", "empty", "empty/dirlink->dir"},
    {"LinkToDirectoryWithSlash", "dirlink/", "empty", "empty/dirlink/a=a empty/dirlink/sub/b=b"},
    {"LinkToDirectoryIsFollowed", "dirlink", "empty", "empty/dirlink/a=a empty/dirlink/sub/b=b", true},
    {"ContentOfLinkToDirectory", "dirlink/.", "empty", "empty/a=a empty/sub/b=b"},
    {"IntoLinkToDirectory", "file", "emptylink", "empty/file=file"},
    {"IntoLinkToFile", "file", "otherlink", "other=file"},
    {"MissingSource", "nothing", "new", "error: "},
};

class CopyPaths : public FunctionalTest, public testing::WithParamInterface<PathCase> {
 protected:
  static std::string make_tree() {
    return "mkdir -p t/dir/sub t/empty t/full t/holds/file t/blocks && cd t && echo file > file && echo other > other "
           "&& "
           "echo old > full/file && echo x > blocks/dir && echo a > dir/a && echo b > dir/sub/b && ln -s file link && "
           "ln -s dir dirlink && ln -s empty emptylink && ln -s other otherlink";
  }
  static std::string list() {
    return "find . \\( -type f -o -type l \\) | sort | while read f; do if [ -L \"$f\" ]; then "
           "echo \"${f#./}->$(readlink \"$f\")\"; else echo \"${f#./}=$(cat \"$f\")\"; fi; done";
  }
  // What is in `after` alone, in one line.
  static std::string added(const std::string& before, const std::string& after) {
    const std::vector<std::string> known = lines_of(before);
    std::string result;
    for (const std::string& line : lines_of(after)) {
      if (std::find(known.begin(), known.end(), line) == known.end()) result += (result.empty() ? "" : " ") + line;
    }
    return result;
  }
  void check(const Result& result, const std::string& change) {
    const std::string expected = GetParam().expected;
    if (expected.starts_with("error: ")) {
      EXPECT_EQ(result.exit_code, 1) << change;
      EXPECT_THAT(result.err, HasSubstr(expected.substr(7)));
      EXPECT_EQ(change, "");
    } else {
      EXPECT_EQ(result.exit_code, 0) << result.err;
      EXPECT_EQ(change, expected);
    }
  }
  Arguments cp(const std::string& source, const std::string& destination) {
    Arguments words = {"cp"};
    if (GetParam().follow) words.emplace_back("-L");
    words.push_back(source);
    words.push_back(destination);
    return words;
  }
};

TEST_P(CopyPaths, OutOfAContainer) {
  box.run_detached({"--name", "cx"}, {"sh", "-c", "cd / && " + make_tree() + " && sleep 600"});
  ASSERT_TRUE(Sandbox::eventually([&] {
    return box.minidock({"exec", "cx", "test", "-L", "/t/otherlink"}).exit_code == 0;
  }));
  box.shell("mkdir " + box.path("h") + " && cd " + box.path("h") + " && " + make_tree());
  const std::string look = "cd " + box.path("h/t") + " && " + list();
  const std::string before = box.shell(look);
  const Result result =
      box.minidock(cp(std::string("cx:/t/") + GetParam().source, box.path("h/t/") + GetParam().destination));
  check(result, added(before, box.shell(look)));
}

TEST_P(CopyPaths, IntoAContainer) {
  box.load("busybox");
  box.minidock_ok({"run", "--name", "cx", "busybox", "sh", "-c", "cd / && " + make_tree()});
  box.shell("mkdir " + box.path("h") + " && cd " + box.path("h") + " && " + make_tree());
  const auto look = [&] {
    box.shell("rm -rf " + box.path("seen") + " && mkdir " + box.path("seen"));
    box.shell(join(box.command({"export", "cx"})) + " | tar -xC " + box.path("seen"));
    return box.shell("cd " + box.path("seen/t") + " && " + list());
  };
  const std::string before = look();
  const Result result =
      box.minidock(cp(box.path("h/t/") + GetParam().source, std::string("cx:t/") + GetParam().destination));
  check(result, added(before, look()));
}

INSTANTIATE_TEST_SUITE_P(All, CopyPaths, testing::ValuesIn(kPathCases),
                         [](const testing::TestParamInfo<PathCase>& parameter) {
                           return std::string(parameter.param.name);
                         });

class Copy : public FunctionalTest {
 protected:
  std::string error_of(const Arguments& arguments) {
    const Result result = box.minidock(arguments);
    EXPECT_EQ(result.exit_code, 1);
    return result.err;
  }
};

TEST_F(Copy, Messages) {
  box.run_detached({"--name", "cx"}, {"sleep", "600"});
  const std::string file = box.write_file("file", "x\n");
  EXPECT_THAT(error_of({"cp", "a", "b"}), HasSubstr("must specify at least one container source"));
  EXPECT_THAT(error_of({"cp", "cx:/a", "cx:/b"}), HasSubstr("copying between containers is not supported"));
  EXPECT_THAT(error_of({"cp", "", "cx:/"}), HasSubstr("source can not be empty"));
  EXPECT_THAT(error_of({"cp", file, ""}), HasSubstr("destination can not be empty"));
  EXPECT_THAT(error_of({"cp", "cx:/nope", "."}), HasSubstr("Could not find the file /nope in container cx"));
  EXPECT_THAT(error_of({"cp", file, "cx:/nope/x"}), HasSubstr("Could not find the file /nope in container cx"));
  EXPECT_THAT(error_of({"cp", "nope:/a", "."}), HasSubstr("No such container: nope"));
  EXPECT_THAT(error_of({"cp", box.path("nope"), "cx:/"}),
              HasSubstr("lstat " + box.path("nope") + ": no such file or directory"));
  EXPECT_THAT(error_of({"cp", "cx:/etc/passwd", box.path("nope/x")}),
              HasSubstr("invalid output path: directory \"" + box.path("nope") + "\" does not exist"));
  EXPECT_THAT(error_of({"cp", "cx:/etc/passwd", "/dev/null"}), HasSubstr("got a device"));
  EXPECT_THAT(error_of({"cp", file, "cx:/dev/null"}),
              HasSubstr("destination \"cx:/dev/null\" must be a directory or a regular file: got a device"));
  EXPECT_THAT(error_of({"cp", "-", "cx:/etc/passwd"}), HasSubstr("destination \"cx:/etc/passwd\" must be a directory"));
  EXPECT_THAT(error_of({"cp", file}), HasSubstr("requires"));
}

TEST_F(Copy, HostPathsWithColons) {
  box.run_detached({"--name", "cx"}, {"sleep", "600"});
  box.write_file("a:b", "colon\n");
  box.shell("cd " + box.path("") + " && " + join(box.command({"cp", "./a:b", "cx:/tmp"})));
  EXPECT_EQ(box.minidock_ok({"exec", "cx", "cat", "/tmp/a:b"}), "colon");
  box.minidock_ok({"cp", box.path("a:b"), "cx:/tmp/c"});
  EXPECT_EQ(box.minidock_ok({"exec", "cx", "cat", "/tmp/c"}), "colon");
}

class CopyOwners : public FunctionalTest, public testing::WithParamInterface<const char*> {
 protected:
  Arguments mode() const { return std::string(GetParam()).empty() ? Arguments{} : Arguments{"--userns", GetParam()}; }
};

TEST_P(CopyOwners, AreNumbersOfTheContainer) {
  Arguments options = mode();
  options.insert(options.end(), {"--name", "cx"});
  box.run_detached(options, {"sh", "-c", "echo x > /tmp/mine; chown 7:8 /tmp/mine; chmod 4751 /tmp/mine; sleep 600"});
  const std::string file = box.write_file("file", "x\n", 0640);
  box.host_ok({"chown", "1000:1001", file});
  box.host_ok({"touch", "-d", "2001-02-03 04:05:06 UTC", file});
  box.minidock_ok({"cp", file, "cx:/tmp/in"});
  EXPECT_EQ(box.minidock_ok({"exec", "cx", "stat", "-c", "%u:%g %a %Y", "/tmp/in"}), "1000:1001 640 981173106");
  ASSERT_TRUE(Sandbox::eventually([&] {
    return box.minidock({"exec", "cx", "stat", "-c", "%a", "/tmp/mine"}).out == "4751\n";
  }));
  EXPECT_EQ(box.shell(join(box.command({"cp", "cx:/tmp/mine", "-"})) + " | tar -tv --numeric-owner | cut -c1-17"),
            "-rwsr-x--x 7/8   ");
  box.minidock_ok({"cp", "cx:/tmp/mine", box.path("out")});
  EXPECT_EQ(box.host_ok({"stat", "-c", "%u:%g %a", box.path("out")}), "0:0 4751");
  box.minidock_ok({"cp", "-a", "cx:/tmp/mine", box.path("kept")});
  EXPECT_EQ(box.host_ok({"stat", "-c", "%u:%g %a", box.path("kept")}), "7:8 4751");
}

TEST_P(CopyOwners, OfAContainerThatDoesNotRun) {
  box.load("busybox");
  Arguments words = {"run", "--name", "cx"};
  for (const std::string& word : mode()) words.push_back(word);
  words.insert(words.end(), {"-v", "data:/data", "busybox", "sh", "-c", "chown 7:8 /data; ls -n /tmp /data"});
  box.minidock_ok(words);
  const std::string file = box.write_file("file", "x\n");
  box.minidock_ok({"cp", file, "cx:/tmp/in"});
  box.minidock_ok({"cp", file, "cx:/data/in"});
  const std::string list = join(box.command({"cp", "cx:/data", "-"})) + " | tar -tv --numeric-owner | cut -c1-14";
  EXPECT_EQ(box.shell(list), "drwxr-xr-x 7/8\n-rw-r--r-- 0/0");
  Arguments again = {"run", "--rm"};
  for (const std::string& word : mode()) again.push_back(word);
  again.insert(again.end(), {"-v", "data:/data", "busybox", "stat", "-c", "%u:%g", "/data/in"});
  EXPECT_EQ(box.minidock_ok(again), "0:0");
  EXPECT_EQ(box.shell(join(box.command({"cp", "cx:/tmp/in", "-"})) + " | tar -xO"), "x");
}

INSTANTIATE_TEST_SUITE_P(All, CopyOwners, testing::Values("", "host"),
                         [](const testing::TestParamInfo<const char*>& parameter) {
                           return std::string(*parameter.param == '\0' ? "Remapped" : "Host");
                         });

TEST_F(Copy, StreamsOfTar) {
  box.run_detached({"--name", "cx"}, {"sleep", "600"});
  box.shell("mkdir -p " + box.path("s/d") + " && echo in > " + box.path("s/d/f") + " && ln " + box.path("s/d/f") + " " +
            box.path("s/d/g"));
  for (const std::string& compression : {std::string(), std::string("z"), std::string("--zstd")}) {
    const std::string flags = compression.starts_with('-') ? "-c " + compression : "-c" + compression;
    box.shell("tar " + flags + " -C " + box.path("s") + " d | " + join(box.command({"cp", "-", "cx:/tmp"})));
    EXPECT_EQ(box.minidock_ok({"exec", "cx", "sh", "-c", "cat /tmp/d/f; stat -c %h /tmp/d/g; rm -r /tmp/d"}), "in\n2");
  }
  EXPECT_EQ(box.shell(join(box.command({"cp", "cx:/etc/passwd", "-"})) + " | tar -t"), "passwd");
  EXPECT_EQ(box.shell(join(box.command({"cp", "cx:/var/www", "-"})) + " | tar -t"), "www/\nwww/index.html");
  EXPECT_EQ(box.shell(join(box.command({"cp", "cx:/var/www/.", "-"})) + " | tar -t"), "./\n./index.html");
}

TEST_F(Copy, KindsOfFiles) {
  box.run_detached({"--name", "cx"}, {"sleep", "600"});
  const std::string from = box.path("kinds");
  box.shell("mkdir " + from + " && cd " + from +
            " && mkfifo fifo && echo h > one && ln one two && truncate -s 100M sparse && printf x | dd of=sparse bs=1 "
            "seek=50000000 conv=notrunc status=none && setfattr -n user.colour -v blue one && mkdir -m 1777 sticky");
  box.minidock_ok({"cp", from, "cx:/tmp"});
  EXPECT_EQ(box.minidock_ok({"exec", "cx", "sh", "-c",
                             "cd /tmp/kinds && stat -c '%F %h' one two fifo && stat -c %s sparse && test $(stat -c %b "
                             "sparse) -lt 1000 && stat -c %a sticky"}),
            "regular file 2\nregular file 2\nfifo 1\n104857600\n1777");
  box.minidock_ok({"cp", "cx:/tmp/kinds", box.path("back")});
  EXPECT_EQ(box.shell("cd " + box.path("back") + " && cmp sparse " + from +
                      "/sparse && stat -c %h two && test -p fifo && getfattr --only-values -n user.colour one && test "
                      "$(stat -c %b sparse) -lt 1000"),
            "2\nblue");
}

TEST_F(Copy, MountsOfARunningContainer) {
  box.run_detached({"--name", "cx", "-v", "data:/data", "--tmpfs", "/scratch"}, {"sleep", "600"});
  const std::string file = box.write_file("file", "seen\n");
  box.minidock_ok({"cp", file, "cx:/data"});
  box.minidock_ok({"cp", file, "cx:/scratch"});
  EXPECT_EQ(box.minidock_ok({"exec", "cx", "cat", "/data/file", "/scratch/file"}), "seen\nseen");
  box.minidock_ok({"exec", "cx", "sh", "-c", "echo more >> /scratch/file"});
  box.minidock_ok({"cp", "cx:/scratch/file", box.path("out")});
  EXPECT_EQ(read_file(box.path("out")), "seen\nmore\n");
}

TEST_F(Copy, ReadOnlyPlaces) {
  box.shell("mkdir " + box.path("shared"));
  const std::string file = box.write_file("file", "x\n");
  box.run_detached({"--name", "rx", "--read-only", "-v", box.path("shared") + ":/v:ro", "-v", "data:/data"},
                   {"sleep", "600"});
  const auto check = [&] {
    EXPECT_THAT(error_of({"cp", file, "rx:/"}), HasSubstr("container rootfs is marked read-only"));
    EXPECT_THAT(error_of({"cp", file, "rx:/v/"}), HasSubstr("mounted volume is marked read-only"));
    box.minidock_ok({"cp", file, "rx:/data/"});
  };
  check();
  box.minidock_ok({"kill", "rx"});
  check();
}

TEST_F(Copy, MountedFilesAreNotReplaced) {
  box.run_detached({"--name", "cx"}, {"sleep", "600"});
  EXPECT_THAT(error_of({"cp", box.write_file("file", "x\n"), "cx:/etc/hosts"}), HasSubstr("Device or resource busy"));
  EXPECT_THAT(box.minidock_ok({"exec", "cx", "cat", "/etc/hosts"}), HasSubstr("localhost"));
}

TEST_F(Copy, AProcessSeesWhatCameIn) {
  box.load("busybox");
  box.minidock_ok(
      {"run", "--name", "cx", "-d", "busybox", "sh", "-c", "while ! test -e /go; do sleep 0.05; done; cat /go"});
  const std::string file = box.write_file("file", "came\n");
  box.minidock_ok({"cp", file, "cx:/go"});
  box.minidock_ok({"wait", "cx"});
  EXPECT_EQ(box.minidock_ok({"logs", "cx"}), "came");
}

TEST_F(Copy, PatternsInTheContainer) {
  box.run_detached({"--name", "cx"}, {"sh", "-c",
                                      "cd /tmp && mkdir d1 d2 && touch d1/a.log d2/b.log d2/c.txt .log && "
                                      "ln -s / d3 && touch ready && sleep 600"});
  ASSERT_TRUE(Sandbox::eventually([&] {
    return box.minidock({"exec", "cx", "test", "-e", "/tmp/ready"}).exit_code == 0;
  }));
  box.shell("mkdir " + box.path("out"));
  box.minidock_ok({"cp", "--glob", "cx:/tmp/d?/*.log", box.path("out")});
  EXPECT_EQ(box.shell("ls -A " + box.path("out")), "a.log\nb.log");
  EXPECT_THAT(error_of({"cp", "--glob", "cx:/tmp/*.none", box.path("out")}), HasSubstr("Could not find the file"));
  EXPECT_THAT(error_of({"cp", "--glob", "cx:/tmp/d?/*.log", box.path("new")}), HasSubstr("existing directory"));
  EXPECT_THAT(error_of({"cp", "--glob", box.path("*"), "cx:/"}), HasSubstr("--glob expands paths in a container"));
}

}  // namespace
}  // namespace minidock::functional

// What podman's users bring along: a directory as the root, a range of ids for each container alone, descriptors.
#include <gmock/gmock.h>

#include <filesystem>

#include "tests/functional/sandbox.h"

namespace minidock::functional {
namespace {

using testing::HasSubstr;

class Rootfs : public FunctionalTest {
 protected:
  Rootfs() {
    box.load("busybox");
    box.minidock_ok({"create", "--name", "source", "busybox", "true"});
    box.minidock_ok({"export", "-o", box.path("root.tar"), "source"});
    std::filesystem::create_directory(box.path("tree"));
    box.host_ok({"tar", "-xf", box.path("root.tar"), "-C", box.path("tree")});
    box.host_ok({"chmod", "0711", box.path("")});
  }
  const std::string tree = box.path("tree");
};

TEST_F(Rootfs, TheDirectoryIsTheRoot) {
  const Result result =
      box.minidock({"run", "--rm", "--rootfs", tree, "sh", "-c", "stat -c %u /bin/busybox; echo in > /made"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, "0\n");
  EXPECT_EQ(read_file(tree + "/made"), "in\n");
  EXPECT_EQ(box.host_ok({"stat", "-c", "%u", tree + "/made"}), "0") << "root inside, seen by the file system's own ids";
}

TEST_F(Rootfs, WithOItIsOnlyRead) {
  EXPECT_EQ(box.minidock_ok({"run", "--rm", "--rootfs", tree + ":O", "sh", "-c", "echo in > /made; cat /made"}), "in");
  EXPECT_FALSE(std::filesystem::exists(tree + "/made"));
}

TEST_F(Rootfs, VerbsKnowWhatTheyCanDoWithIt) {
  box.minidock_ok({"run", "-d", "--name", "rx", "--rootfs", tree, "sleep", "600"});
  EXPECT_EQ(box.minidock_ok({"ps", "--format", "{{.Image}} {{.Names}}"}), tree + " rx");
  EXPECT_EQ(box.minidock_ok({"exec", "rx", "cat", "/proc/1/comm"}), "sleep");
  EXPECT_THAT(box.minidock({"commit", "rx"}).err, HasSubstr("use export and import"));
  EXPECT_THAT(box.minidock({"diff", "rx"}).err, HasSubstr("--rootfs"));
  box.minidock_ok({"stop", "-t", "0", "rx"});
  box.minidock_ok({"start", "rx"});
  box.minidock_ok({"rm", "-f", "rx"});
  EXPECT_TRUE(std::filesystem::exists(tree + "/bin"));
}

TEST_F(Rootfs, OfNothing) {
  const Result missing = box.minidock({"run", "--rm", "--rootfs", "/nonexistent", "true"});
  EXPECT_EQ(missing.exit_code, 127);
  EXPECT_THAT(missing.err, HasSubstr("--rootfs: cannot use /nonexistent: No such file or directory"));
  EXPECT_THAT(box.minidock({"run", "--rm", "--rootfs", "/", "true"}).err, HasSubstr("the host's own root"));
}

class OwnRange : public FunctionalTest {
 protected:
  void give_ranges() {
    for (const char* file : {"/etc/subuid", "/etc/subgid"}) {
      box.shell(std::string("echo containers:2000000000:100000 >> ") + file);
    }
  }
  // "first size" of the one line
  std::string map(const std::string& container) {
    return box.minidock_ok({"exec", container, "awk", "{print $2, $3}", "/proc/self/uid_map"});
  }
};

TEST_F(OwnRange, NoTwoContainersShareIds) {
  give_ranges();
  box.run_detached({"--name", "one", "--userns", "auto"}, {"sleep", "600"});
  box.run_detached({"--name", "two", "--userns", "auto:size=4096"}, {"sleep", "600"});
  EXPECT_EQ(map("one"), "2000000000 65536");
  EXPECT_EQ(map("two"), "2000065536 4096");
  EXPECT_EQ(box.minidock_ok({"exec", "two", "stat", "-c", "%u", "/bin/busybox"}), "0");
  EXPECT_EQ(status_field(box.pid_of("two"), "Uid").substr(0, 10), "2000065536");
  const Result full = box.run({"--userns", "auto"}, {"true"});
  EXPECT_EQ(full.exit_code, 125);
  EXPECT_THAT(full.err, HasSubstr("no 65536 ids in a row are left"));
  box.minidock_ok({"rm", "-f", "one"});
  EXPECT_EQ(box.run({"--rm", "--userns", "auto"}, {"true"}).exit_code, 0) << "what a removed container had is free";
}

TEST_F(OwnRange, IsKeptFromStartToStart) {
  give_ranges();
  box.load("busybox");
  const char* script = "cat /file 2>/dev/null || echo first > /file; awk '{print $2}' /proc/self/uid_map";
  box.minidock_ok({"create", "--name", "kept", "--userns", "auto", "busybox", "sh", "-c", script});
  box.run_detached({"--name", "next", "--userns", "auto:size=1000"}, {"sleep", "600"});
  EXPECT_EQ(box.minidock_ok({"start", "-a", "kept"}), "2000000000");
  EXPECT_EQ(box.minidock_ok({"start", "-a", "kept"}), "first\n2000000000");
}

TEST_F(OwnRange, VolumesShowTheSameOwners) {
  give_ranges();
  box.run({"--rm", "--userns", "auto", "-v", "data:/data"}, {"sh", "-c", "touch /data/file; chown 7 /data/file"});
  EXPECT_EQ(box.run({"--rm", "-v", "data:/data"}, {"stat", "-c", "%u", "/data/file"}).out, "7\n");
}

TEST_F(OwnRange, WhatItCannotDo) {
  EXPECT_THAT(box.run({"--userns", "auto"}, {"true"}).err,
              HasSubstr("user \"containers\" has no range in /etc/subuid"));
  EXPECT_THAT(box.run({"--userns", "auto:gidmapping=0"}, {"true"}).err, HasSubstr("\"auto:size=NUMBER\" is expected"));
  EXPECT_THAT(box.run({"--userns", "keep-id"}, {"true"}).err, HasSubstr("rootless"));
  EXPECT_THAT(box.run({"--userns", "auto", "--network", "container:x"}, {"true"}).err,
              HasSubstr("conflicting options"));
  EXPECT_THAT(box.run({"--userns", "auto", "--privileged"}, {"true"}).err,
              HasSubstr("incompatible with user namespaces"));
  EXPECT_EQ(box.minidock_ok({"ps", "-aq"}), "");
}

class PreservedDescriptors : public FunctionalTest {
 protected:
  // In bash with descriptors 3 and 4 open.
  Result with_descriptors(const Arguments& arguments) {
    std::string line = "exec 3<<<three 4<<<four; exec";
    for (const std::string& word : box.command(arguments)) line += " '" + word + "'";
    return box.host({"bash", "-c", line});
  }
};

TEST_F(PreservedDescriptors, OfRunAndExec) {
  box.load("busybox");
  EXPECT_EQ(with_descriptors({"run", "--rm", "--preserve-fds", "2", "busybox", "sh", "-c", "cat <&3; cat <&4"}).out,
            "three\nfour\n");
  EXPECT_EQ(with_descriptors({"run", "--rm", "--preserve-fds", "1", "busybox", "sh", "-c",
                              "cat <&3; test -e /proc/self/fd/4 || echo none"})
                .out,
            "three\nnone\n");
  box.run_detached({"--name", "cx"}, {"sleep", "600"});
  EXPECT_EQ(with_descriptors({"exec", "--preserve-fds", "2", "cx", "sh", "-c", "cat <&3; cat <&4"}).out,
            "three\nfour\n");
  EXPECT_EQ(with_descriptors({"exec", "cx", "sh", "-c", "test -e /proc/self/fd/3 || echo none"}).out, "none\n");
}

TEST_F(PreservedDescriptors, OnlyWhatWasPassed) {
  box.load("busybox");
  const Result result = with_descriptors({"run", "--rm", "--preserve-fds", "3", "busybox", "true"});
  EXPECT_EQ(result.exit_code, 125);
  EXPECT_THAT(result.err, HasSubstr("file descriptor 5 was not passed"));
  EXPECT_THAT(with_descriptors({"run", "--preserve-fds", "1", "--restart", "always", "busybox", "true"}).err,
              HasSubstr("Conflicting options"));
}

TEST_F(PreservedDescriptors, AreForTheFirstRunOnly) {
  box.load("busybox");
  const Arguments command{"run",
                          "--name",
                          "cx",
                          "--preserve-fds",
                          "1",
                          "busybox",
                          "sh",
                          "-c",
                          "test -e /proc/self/fd/3 && cat <&3 || echo none"};
  EXPECT_EQ(with_descriptors(command).out, "three\n");
  EXPECT_EQ(box.minidock_ok({"start", "-a", "cx"}), "none");
}

}  // namespace
}  // namespace minidock::functional

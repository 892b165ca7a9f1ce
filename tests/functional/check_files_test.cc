// system check: names, links, directories, mounts and cgroups, each really broken.
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "tests/functional/check_fixture.h"

namespace minidock::functional {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// ---- what the name servers read

TEST_F(Check, WritesTheNamesOfANetworkAgain) {
  box.minidock_ok({"network", "create", "net1"});
  sleeper("web", {"--network", "net1"});
  sleeper("db", {"--network", "net1"});
  const std::string file = box.path("state/networks/" + network_id("net1"));
  box.shell("sed -i '/ web /d; s/ db / xx /' " + file + "; echo '10.9.9.9 - " + nobody_ + " left' >> " + file);
  expect_found_and_repaired({"name of container web is not known on network net1 as it is",
                             "name of container db is not known on network net1 as it is",
                             "name of container 000000000000 is known on network net1, where it is not"},
                            {"name of container web: written again", "name of container db: written again",
                             "name of container 000000000000: written again"});
  EXPECT_THAT(box.minidock_ok({"exec", "web", "nslookup", "db"}), HasSubstr(box.address_of("db")));
  EXPECT_NE(box.minidock({"exec", "web", "nslookup", "left"}).exit_code, 0);
}

TEST_F(Check, RemovesTheNamesOfANetworkThatIsGone) {
  sleeper("web");
  const std::string file = box.write_file("state/networks/" + nobody_, "10.9.9.9 - " + nobody_ + " left\n");
  expect_found_and_repaired({"name " + file + " is of a network that is gone"}, {"name " + file + ": removed"});
  EXPECT_NE(access(file.c_str(), F_OK), 0);
}

TEST_F(Check, WritesAContainersOwnViewAgain) {
  box.minidock_ok({"network", "create", "net1"});
  sleeper("web", {"--network", "net1"});
  const std::string file = box.path("state/containers/" + id_of("web") + "/names");
  const std::string before = read_file(file);
  ASSERT_EQ(unlink(file.c_str()), 0);
  expect_found_and_repaired({"name " + file + " is gone: container web finds nobody by name"},
                            {"name " + file + ": written again"});
  EXPECT_EQ(read_file(file), before);
}

// ---- links

TEST_F(Check, RemovesLinksThatLeadNowhere) {
  sleeper("web");
  sleeper("ended");
  box.minidock_ok({"stop", "-t", "0", "ended"});
  const std::string names = box.path("state/names/");
  box.shell("ln -s " + id_of("ended") + " " + names + "ended; ln -s " + nobody_ + " " + names + "left");
  box.shell("ln -s /proc/4194304/ns/net /run/netns/left; ln -s /proc/4194304/ns/net /run/netns/ended");
  box.shell("ln -s /somewhere /run/netns/theirs; ip netns add named");
  expect_found_and_repaired(
      {"link " + names + "ended leads to container " + id_of("ended").substr(0, 12) + ", which does not run",
       "link " + names + "left leads to container 000000000000, which does not run",
       "link /run/netns/left leads to a process that is gone", "link /run/netns/ended leads to a process that is gone"},
      {"link " + names + "ended: removed", "link " + names + "left: removed", "link /run/netns/left: removed",
       "link /run/netns/ended: removed"});
  EXPECT_EQ(box.shell("ls /run/netns | sort | tr '\\n' ' '"), "named theirs web ");
  EXPECT_EQ(box.shell("ls " + names), "web");
}

// ---- directories

TEST_F(Check, RemovesDirectoriesOfNoContainer) {
  sleeper("web");
  const std::string root = box.path("root/containers/" + nobody_);
  const std::string state = box.path("state/containers/" + nobody_);
  box.shell("mkdir -p " + root + "/upper/x " + state + "; touch " + state + "/lock; mkdir " +
            box.path("root/containers/something"));
  expect_found_and_repaired(
      {"directory " + root + " belongs to no container", "directory " + state + " belongs to no container"},
      {"directory " + root + ": removed", "directory " + state + ": removed"});
  EXPECT_THAT(lines_of(box.shell("ls " + box.path("root/containers"))),
              testing::UnorderedElementsAre(id_of("web"), "something"));
  EXPECT_EQ(box.shell("ls " + box.path("state/containers")), id_of("web"));
}

TEST_F(Check, LeavesADirectoryAloneThatSomebodyHasTheLockOf) {
  sleeper("web");
  const std::string state = box.path("state/containers/" + nobody_);
  box.shell("mkdir " + state);
  const int lock = open((state + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  ASSERT_EQ(flock(lock, LOCK_EX), 0);
  EXPECT_THAT(findings(), IsEmpty());
  EXPECT_THAT(repairs(), IsEmpty());
  EXPECT_EQ(access((state + "/lock").c_str(), F_OK), 0);
  close(lock);
  expect_found_and_repaired({"directory " + state + " belongs to no container"}, {"directory " + state + ": removed"});
}

// ---- mounts

TEST_F(Check, UnmountsWhatNobodyHas) {
  box.minidock_ok({"volume", "create", "-d", "local", "-o", "type=tmpfs", "-o", "device=tmpfs", "scratch"});
  box.minidock_ok({"volume", "create", "used", "-o", "type=tmpfs", "-o", "device=tmpfs"});
  box.minidock_ok({"volume", "create", "theirs"});
  sleeper("web", {"-v", "used:/used"});
  sleeper("ended");
  box.minidock_ok({"stop", "-t", "0", "ended"});
  const std::string root = box.path("state/mounts/containers/" + nobody_);
  const std::string image = box.path("state/mounts/images/" + nobody_);
  const std::string volume = box.path("root/volumes/scratch/_data");
  const std::string own = box.path("root/containers/" + id_of("ended") + "/upper");
  const std::string theirs = box.path("root/volumes/theirs/_data");
  for (const std::string& path : {root, image, volume, own, theirs}) {
    box.shell("mkdir -p " + path + " && mount -t tmpfs tmpfs " + path);
  }
  expect_found_and_repaired(
      {"mount " + root + " is of a container that is gone", "mount " + image + " is of an image that is gone",
       "mount " + volume + " is of volume scratch, which no container that runs uses",
       "mount " + own + " is of container ended, which does not run"},
      {"mount " + root + ": unmounted", "mount " + image + ": unmounted", "mount " + volume + ": unmounted",
       "mount " + own + ": unmounted"});
  EXPECT_THAT(read_file("/proc/self/mountinfo"),
              AllOf(HasSubstr(theirs), HasSubstr(box.path("root/volumes/used/_data")), Not(HasSubstr(nobody_)),
                    Not(HasSubstr(volume)), Not(HasSubstr(own))));
  box.shell("umount " + theirs);
}

// ---- cgroups

TEST_F(Check, RemovesCgroupsOfContainersThatDoNotRun) {
  sleeper("web");
  sleeper("ended");
  box.minidock_ok({"stop", "-t", "0", "ended"});
  const std::string parent = "/" + instance();
  // In every hierarchy that has the instance's parent, and with a process in the first one.
  const std::string made =
      box.shell("find /sys/fs/cgroup -maxdepth 2 -type d -name " + instance() + " | while read at; do mkdir $at/" +
                nobody_ + " $at/" + id_of("ended") + " $at/" + nobody_ + "/below; echo $at; done");
  ASSERT_THAT(lines_of(made), Not(IsEmpty()));
  expect_found_and_repaired(
      {"cgroup " + parent + "/" + nobody_ + " is of container 000000000000, which does not run",
       "cgroup " + parent + "/" + id_of("ended") + " is of container ended, which does not run"},
      {"cgroup " + parent + "/" + nobody_ + ": removed", "cgroup " + parent + "/" + id_of("ended") + ": removed"});
  EXPECT_EQ(box.cgroups_like("*" + parent + "/" + nobody_ + "*"), "");
  EXPECT_EQ(box.minidock({"exec", "web", "true"}).exit_code, 0);
}

}  // namespace
}  // namespace minidock::functional

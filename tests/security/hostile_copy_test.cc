// cp against containers and streams that try to reach the host: links in the way, links that come and go while files
// are copied (CVE-2018-15664), libraries of the container (CVE-2019-14271), modes of host files (CVE-2021-41089).
#include <gmock/gmock.h>

#include "tests/functional/sandbox.h"

namespace minidock::functional {
namespace {

using testing::HasSubstr;
using testing::Not;

class HostileCopy : public FunctionalTest, public testing::WithParamInterface<const char*> {
 protected:
  HostileCopy() {
    box.write_file("canary-directory/canary", "secret\n", 0600);
    canary_ = box.path("canary-directory");
    before_ = fingerprint();
    // The same path exists inside: a copy by a joined path would take the host's.
    box.load("busybox");
  }
  // Content and times of change: of everything that could be reached outside.
  std::string fingerprint() {
    return box.shell("cd " + canary_ + " && find . -printf '%p %m %U %G %C@ %s\\n' | sort && cat canary");
  }
  void run(const std::string& script) {
    Arguments words = {"run", "-d", "--name", "hx"};
    if (*GetParam() != '\0') words.insert(words.end(), {"--userns", GetParam()});
    words.insert(words.end(), {"busybox", "sh", "-c", script + "; touch /ready; sleep 600"});
    box.minidock_ok(words);
    ASSERT_TRUE(Sandbox::eventually([&] {
      return box.minidock({"exec", "hx", "test", "-e", "/ready"}).exit_code == 0;
    }));
  }
  // Whatever cp does, it stays inside, running or not.
  void copy_in_and_out(const std::string& path) {
    const std::string file = box.write_file("payload", "payload\n");
    for (const char* state : {"running", "ended"}) {
      box.minidock({"cp", file, "hx:" + path + "/planted"});
      box.minidock({"cp", file, "hx:" + path});
      const Result out = box.minidock({"cp", "-L", "hx:" + path + "/canary", "-"});
      EXPECT_THAT(out.out, Not(HasSubstr("secret"))) << path << " " << state;
      EXPECT_EQ(fingerprint(), before_) << path << " " << state;
      box.minidock({"kill", "hx"});
    }
  }

  std::string canary_;
  std::string before_;
};

TEST_P(HostileCopy, LinksInTheWay) {
  run("ln -s " + canary_ + " /absolute; ln -s ../../../../../../../.." + canary_ + " /relative");
  copy_in_and_out("/absolute");
}

TEST_P(HostileCopy, RelativeLinksInTheWay) {
  run("ln -s ../../../../../../../.." + canary_ + " /relative");
  copy_in_and_out("/relative");
}

TEST_P(HostileCopy, MagicLinks) {
  run("ln -s /proc/1/root" + canary_ + " /magic; ln -s /proc/self/cwd /cwd");
  copy_in_and_out("/magic");
}

// A directory and a link to the host's take turns as fast as the container can.
TEST_P(HostileCopy, LinkThatTakesTurnsWithADirectory) {
  run("mkdir -p /swap/x" + canary_ + " /in" + canary_ + "; echo inside > /swap/x/canary; cd /swap; ln -s " + canary_ +
      " y; (while :; do mv x z; mv y x; mv z y; mv x z; mv y x; mv z y; done) & :");
  const std::string file = box.write_file("payload", "payload\n");
  box.shell("mkdir -p " + box.path("tree/x") + " " + box.path("out") + " && echo p > " + box.path("tree/x/planted"));
  for (int round = 0; round < 60; ++round) {
    box.minidock({"cp", file, "hx:/swap/x/planted"});
    box.minidock({"cp", box.path("tree/."), "hx:/swap"});
    const Result out = box.minidock({"cp", "hx:/swap/x/canary", "-"});
    ASSERT_THAT(out.out, Not(HasSubstr("secret")));
    const Result tree = box.minidock({"cp", "hx:/swap", "-"});
    ASSERT_THAT(tree.out, Not(HasSubstr("secret")));
    ASSERT_EQ(fingerprint(), before_) << "round " << round;
  }
}

TEST_P(HostileCopy, TarStreams) {
  run("mkdir /drop");
  const std::string generator = box.write_file("hostile.py", R"(
import io, sys, tarfile
canary, case = sys.argv[1], sys.argv[2]
tar = tarfile.open(fileobj=sys.stdout.buffer, mode='w|')
def add(name, kind=tarfile.REGTYPE, link='', data=b'planted', mode=0o777):
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode = kind, link, mode
    info.size = len(data) if kind == tarfile.REGTYPE else 0
    tar.addfile(info, io.BytesIO(data) if kind == tarfile.REGTYPE else None)
if case == 'dots':
    add('../../../../../../../..' + canary + '/planted')
elif case == 'absolute':
    add(canary + '/planted')
elif case == 'link':
    add('out', tarfile.SYMTYPE, canary)
    add('out/planted')
elif case == 'chmod':
    add('out', tarfile.SYMTYPE, canary + '/canary')
    add('out', tarfile.LNKTYPE, canary + '/canary')
    add('out', mode=0o4777)
elif case == 'hardlink':
    add('out', tarfile.LNKTYPE, '../../../../../../../..' + canary + '/canary')
elif case == 'hardlink-through-link':
    add('l', tarfile.SYMTYPE, canary)
    add('out', tarfile.LNKTYPE, 'l/canary')
tar.close()
)");
  for (const char* name : {"dots", "absolute", "link", "chmod", "hardlink", "hardlink-through-link"}) {
    const std::string stream = "python3 " + generator + " " + canary_ + " " + name + " | ";
    // Into the container, and as what a container sends to the host.
    box.host({"sh", "-c", stream + join(box.command({"cp", "-", "hx:/drop"}))});
    EXPECT_EQ(fingerprint(), before_) << name;
  }
}

// What a container sends is unpacked below the destination, whatever stands there.
TEST_P(HostileCopy, LinksAtTheDestinationOnTheHost) {
  run("mkdir -p /send/out; echo planted > /send/out/planted");
  box.shell("mkdir " + box.path("target") + " && ln -s " + canary_ + " " + box.path("target/out"));
  EXPECT_EQ(box.minidock({"cp", "hx:/send/.", box.path("target")}).exit_code, 1);
  EXPECT_EQ(fingerprint(), before_);
}

TEST_P(HostileCopy, NothingOfTheContainerIsLoaded) {
  // Each would be opened by a C library that looks up names or converts characters with the container as its root.
  run("mkdir -p /lib/x86_64-linux-gnu /usr/lib/locale; for l in libnss_files.so.2 libnss_compat.so.2 gconv-modules; do "
      "echo trap > /lib/x86_64-linux-gnu/$l; done; touch -d '2001-01-01 00:00:00' /lib/x86_64-linux-gnu/* /etc/passwd "
      "/bin/busybox");
  box.minidock_ok({"cp", box.write_file("payload", "x\n"), "hx:/tmp"});
  box.minidock_ok({"cp", "hx:/tmp/payload", box.path("back")});
  EXPECT_EQ(box.minidock_ok({"exec", "hx", "sh", "-c", "stat -c %X /lib/x86_64-linux-gnu/*"}),
            "978307200\n978307200\n978307200");
}

TEST_P(HostileCopy, PipesAndDevicesAreNotOpened) {
  run("mkdir /odd; mkfifo /odd/fifo; mknod /odd/memory c 1 1; echo x > /odd/file");
  const Result out = box.minidock({"cp", "hx:/odd", "-"});
  EXPECT_EQ(out.exit_code, 0) << out.err;
  EXPECT_THAT(out.out, HasSubstr("odd/file"));
}

INSTANTIATE_TEST_SUITE_P(All, HostileCopy, testing::Values("", "host"),
                         [](const testing::TestParamInfo<const char*>& parameter) {
                           return std::string(*parameter.param == '\0' ? "Remapped" : "Host");
                         });

}  // namespace
}  // namespace minidock::functional

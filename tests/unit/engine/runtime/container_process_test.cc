#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "base/file.h"
#include "base/syscall.h"
#include "container_fixture.h"
#include "engine/runtime/cgroup_layout.h"

namespace minidock::runtime::test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

class ContainerProcessTest : public ContainerTest {};

TEST_F(ContainerProcessTest, RunsAProgramAsPidOne) {
  const Result result = run(make_spec("echo $$ $(hostname); exit 7"));
  EXPECT_EQ(result.output, "1 box\n");
  EXPECT_EQ(result.exit_code, 7);
}

TEST_F(ContainerProcessTest, HasNamespacesOfItsOwn) {
  const Result result = run(make_spec("for n in mnt uts ipc pid net user cgroup; do readlink /proc/self/ns/$n; done"));
  std::string host;
  for (const char* name : {"mnt", "uts", "ipc", "pid", "net", "user", "cgroup"}) {
    EXPECT_THAT(result.output, Not(HasSubstr(sys::readlinkat(AT_FDCWD, std::string("/proc/self/ns/") + name))));
  }
  EXPECT_EQ(std::count(result.output.begin(), result.output.end(), '\n'), 7);
}

TEST_F(ContainerProcessTest, MapsRootToTheRange) {
  EXPECT_THAT(run(make_spec("cat /proc/self/uid_map; id -u; stat -c %u:%g /bin/busybox; stat -c %u:%g /")).output,
              ::testing::MatchesRegex(fmt::format(" +0 +{} +65536\n0\n0:0\n0:0\n", kHostId)));
}

TEST_F(ContainerProcessTest, WritesBelongToTheRangeOnTheHost) {
  EXPECT_EQ(run(make_spec("echo x > /etc/new; chmod 700 /bin/busybox")).exit_code, 0);
  EXPECT_EQ(sys::fstatat(AT_FDCWD, path("upper/etc/new"), 0).st_uid, kHostId);
  EXPECT_EQ(sys::fstatat(AT_FDCWD, path("upper/bin/busybox"), 0).st_uid, kHostId);
}

TEST_F(ContainerProcessTest, MountsDockersDefaults) {
  const std::string mounts = run(make_spec("cat /proc/mounts")).output;
  EXPECT_THAT(mounts, HasSubstr("overlay / overlay rw,nodev,"));
  EXPECT_THAT(mounts, HasSubstr("proc /proc proc rw,nosuid,nodev,noexec,relatime 0 0\n"));
  EXPECT_THAT(mounts, HasSubstr("tmpfs /dev tmpfs rw,nosuid,size=65536k,mode=755"));
  EXPECT_THAT(mounts, HasSubstr("devpts /dev/pts devpts rw,nosuid,noexec,relatime,gid="));
  EXPECT_THAT(mounts, HasSubstr("sysfs /sys sysfs ro,nosuid,nodev,noexec,relatime 0 0\n"));
  EXPECT_THAT(mounts, HasSubstr(read_v1_layout().v1.empty() ? " /sys/fs/cgroup cgroup2 ro,nosuid,nodev,noexec,relatime"
                                                            : " /sys/fs/cgroup tmpfs ro,nosuid,nodev,noexec,relatime"));
  EXPECT_THAT(mounts, HasSubstr("mqueue /dev/mqueue mqueue rw,nosuid,nodev,noexec,relatime 0 0\n"));
  EXPECT_THAT(mounts, HasSubstr("shm /dev/shm tmpfs rw,nosuid,nodev,noexec,relatime,size=65536k"));
  EXPECT_THAT(mounts, HasSubstr("proc /proc/sys proc ro,nosuid,nodev,noexec,relatime 0 0\n"));
}

TEST_F(ContainerProcessTest, HasDockersDeviceNodes) {
  for (const Spec& spec :
       {make_spec("stat -c '%n %t:%T %a' /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty; echo x > "
                  "/dev/null; readlink /dev/ptmx; readlink /dev/fd"),
        make_host_user_spec("stat -c '%n %t:%T %a' /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty; "
                            "echo x > /dev/null; readlink /dev/ptmx; readlink /dev/fd")}) {
    EXPECT_EQ(run(spec).output,
              "/dev/null 1:3 666\n/dev/zero 1:5 666\n/dev/full 1:7 666\n/dev/random 1:8 666\n/dev/urandom 1:9 666\n"
              "/dev/tty 5:0 666\npts/ptmx\n/proc/self/fd\n");
  }
}

TEST_F(ContainerProcessTest, MasksFilesAndDirectories) {
  const Result result = run(make_spec(
      "cat /proc/keys /proc/timer_list /proc/interrupts | wc -c; ls /sys/firmware | wc -l; touch /sys/firmware/x 2>&1;"
      "echo 1 > /proc/sys/kernel/domainname"));
  EXPECT_THAT(result.output, HasSubstr("0\n0\n"));
  EXPECT_THAT(result.output, HasSubstr("Read-only file system"));
  EXPECT_NE(result.exit_code, 0);
}

TEST_F(ContainerProcessTest, LeaksNoDescriptors) {
  // 3 is the directory that ls reads.
  EXPECT_EQ(run(make_spec("exec ls /proc/self/fd")).output, "0\n1\n2\n3\n");
  EXPECT_EQ(run(make_host_user_spec("exec ls /proc/self/fd")).output, "0\n1\n2\n3\n");
}

TEST_F(ContainerProcessTest, HasOnlyTheGivenCapabilities) {
  const std::string script = "grep -E 'Cap|Seccomp:|NoNewPrivs' /proc/self/status";
  EXPECT_EQ(
      run(make_spec(script)).output,
      "CapInh:\t0000000000000000\nCapPrm:\t00000000a80425fb\nCapEff:\t00000000a80425fb\nCapBnd:\t00000000a80425fb\n"
      "CapAmb:\t0000000000000000\nNoNewPrivs:\t0\nSeccomp:\t0\n");
  Spec user = make_host_user_spec(script);
  user.process.user = "app";
  user.process.no_new_privileges = true;
  EXPECT_EQ(
      run(user).output,
      "CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nCapBnd:\t00000000a80425fb\n"
      "CapAmb:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t0\n");
}

TEST_F(ContainerProcessTest, LoadsTheFilterForRootAndOtherUsers) {
  // Allows everything: BPF_RET | SECCOMP_RET_ALLOW.
  const std::string filter{"\x06\x00\x00\x00\x00\x00\xff\x7f", 8};
  file::write(path("filter"), filter, 0600);
  for (const char* user : {"", "app"}) {
    for (const bool no_new_privileges : {false, true}) {
      Spec spec = make_spec("grep -E 'CapEff|Seccomp:' /proc/self/status");
      spec.seccomp_bpf_file = path("filter");
      spec.process.user = user;
      spec.process.no_new_privileges = no_new_privileges;
      const std::string capabilities = *user == '\0' ? "00000000a80425fb" : "0000000000000000";
      EXPECT_EQ(run(spec).output, "CapEff:\t" + capabilities + "\nSeccomp:\t2\n");
    }
  }
}

TEST_F(ContainerProcessTest, DeviceFilterDeniesTheHostsDisks) {
  Spec spec = make_host_user_spec(
      "mknod /tmp/sda b 8 0 && mknod /tmp/vda b 254 0 && mknod /tmp/kmsg c 1 11; "
      "for d in sda vda kmsg; do head -c1 /tmp/$d; done");
  const std::string output = run(spec).output;
  EXPECT_THAT(output, HasSubstr("/tmp/sda: Operation not permitted"));
  EXPECT_THAT(output, HasSubstr("/tmp/kmsg: Operation not permitted"));
}

TEST_F(ContainerProcessTest, UserNamespaceGivesImageDevicesNoPower) {
  sys::mknodat(AT_FDCWD, layer("/kmsg"), S_IFCHR | 0666, 0x10b);
  Spec spec = make_spec("head -c1 /kmsg; mknod /tmp/x c 1 3");
  spec.device_rules.clear();
  const std::string output = run(spec).output;
  EXPECT_THAT(output, HasSubstr("/kmsg: Permission denied"));
  EXPECT_THAT(output, HasSubstr("/tmp/x: Operation not permitted"));
}

TEST_F(ContainerProcessTest, ReadOnlyRootKeepsTmpfsWritable) {
  Spec spec = make_spec("touch /x; touch /dev/shm/x && pwd");
  spec.readonly_rootfs = true;
  spec.process.cwd = "/new/place";
  const Result result = run(spec);
  EXPECT_THAT(result.output, HasSubstr("/x: Read-only file system\n/new/place\n"));
  EXPECT_EQ(result.exit_code, 0);
}

TEST_F(ContainerProcessTest, BindsFilesAndDirectories) {
  const std::string volume = make_volume("volume");
  file::write(path("hosts"), "hello\n", 0644);
  Spec spec = make_spec("cat /etc/hosts; touch /v/w /deep/er/w; touch /ro/w");
  spec.mounts.push_back({"/etc/hosts", "bind", path("hosts"), {"rbind", "rprivate"}});
  spec.mounts.push_back({"/v", "bind", volume, {"rbind", "rprivate"}});
  spec.mounts.push_back({"/deep/er", "bind", volume, {"rbind", "rprivate"}});
  spec.mounts.push_back({"/ro", "bind", volume, {"rbind", "ro", "rprivate"}});
  const Result result = run(spec);
  EXPECT_EQ(result.output, "hello\ntouch: /ro/w: Read-only file system\n");
  EXPECT_TRUE(fs::exists(volume + "/w"));
}

TEST_F(ContainerProcessTest, RootInsideCannotWriteTheHostsFiles) {
  fs::create_directories(path("hostdir"));
  Spec spec = make_spec("touch /h/x");
  spec.mounts.push_back({"/h", "bind", path("hostdir"), {"rbind", "rprivate"}});
  EXPECT_EQ(run(spec).output, "touch: /h/x: Permission denied\n");
}

TEST_F(ContainerProcessTest, CopiesTheImagesContentIntoANewVolume) {
  file::write(layer("/data/a"), "content", 0640);
  fs::create_symlink("a", layer("/data/link"));
  sys::fchownat(AT_FDCWD, layer("/data/a"), 1000, 1000, 0);
  sys::fchownat(AT_FDCWD, layer("/data"), 33, 33, 0);
  fs::create_hard_link(layer("/data/a"), layer("/data/b"));
  fs::permissions(layer("/data"), fs::perms(0751));
  const std::string volume = make_volume("volume");
  Spec spec = make_spec("stat -c '%n %u:%g %a %h' /data /data/a; readlink /data/link; cat /data/b; rm /data/b");
  spec.mounts.push_back({"/data", "bind", volume, {"rbind", "copy-up"}});
  EXPECT_EQ(run(spec).output, "/data 33:33 751 2\n/data/a 1000:1000 640 2\na\ncontent");
  EXPECT_EQ(sys::fstatat(AT_FDCWD, volume + "/a", 0).st_uid, kHostId + 1000);
  // Not empty any more: left as it is.
  spec.process.args = {"/bin/sh", "-c", "ls /data"};
  EXPECT_EQ(run(spec).output, "a\nlink\n");
}

TEST_F(ContainerProcessTest, SetsSysctlsOfItsOwnNamespacesOnly) {
  Spec spec = make_spec("cat /proc/sys/net/ipv4/ip_unprivileged_port_start");
  spec.sysctl = {{"net.ipv4.ip_unprivileged_port_start", "0"}};
  EXPECT_EQ(run(spec).output, "0\n");
  for (const char* name : {"kernel.core_pattern", "net/../kernel/core_pattern", "vm.swappiness"}) {
    spec.sysctl = {{name, "x"}};
    EXPECT_THAT(error_of(spec, ErrorKind::invalid_argument), HasSubstr("is not in a separate kernel namespace"));
  }
  spec.sysctl = {{"kernel.shm_rmid_forced", "1\n+x"}};
  EXPECT_THAT(error_of(spec, ErrorKind::invalid_argument), HasSubstr("line break"));
}

TEST_F(ContainerProcessTest, SetsLimitsUserAndEnvironment) {
  Spec spec = make_spec("ulimit -n; id; echo $HOME; pwd; umask");
  spec.process.rlimits = {{"RLIMIT_NOFILE", 64, 128}};
  spec.process.user = "app";
  spec.process.cwd = "/home/app";
  EXPECT_EQ(run(spec).output,
            "64\nuid=1000(app) gid=1000(app) groups=1000(app),2000(extra)\n/home/app\n/home/app\n0022\n");
}

TEST_F(ContainerProcessTest, ProgramMayOpenItsPipesAgain) {
  for (Spec spec : {make_spec("echo again > /dev/stdout"), make_host_user_spec("echo again > /dev/stdout")}) {
    spec.process.user = "app";
    EXPECT_EQ(run(spec).output, "again\n");
  }
}

TEST_F(ContainerProcessTest, TerminalIsAPtyOfTheContainer) {
  Spec spec = make_spec("tty; stat -c %t /dev/console; stty size; ls /proc/self/fd; echo x > /dev/tty");
  spec.process.terminal = true;
  spec.process.console_rows = 33;
  spec.process.console_columns = 77;
  EXPECT_EQ(run(spec).output, "/dev/pts/0\r\n88\r\n33 77\r\n0  1  2  3\r\nx\r\n");
}

TEST_F(ContainerProcessTest, TellsWhatCouldNotBeExecuted) {
  Spec spec = make_spec("");
  spec.process.args = {"foo"};
  EXPECT_EQ(error_of(spec, ErrorKind::command_not_found), "exec: \"foo\": executable file not found in $PATH");
  spec.process.args = {"/nope"};
  EXPECT_EQ(error_of(spec, ErrorKind::command_not_found), "exec: \"/nope\": stat /nope: no such file or directory");
  spec.process.args = {"/etc/passwd"};
  EXPECT_EQ(error_of(spec, ErrorKind::command_not_executable), "exec: \"/etc/passwd\": permission denied");
  spec.process.args = {"/etc"};
  EXPECT_EQ(error_of(spec, ErrorKind::command_not_executable), "exec: \"/etc\": is a directory");
  file::write(layer("/bin/garbage"), "garbage", 0755);
  spec.process.args = {"garbage"};
  EXPECT_EQ(error_of(spec, ErrorKind::command_not_executable), "exec /bin/garbage: exec format error");
}

TEST_F(ContainerProcessTest, TellsWhatIsWrongWithTheRequest) {
  Spec spec = make_spec("true");
  spec.process.user = "nobody";
  EXPECT_EQ(error_of(spec, ErrorKind::invalid_argument),
            "unable to find user nobody: no matching entries in passwd file");
  spec = make_spec("true");
  spec.mounts.push_back({"/v", "bind", "/no/such", {"rbind"}});
  EXPECT_EQ(error_of(spec, ErrorKind::invalid_argument),
            "invalid mount config for type \"bind\": bind source path does not exist: /no/such");
  spec = make_spec("true");
  spec.rootfs.layers = {"missing"};
  EXPECT_THAT(error_of(spec, ErrorKind::not_found), HasSubstr("layer missing is missing in"));
  spec = make_spec("true");
  spec.process.cwd = "/etc/passwd";
  EXPECT_THAT(error_of(spec, ErrorKind::invalid_argument), HasSubstr("not a directory"));
}

TEST_F(ContainerProcessTest, HostNamespacesStayTheHosts) {
  Spec spec = make_host_user_spec("for n in pid uts net ipc; do readlink /proc/self/ns/$n; done; hostname");
  std::erase_if(spec.namespaces,
                [](const Namespace& space) { return space.type != "mount" && space.type != "cgroup"; });
  std::string expected;
  for (const char* name : {"pid", "uts", "net", "ipc"}) {
    expected += sys::readlinkat(AT_FDCWD, std::string("/proc/self/ns/") + name) + "\n";
  }
  EXPECT_EQ(run(spec).output, expected + file::read("/proc/sys/kernel/hostname"));
}

TEST_F(ContainerProcessTest, UserNamespaceOnTheHostsNetworkBindsTheHostsSysfs) {
  Spec spec = make_spec("grep -c ' /sys ' /proc/mounts; touch /sys/x; ls /sys/class/net > /dev/null && echo seen");
  std::erase_if(spec.namespaces, [](const Namespace& space) { return space.type == "network"; });
  EXPECT_EQ(run(spec).output, "1\ntouch: /sys/x: Read-only file system\nseen\n");
}

TEST_F(ContainerProcessTest, JoinsNamespacesOfAnother) {
  const Spec first = make_spec("");
  Running running = start(first);
  Spec spec = make_spec("for n in net user pid; do readlink /proc/self/ns/$n; done; cat /proc/1/comm");
  std::string expected;
  for (Namespace& space : spec.namespaces) {
    if (space.type != "network" && space.type != "user" && space.type != "pid") continue;
    space.path = fmt::format("/proc/{}/ns/{}", running.id.pid, space.type == "network" ? "net" : space.type);
  }
  for (const char* name : {"net", "user", "pid"}) {
    expected += sys::readlinkat(AT_FDCWD, fmt::format("/proc/{}/ns/{}", running.id.pid, name)) + "\n";
  }
  fs::create_directories(path("upper2"));
  fs::create_directories(path("work2"));
  sys::fchownat(AT_FDCWD, path("upper2"), kHostId, kHostId, 0);
  spec.rootfs.upper = path("upper2");
  spec.rootfs.work = path("work2");
  spec.cgroups_path = cgroup_parent_ + "/c2";
  EXPECT_EQ(run(spec).output, expected + "cat\n");
  finish(running);
}

TEST_F(ContainerProcessTest, AFailedOneLeavesNothing) {
  Spec spec = make_spec("true");
  spec.process.args = {"/nope"};
  error_of(spec, ErrorKind::command_not_found);
  EXPECT_EQ(waitpid(-1, nullptr, 0), -1);
  EXPECT_EQ(errno, ECHILD);
  for (const char* root : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
    EXPECT_FALSE(fs::exists(root + spec.cgroups_path));
  }
}

// Whoever enters the container's namespaces from then on is in its root, and not in the host's.
TEST_F(ContainerProcessTest, BuiltMeansThatItStandsInItsRoot) {
  const Fd null = sys::open("/dev/null", O_RDWR);
  file::write(layer("/marker"), "", 0644);
  const Spec spec = make_spec("true");
  ContainerProcess process = ContainerProcess::clone(spec, {null.get(), null.get(), null.get()});
  const std::string root = fmt::format("/proc/{}/root", process.pid());
  EXPECT_FALSE(fs::exists(root + "/marker"));
  process.prepare();
  process.wait_until_built();
  EXPECT_TRUE(fs::exists(root + "/marker"));
  EXPECT_FALSE(fs::exists(root + path("")));
}

TEST_F(ContainerProcessTest, OneThatIsNotLetGoEndsWithItsOwner) {
  pid_t pid = 0;
  {
    const Fd null = sys::open("/dev/null", O_RDWR);
    const Spec spec = make_spec("true");
    const ContainerProcess process = ContainerProcess::clone(spec, {null.get(), null.get(), null.get()});
    pid = process.pid();
    EXPECT_EQ(kill(pid, 0), 0);
  }
  EXPECT_EQ(kill(pid, 0), -1);
}

TEST_F(ContainerProcessTest, KilledCgroupTakesEveryProcess) {
  const Spec spec = make_spec("");
  Running running = start(spec);
  kill_cgroup(spec.cgroups_path);
  EXPECT_EQ(process::exit_code(sys::waitpid(running.process.pid())), 128 + SIGKILL);
}

}  // namespace
}  // namespace minidock::runtime::test

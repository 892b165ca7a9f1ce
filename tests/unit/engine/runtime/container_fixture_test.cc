#include "container_fixture.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>

#include "base/file.h"
#include "base/syscall.h"

namespace minidock::runtime::test {
namespace fs = std::filesystem;

namespace {

const std::vector<std::string> kCapabilities = {
    "CAP_CHOWN",   "CAP_DAC_OVERRIDE", "CAP_FSETID",           "CAP_FOWNER",
    "CAP_MKNOD",   "CAP_NET_RAW",      "CAP_SETGID",           "CAP_SETUID",
    "CAP_SETFCAP", "CAP_SETPCAP",      "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT",
    "CAP_KILL",    "CAP_AUDIT_WRITE"};

const std::vector<std::string> kNone = {"nosuid", "noexec", "nodev"};

std::vector<std::string> with(std::vector<std::string> options, const std::vector<std::string>& more) {
  options.insert(options.end(), more.begin(), more.end());
  return options;
}

std::vector<Mount> default_mounts() {
  return {{"/proc", "proc", "proc", kNone},
          {"/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}},
          {"/dev/pts", "devpts", "devpts", {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}},
          {"/sys", "sysfs", "sysfs", with(kNone, {"ro"})},
          {"/sys/fs/cgroup", "cgroup", "cgroup", with(kNone, {"ro"})},
          {"/dev/mqueue", "mqueue", "mqueue", kNone},
          {"/dev/shm", "tmpfs", "shm", with(kNone, {"mode=1777", "size=67108864"})}};
}

std::vector<DeviceRule> default_device_rules() {
  std::vector<DeviceRule> rules = {{false, "a", {}, {}, "rwm"}, {true, "c", {}, {}, "m"}, {true, "b", {}, {}, "m"}};
  for (const auto& [major, minor] :
       std::vector<std::pair<int, int>>{{1, 3}, {1, 5}, {1, 7}, {1, 8}, {1, 9}, {5, 0}, {5, 1}, {5, 2}}) {
    rules.push_back({true, "c", major, minor, "rwm"});
  }
  rules.push_back({true, "c", 136, {}, "rwm"});
  return rules;
}

void make_busybox_layer(const std::string& root) {
  for (const char* name : {"/bin", "/etc", "/tmp", "/proc", "/sys", "/dev", "/data", "/root"})
    fs::create_directories(root + name);
  fs::copy_file("/bin/busybox", root + "/bin/busybox");
  for (const char* applet : {"sh",   "ls",  "cat",   "id",    "mount", "touch", "mknod", "readlink", "hostname", "stat",
                             "echo", "tty", "dd",    "grep",  "sleep", "true",  "wc",    "head",     "ps",       "stty",
                             "pwd",  "env", "chmod", "mkdir", "awk",   "sort",  "rm",    "umount"}) {
    fs::create_symlink("busybox", root + "/bin/" + applet);
  }
  file::write(root + "/etc/passwd", "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000::/home/app:/bin/sh\n", 0644);
  file::write(root + "/etc/group", "root:x:0:\napp:x:1000:\nextra:x:2000:app\n", 0644);
}

}  // namespace

std::string read_until_end(int fd) {
  std::string text;
  std::array<char, 4096> buffer{};
  for (;;) {
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got <= 0) return text;  // a terminal ends with EIO
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

void ContainerTest::SetUpTestSuite() {
  static bool done = false;
  if (done) return;
  done = true;
  sys::unshare(CLONE_NEWNS);
  sys::mount("", "/", "", MS_REC | MS_PRIVATE, "");
  sys::prctl("PR_SET_DUMPABLE", PR_SET_DUMPABLE, 0);
  umask(022);
}

void ContainerTest::SetUp() {
  std::string name = "/tmp/minidock-runtime-XXXXXX";
  ASSERT_NE(mkdtemp(name.data()), nullptr);
  directory_ = name;
  cgroup_parent_ = fmt::format("/minidock-test-{}", getpid());
  make_busybox_layer(layer());
  for (const char* part : {"upper", "work"}) fs::create_directories(path(part));
}

void ContainerTest::TearDown() {
  remove_cgroup(cgroup_parent_);
  file::remove_tree(directory_);
}

Spec ContainerTest::make_host_user_spec(const std::string& script) const {
  Spec spec;
  spec.process.args = {"/bin/sh", "-c", script};
  spec.process.env = {"PATH=/usr/local/bin:/bin"};
  spec.process.capabilities = {kCapabilities, kCapabilities, kCapabilities, {}, {}};
  spec.rootfs.store = path("layers");
  spec.rootfs.layers = {"base"};
  spec.rootfs.upper = path("upper");
  spec.rootfs.work = path("work");
  spec.hostname = "box";
  spec.mounts = default_mounts();
  for (const char* type : {"mount", "uts", "ipc", "pid", "network", "cgroup"}) spec.namespaces.push_back({type, ""});
  spec.masked_paths = {"/proc/acpi", "/proc/kcore",   "/proc/keys",      "/proc/timer_list",
                       "/proc/scsi", "/sys/firmware", "/proc/interrupts"};
  spec.readonly_paths = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"};
  spec.cgroups_path = cgroup_parent_ + "/c1";
  spec.device_rules = default_device_rules();
  return spec;
}

Spec ContainerTest::make_spec(const std::string& script) const {
  Spec spec = make_host_user_spec(script);
  spec.namespaces.push_back({"user", ""});
  spec.uid_mappings = {{0, kHostId, 65536}};
  spec.gid_mappings = {{0, kHostId, 65536}};
  sys::fchownat(AT_FDCWD, spec.rootfs.upper, kHostId, kHostId, 0);
  return spec;
}

std::string ContainerTest::make_volume(const std::string& name) const {
  fs::create_directories(path(name));
  sys::fchownat(AT_FDCWD, path(name), kHostId, kHostId, 0);
  return path(name);
}

Result ContainerTest::run(const Spec& spec, const PreservedDescriptors& preserved) const {
  const Fd null = sys::open("/dev/null", O_RDWR);
  Pipe output = sys::pipe();
  ContainerProcess process =
      ContainerProcess::clone(spec, {null.get(), output.write.get(), output.write.get(), preserved});
  process.prepare();
  output.write.reset();
  process.wait_until_built();
  process.let_go();
  const Fd terminal = process.wait_until_started();
  Result result;
  result.output = read_until_end(terminal ? terminal.get() : output.read.get());
  result.exit_code = process::exit_code(sys::waitpid(process.pid()));
  remove_cgroup(spec.cgroups_path);
  return result;
}

ContainerTest::Running ContainerTest::start(Spec spec) const {
  spec.process.args = {"/bin/cat"};
  Pipe input = sys::pipe();
  const Fd null = sys::open("/dev/null", O_RDWR);
  ContainerProcess process = ContainerProcess::clone(spec, {input.read.get(), null.get(), STDERR_FILENO});
  process.prepare();
  process.wait_until_built();
  process.let_go();
  process.wait_until_started();
  const ProcessId id{process.pid(), process::start_time_of(process.pid()).value_or(0)};
  return Running{std::move(process), id, std::move(input.write)};
}

Result ContainerTest::finish(Running& running) const {
  running.input.reset();
  return Result{process::exit_code(sys::waitpid(running.process.pid())), ""};
}

Result ContainerTest::exec(const Spec& spec, const Running& container, const Process& process) const {
  const Fd null = sys::open("/dev/null", O_RDWR);
  Pipe output = sys::pipe();
  const ExecProcess child =
      exec_in_container(spec, container.id, process, {null.get(), output.write.get(), output.write.get()});
  output.write.reset();
  Result result;
  result.output = read_until_end(child.terminal ? child.terminal.get() : output.read.get());
  result.exit_code = process::exit_code(sys::waitpid(child.pid));
  return result;
}

std::string ContainerTest::error_of(const Spec& spec, ErrorKind kind) const {
  try {
    run(spec);
  } catch (const Error& error) {
    EXPECT_EQ(to_string(error.kind()), to_string(kind)) << error.message();
    return error.message();
  }
  ADD_FAILURE() << "the container started";
  return "";
}

}  // namespace minidock::runtime::test

#include "tests/functional/sandbox.h"

#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace minidock::functional {
namespace {

namespace fs = std::filesystem;

std::string environment_or(const char* name, const std::string& fallback) {
  const char* value = getenv(name);
  return value != nullptr ? value : fallback;
}

void require(bool success, const std::string& what) {
  if (!success) throw std::runtime_error(what + ": " + strerror(errno));
}

std::vector<pid_t> children_of_this_process() {
  const std::string path = "/proc/self/task/" + std::to_string(gettid()) + "/children";
  std::istringstream text(read_file(path));
  std::vector<pid_t> children;
  for (pid_t pid = 0; text >> pid;) children.push_back(pid);
  return children;
}

void reap_children() {
  while (waitpid(-1, nullptr, WNOHANG) > 0) {
  }
}

int as_exit_code(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

}  // namespace

std::string join(const Arguments& command) {
  std::string line;
  for (const std::string& word : command) {
    line += line.empty() ? "'" : " '";
    for (const char c : word) line += c == '\'' ? std::string("'\\''") : std::string(1, c);
    line += "'";
  }
  return line;
}

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string status_field(pid_t pid, const std::string& name) {
  for (const std::string& line : lines_of(read_file("/proc/" + std::to_string(pid) + "/status"))) {
    if (line.starts_with(name + ":\t")) return line.substr(name.size() + 2);
  }
  return "";
}

void kill_process(pid_t pid, int signal) {
  if (pid > 1) {
    ::kill(pid, signal);
  } else {
    ADD_FAILURE() << "no process to be killed";
  }
}

std::string images_directory() { return environment_or("MINIDOCK_TEST_IMAGES", MINIDOCK_IMAGES_DIR); }
std::string source_directory() { return MINIDOCK_SOURCE_DIR; }

Background::Background(const Arguments& command, const std::string& input, const std::string& scratch) {
  static int counter = 0;
  const std::string stem = scratch + "/output" + std::to_string(++counter);
  out_file_ = stem + ".out";
  err_file_ = stem + ".err";
  const std::string in_file = input.empty() ? "/dev/null" : stem + ".in";
  if (!input.empty()) std::ofstream(in_file, std::ios::binary) << input;
  std::vector<char*> argv;
  for (const std::string& argument : command) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  pid_ = fork();
  require(pid_ >= 0, "fork");
  if (pid_ > 0) return;
  const int in = open(in_file.c_str(), O_RDONLY | O_CLOEXEC);
  const int out = open(out_file_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
  const int err = open(err_file_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
  if (in < 0 || out < 0 || err < 0) _exit(120);
  dup2(in, STDIN_FILENO);
  dup2(out, STDOUT_FILENO);
  dup2(err, STDERR_FILENO);
  execvp(argv[0], argv.data());
  dprintf(STDERR_FILENO, "%s: %s\n", argv[0], strerror(errno));
  _exit(121);
}

Background::Background(Background&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      status_(other.status_),
      out_file_(std::move(other.out_file_)),
      err_file_(std::move(other.err_file_)) {}

Background::~Background() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

void Background::signal(int number) const { kill(pid_, number); }
std::string Background::out() const { return read_file(out_file_); }
std::string Background::err() const { return read_file(err_file_); }

Result Background::wait() {
  const bool ended = Sandbox::eventually([this] { return waitpid(pid_, &status_, WNOHANG) == pid_; }) ||
                     Sandbox::eventually([this] { return waitpid(pid_, &status_, WNOHANG) == pid_; });
  if (!ended) {
    kill(pid_, SIGKILL);
    waitpid(pid_, &status_, 0);
    ADD_FAILURE() << "did not end within a minute; so far: " << out() << err();
  }
  pid_ = -1;
  return {as_exit_code(status_), out(), err()};
}

Sandbox::Sandbox() {
  enter_namespaces();
  std::string name = "/var/tmp/minidock-test-XXXXXX";
  require(mkdtemp(name.data()) != nullptr, "mkdtemp");
  scratch_ = name;
  // A remapped root has to be able to pass, as with the real root directory's parents.
  chmod(scratch_.c_str(), 0711);
  make_private_directories();
  host_ok({"ip", "link", "set", "lo", "up"});
}

void Sandbox::enter_namespaces() {
  host_mount_namespace_ = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
  host_network_namespace_ = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  require(unshare(CLONE_NEWNS | CLONE_NEWNET) == 0, "unshare (these tests need root)");
  require(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, "making / private");
  // /sys shows the interfaces of the namespace that it was mounted in; the cgroups come along below it.
  require(mount("/sys/fs/cgroup", "/mnt", nullptr, MS_BIND | MS_REC, nullptr) == 0, "bind /sys/fs/cgroup");
  require(mount("sysfs", "/sys", "sysfs", 0, nullptr) == 0, "mounting sysfs");
  require(mount("/mnt", "/sys/fs/cgroup", nullptr, MS_MOVE, nullptr) == 0, "moving /sys/fs/cgroup");
  // Shims whose command has ended become children of this process: what is left over can be found.
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

void Sandbox::make_private_directories() {
  // minidock adds the user dockremap and its ranges to /etc, and links to network namespaces to /run/netns.
  const std::string etc = scratch_ + "/etc";
  fs::create_directories(etc + "/upper");
  fs::create_directories(etc + "/work");
  const std::string options = "lowerdir=/etc,upperdir=" + etc + "/upper,workdir=" + etc + "/work";
  require(mount("overlay", "/etc", "overlay", 0, options.c_str()) == 0, "overlay on /etc");
  fs::create_directories("/run/netns");
  require(mount("tmpfs", "/run/netns", "tmpfs", 0, "mode=0755") == 0, "tmpfs on /run/netns");
  fs::remove("/etc/minidock/daemon.json");
  // As systemd leaves it on every machine that it boots: a mount that is not made private spreads.
  require(mount(nullptr, "/", nullptr, MS_REC | MS_SHARED, nullptr) == 0, "making / shared");
}

Sandbox::~Sandbox() {
  remove_everything();
  require(setns(host_mount_namespace_, CLONE_NEWNS) == 0, "setns");
  require(setns(host_network_namespace_, CLONE_NEWNET) == 0, "setns");
  close(host_mount_namespace_);
  close(host_network_namespace_);
  std::error_code error;
  fs::remove_all(scratch_, error);
  if (error) ADD_FAILURE() << "cannot remove " << scratch_ << ": " << error.message();
}

void Sandbox::remove_everything() {
  const Result reset = minidock({"system", "reset", "-f"});
  if (reset.exit_code != 0) ADD_FAILURE() << "system reset: exit code " << reset.exit_code << " " << reset.err;
  end_leftover_processes();
  // The kernel removes a veth pair a moment after its network namespace.
  const auto links = [&] { return host({"ip", "-o", "link"}).out; };
  if (!eventually([&] { return links().find(": md") == std::string::npos; })) {
    ADD_FAILURE() << "left over after system reset: " << links();
  }
  const std::string rules = host({"nft", "list", "ruleset"}).out;
  if (rules.find("minidock") != std::string::npos) ADD_FAILURE() << "left over after system reset: " << rules;
}

void Sandbox::end_leftover_processes() {
  const bool gone = eventually([] {
    reap_children();
    return children_of_this_process().empty();
  });
  if (gone) return;
  for (const pid_t pid : children_of_this_process()) {
    ADD_FAILURE() << "left over: process " << pid << " " << read_file("/proc/" + std::to_string(pid) + "/comm");
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
  }
}

void Sandbox::pause_shortly() { usleep(50'000); }

Arguments Sandbox::command(const Arguments& arguments) const {
  Arguments all = {environment_or("MINIDOCK_TEST_BINARIES", MINIDOCK_BINARIES_DIR) + "/minidock", "--root",
                   path("root"), "--state", path("state")};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return all;
}

Background Sandbox::start(const Arguments& arguments, const std::string& input) {
  return Background(command(arguments), input, scratch_);
}

Result Sandbox::minidock(const Arguments& arguments, const std::string& input) {
  return start(arguments, input).wait();
}

std::string Sandbox::minidock_ok(const Arguments& arguments, const std::string& input) {
  return host_ok(command(arguments), input);
}

Result Sandbox::host(const Arguments& command, const std::string& input) {
  return Background(command, input, scratch_).wait();
}

std::string Sandbox::host_ok(const Arguments& command, const std::string& input) {
  const Result result = host(command, input);
  if (result.exit_code != 0) {
    std::string line;
    for (const std::string& word : command) line += word + " ";
    ADD_FAILURE() << line << ": exit code " << result.exit_code << "\n" << result.out << result.err;
  }
  return trimmed(result.out);
}

std::string Sandbox::cgroups_like(const std::string& pattern) {
  // The exit code tells of directories of others that went while find was at them.
  return trimmed(host({"find", "/sys/fs/cgroup", "-depth", "-type", "d", "-path", pattern}).out);
}

void Sandbox::remove_cgroups_like(const std::string& pattern) {
  for (const std::string& group : lines_of(cgroups_like(pattern))) {
    EXPECT_EQ(rmdir(group.c_str()), 0) << group << ": " << strerror(errno);
  }
}

Result Sandbox::run(const Arguments& options, const Arguments& program, const std::string& input) {
  load("busybox");
  Arguments arguments = {"run", "--rm"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  arguments.push_back("busybox");
  arguments.insert(arguments.end(), program.begin(), program.end());
  return minidock(arguments, input);
}

std::string Sandbox::run_detached(const Arguments& options, const Arguments& program) {
  load("busybox");
  Arguments arguments = {"run", "-d"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  arguments.push_back("busybox");
  arguments.insert(arguments.end(), program.begin(), program.end());
  return minidock_ok(arguments);
}

void Sandbox::load(const std::string& image) {
  if (loaded_[image]) return;
  minidock_ok({"load", "-q", "-i", images_directory() + "/" + image + ".tar"});
  loaded_[image] = true;
}

std::string Sandbox::write_file(const std::string& name, const std::string& content, mode_t mode) const {
  fs::create_directories(fs::path(path(name)).parent_path());
  std::ofstream(path(name), std::ios::binary) << content;
  chmod(path(name).c_str(), mode);
  return path(name);
}

std::string Sandbox::inspect(const std::string& container, const std::string& format) {
  return minidock_ok({"inspect", "--format", format, container});
}

pid_t Sandbox::pid_of(const std::string& container) {
  const std::string text = inspect(container, "{{.State.Pid}}");
  return static_cast<pid_t>(atoi(text.c_str()));
}

std::string Sandbox::address_of(const std::string& container) {
  return inspect(container, "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}");
}

}  // namespace minidock::functional

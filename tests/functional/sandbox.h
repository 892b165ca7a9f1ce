// A piece of host for one functional test: mount and network namespaces of its own with lo up, a private /etc and
// /run/netns, and an instance of minidock (--root, --state) in a scratch directory. Destroying it removes
// everything and fails the test when a process, interface or nft table of the instance is left.
#pragma once

#include <gtest/gtest.h>
#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

namespace minidock::functional {

using Arguments = std::vector<std::string>;

struct Result {
  int exit_code = -1;  // 128 + n for signal n
  std::string out;
  std::string err;
};

// One running program, its output collected in files. Ended with SIGKILL when destroyed before it was waited for.
class Background {
 public:
  Background(const Arguments& command, const std::string& input, const std::string& scratch);
  Background(Background&& other) noexcept;
  Background(const Background&) = delete;
  ~Background();

  pid_t pid() const { return pid_; }
  void signal(int number) const;
  // Waits up to a minute, then kills it and fails the test.
  Result wait();
  // What it has written so far.
  std::string out() const;
  std::string err() const;

 private:
  pid_t pid_;
  int status_ = -1;
  std::string out_file_;
  std::string err_file_;
};

class Sandbox {
 public:
  Sandbox();
  ~Sandbox();
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  // minidock with this sandbox's directories. Standard input is empty unless given.
  Result minidock(const Arguments& arguments, const std::string& input = "");
  // The same; the test fails unless the exit code is 0. Returns standard output without its last newline.
  std::string minidock_ok(const Arguments& arguments, const std::string& input = "");
  // argv for minidock, to start it in another way (in the background, in a terminal).
  Arguments command(const Arguments& arguments) const;
  Background start(const Arguments& arguments, const std::string& input = "");

  // `docker run` in the foreground of the busybox image: `run({"-e", "A=1"}, {"env"})`.
  Result run(const Arguments& options, const Arguments& program, const std::string& input = "");
  // `run -d`: returns the container's id.
  std::string run_detached(const Arguments& options, const Arguments& program);

  // Loads a fixture image ("busybox", "webapp") the first time.
  void load(const std::string& image);

  // A host program in this sandbox; `host_ok` fails the test unless the exit code is 0.
  Result host(const Arguments& command, const std::string& input = "");
  std::string host_ok(const Arguments& command, const std::string& input = "");
  std::string shell(const std::string& script) { return host_ok({"sh", "-c", script}); }

  // The groups of all cgroup hierarchies whose path matches, the deepest first, a line each; those of other tests come
  // and go meanwhile.
  std::string cgroups_like(const std::string& pattern);
  // Empty ones only.
  void remove_cgroups_like(const std::string& pattern);

  // Path of a new file or directory below the scratch directory.
  std::string path(const std::string& name) const { return scratch_ + "/" + name; }
  std::string write_file(const std::string& name, const std::string& content, mode_t mode = 0644) const;

  // {{.State.Pid}} of a container, as it is outside.
  pid_t pid_of(const std::string& container);
  std::string inspect(const std::string& container, const std::string& format);
  std::string address_of(const std::string& container);

  // Repeats until `condition` holds; false after half a minute.
  template <typename Condition>
  static bool eventually(Condition condition) {
    for (int attempt = 0; attempt < 600; ++attempt) {
      if (condition()) return true;
      pause_shortly();
    }
    return false;
  }

 private:
  static void pause_shortly();
  void enter_namespaces();
  void make_private_directories();
  void remove_everything();
  void end_leftover_processes();

  int host_mount_namespace_;
  int host_network_namespace_;
  std::string scratch_;
  std::map<std::string, bool> loaded_;
};

class FunctionalTest : public testing::Test {
 protected:
  Sandbox box;
};

std::string trimmed(std::string text);
// The words of a command for the shell, each in quotes.
std::string join(const Arguments& command);
std::vector<std::string> lines_of(const std::string& text);
std::string read_file(const std::string& path);
// A field of /proc/PID/status, e.g. "CapEff"; empty when there is none.
std::string status_field(pid_t pid, const std::string& name);
// kill(2) of one process only: 0 and -1, which a failed step may have given, would be many.
void kill_process(pid_t pid, int signal);
// Directory with the fixture images.
std::string images_directory();
std::string source_directory();

}  // namespace minidock::functional

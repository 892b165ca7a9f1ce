#include "tests/functional/terminal.h"

#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <stdexcept>

namespace minidock::functional {

Terminal::Terminal(const Arguments& command, unsigned short rows, unsigned short columns) {
  std::vector<char*> argv;
  for (const std::string& argument : command) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  struct winsize size = {rows, columns, 0, 0};
  pid_ = forkpty(&master_, nullptr, nullptr, &size);
  if (pid_ < 0) throw std::runtime_error("forkpty failed");
  if (pid_ == 0) {
    execvp(argv[0], argv.data());
    _exit(121);
  }
  struct termios modes;
  if (tcgetattr(master_, &modes) == 0) first_local_modes_ = modes.c_lflag;
}

Terminal::~Terminal() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  close(master_);
}

void Terminal::type(const std::string& keys) {
  if (write(master_, keys.data(), keys.size()) != static_cast<ssize_t>(keys.size())) {
    ADD_FAILURE() << "cannot write to the terminal";
  }
}

bool Terminal::read_more(int timeout_ms) {
  struct pollfd poll_fd = {master_, POLLIN, 0};
  if (poll(&poll_fd, 1, timeout_ms) <= 0) return false;
  char buffer[4096];
  const ssize_t count = read(master_, buffer, sizeof buffer);
  if (count <= 0) return false;  // EIO: nobody has the terminal open any more
  screen_.append(buffer, static_cast<std::size_t>(count));
  return true;
}

bool Terminal::shows(const std::string& text) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (true) {
    const std::size_t found = screen_.find(text, matched_);
    if (found != std::string::npos) {
      matched_ = found + text.size();
      return true;
    }
    if (std::chrono::steady_clock::now() > deadline) return false;
    siginfo_t end = {};
    if (!read_more(200) && waitid(P_PID, static_cast<id_t>(pid_), &end, WEXITED | WNOHANG | WNOWAIT) == 0 &&
        end.si_pid != 0 && !read_more(0)) {
      return screen_.find(text, matched_) != std::string::npos;
    }
  }
}

void Terminal::resize(unsigned short rows, unsigned short columns) {
  const struct winsize size = {rows, columns, 0, 0};
  ioctl(master_, TIOCSWINSZ, &size);
}

int Terminal::wait() {
  int status = -1;
  const bool ended = Sandbox::eventually([&] {
    while (read_more(0)) {
    }
    return waitpid(pid_, &status, WNOHANG) == pid_;
  });
  if (!ended) {
    ADD_FAILURE() << "the program on the terminal did not end; it showed: " << screen_;
    return -1;
  }
  pid_ = -1;
  while (read_more(0)) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool Terminal::has_first_mode() const {
  struct termios modes;
  return tcgetattr(master_, &modes) == 0 && modes.c_lflag == first_local_modes_;
}

}  // namespace minidock::functional

// Owners of descriptors. In a signature `Fd` transfers ownership and `int` borrows.
#pragma once

#include <utility>

namespace minidock {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) noexcept : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.release()) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { reset(); }

  int get() const noexcept { return fd_; }
  bool valid() const noexcept { return fd_ >= 0; }
  explicit operator bool() const noexcept { return valid(); }
  // Gives up ownership.
  int release() noexcept { return std::exchange(fd_, -1); }
  // Closes what is held, then owns `fd`. A close error is dropped: nothing sensible can be done with it here.
  void reset(int fd = -1) noexcept;

 private:
  int fd_ = -1;
};

struct Pipe {
  Fd read;
  Fd write;
};

struct SocketPair {
  Fd ours;
  Fd theirs;
};

}  // namespace minidock

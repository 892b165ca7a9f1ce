// /run/netns/<name>, so that ip-netns(8) finds a container's network namespace by the container's name.
#pragma once

#include <sys/types.h>

#include <string>

namespace minidock::shim {

// Owns the link: removes it, if it still is this one, at its end.
class NetnsLink {
 public:
  NetnsLink() = default;
  // Makes `path` a link to /proc/<pid>/ns/net. A stale link of a dead container is replaced; anything else of that name
  // is somebody's own and stays: then there is no link, which is noted in the trace only. Makes the directory (0755)
  // when it is missing. An empty path makes nothing.
  static NetnsLink create(const std::string& path, pid_t pid);
  NetnsLink(NetnsLink&& other) noexcept;
  NetnsLink& operator=(NetnsLink&& other) noexcept;
  ~NetnsLink() { remove(); }

  void remove() noexcept;

 private:
  std::string path_;  // empty: none
  std::string target_;
};

}  // namespace minidock::shim

// A symbolic link that tells something while a container runs.
#pragma once

#include <optional>
#include <string>

namespace minidock::shim {

// Where `path` leads; nothing when it is no link, or a longer one than is made here.
std::optional<std::string> link_target(const std::string& path) noexcept;

// Removes the link, if it still is this one, at its end.
class OwnedLink {
 public:
  OwnedLink() = default;
  // Made beside and renamed: nobody sees the name without a link behind it, and one link replaces another at once.
  // `replaces`: whatever has the name goes; otherwise that stays, and the result is empty.
  static OwnedLink create(const std::string& path, const std::string& target, bool replaces);
  OwnedLink(OwnedLink&& other) noexcept;
  OwnedLink& operator=(OwnedLink&& other) noexcept;
  ~OwnedLink() { remove(); }

  explicit operator bool() const { return !path_.empty(); }
  void remove() noexcept;
  // It stays after the end of this object.
  void release() noexcept { path_.clear(); }

 private:
  std::string path_;  // empty: none
  std::string target_;
};

}  // namespace minidock::shim

// What a path of `cp` names, on the host and in a container's root; in the latter by descriptor only (rule R1).
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "engine/copy_paths.h"

namespace minidock::copy {

// An object, held by its directory. For a path that ends with a slash (or "/.") the directory itself is held, and the
// base is ".".
struct Found {
  Fd directory;  // O_PATH; invalid when nothing can be there
  std::string base;
  std::optional<struct stat> status;  // of the object, links not followed; nothing: it does not exist
  std::string path;                   // where it was found
  bool is_directory() const { return status && S_ISDIR(status->st_mode); }
  bool is_link() const { return status && S_ISLNK(status->st_mode); }
};

// "a//b/./c/" → "/a/b/c/".
std::string path_in_root(const std::string& typed);

// `path` as path_in_root gives it. With `follow` a link at its end is followed, inside the root.
Found find_in_root(int root, const std::string& path, bool follow);

// The paths that a pattern of the shell names (glob(7)), sorted; links at the end of a pattern are not followed.
std::vector<std::string> expand_in_root(int root, const std::string& pattern);

// Absolute and clean, with its "/" or "/." at the end.
std::string path_on_host(const std::string& typed);

// ErrorKind::not_found "lstat PATH: no such file or directory".
Found find_host_source(const std::string& path, bool follow);

// The destination, its links at the end resolved; its directory has to exist.
Destination find_host_destination(const std::string& path);

}  // namespace minidock::copy

// Reaching things inside a tree that somebody hostile may have written (a rootfs, a layer, a volume): always by
// descriptor, never by a joined path. Links are resolved as if `root` were "/"; magic links are refused.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/fd.h"

namespace minidock::path {

// openat2(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS). `flags` as for open(2); O_CLOEXEC is added.
Fd open_in_root(int root, const std::string& path, int flags, mode_t mode = 0);

// The same, but an invalid Fd when the object does not exist (ENOENT, or ENOTDIR on the way).
Fd open_in_root_if_exists(int root, const std::string& path, int flags);

// Opens the directory `path` (O_PATH), creating each missing component with `mode`, owned by the caller.
Fd make_directories_in_root(int root, const std::string& path, mode_t mode = 0755);

// Makes sure that `path` exists as something that a file can be mounted on: creates missing parents and an empty
// regular file. Returns it opened O_PATH; a directory in its place is ErrorKind::conflict.
Fd make_file_in_root(int root, const std::string& path, mode_t mode = 0644);

// "/a/./b//../c" → "/a/c"; always absolute, without a trailing slash ("/" alone stays). Purely lexical.
std::string clean_absolute(std::string_view path);

// Everything after the last slash / before it ("." when there is none).
std::string base_name(std::string_view path);
std::string parent_of(std::string_view path);

}  // namespace minidock::path

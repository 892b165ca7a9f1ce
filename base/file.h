// Whole files and trees of minidock's own (trusted paths: below --root, --state, /proc, /sys, /etc).
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace minidock::file {

// At most `limit` bytes; a longer file is ErrorKind::corrupt_data. Works for /proc files (unknown size).
std::string read(const std::string& path, std::size_t limit = 16 * 1024 * 1024);
std::string read(int fd, std::size_t limit = 16 * 1024 * 1024);
// Nothing for a file that does not exist (ENOENT, ENOTDIR, or ESRCH in /proc).
std::optional<std::string> read_if_exists(const std::string& path, std::size_t limit = 16 * 1024 * 1024);

// One write(2) into an existing file (sysctls, cgroup and uid_map files).
void write_existing(const std::string& path, std::string_view content);

// Creates or truncates; not atomic (files that nobody reads before they are whole).
void write(const std::string& path, std::string_view content, mode_t mode);
void write_at(int dirfd, const std::string& name, std::string_view content, mode_t mode);

// Writes beside and renames: readers see the old or the new content. No fsync.
void replace(const std::string& path, std::string_view content, mode_t mode);
void replace_at(int dirfd, const std::string& name, std::string_view content, mode_t mode);

bool exists(const std::string& path);

// mkdir -p for a trusted path; components that are missing get `mode`.
void make_directories(const std::string& path, mode_t mode);

// Removes `name` below `dirfd` with everything in it, by descriptor, never following links or crossing into another
// file system. A missing name is fine.
void remove_tree(int dirfd, const std::string& name);
void remove_tree(const std::string& path);

}  // namespace minidock::file

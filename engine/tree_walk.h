// Everything below a directory that somebody hostile may be writing while it is walked: by descriptor, links are never
// followed, other file systems are left alone, and the depth costs memory only, not descriptors.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <functional>
#include <string>

namespace minidock {

// Called for each entry below the top; `directory` is borrowed. Directories come before what is in them.
using TreeVisitor = std::function<void(int directory, const std::string& name, const struct stat& info)>;

// Entries that go meanwhile are skipped. A directory that is moved while the walk is below it ends the walk: what is
// left is not visited.
void walk_tree(int top, const TreeVisitor& visit);

// Bytes of all files and links below (their length, as docker counts; each file once), 0 when there is no such
// directory.
std::uint64_t tree_size(const std::string& path);

}  // namespace minidock

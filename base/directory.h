// Listing a directory.
#pragma once

#include <string>
#include <vector>

namespace minidock::file {

// What is in the directory that `directory` (borrowed; O_PATH is enough) shows, without "." and "..", in no order.
// Neither reads nor moves the descriptor's own position.
std::vector<std::string> names_in(int directory);
// Nothing when there is no such directory.
std::vector<std::string> names_in(const std::string& path);

}  // namespace minidock::file

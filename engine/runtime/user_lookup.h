// "www-data", "1000", "app:users", "0:0" → ids, by the container's own /etc/passwd and /etc/group.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

namespace minidock::runtime {

struct User {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;  // supplementary, the primary one first
  std::string home = "/";
};

// The texts of both files in, ids out. Digits are always a number (0…2^31-1), never a name. ErrorKind::invalid_argument
// in docker's words.
User resolve_user(std::string_view wanted, const std::vector<std::string>& additional_groups, std::string_view passwd,
                  std::string_view group);

// Reads the files below `root`: regular ones of at most 1 MiB, links resolved inside (R9). A missing file is empty.
User child_look_up_user(int root, const std::string& wanted, const std::vector<std::string>& additional_groups);

}  // namespace minidock::runtime

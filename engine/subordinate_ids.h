// userns-remap: which host ids a container's ids are, from /etc/subuid and /etc/subgid (subuid(5)).
#pragma once

#include <string>
#include <vector>

#include "engine/runtime/spec.h"

namespace minidock {

struct IdMappings {
  std::vector<runtime::IdMapping> uids;  // empty: no remapping
  std::vector<runtime::IdMapping> gids;
  bool remapped() const { return !uids.empty(); }
};

// The directory with passwd, group, subuid and subgid is a parameter for tests; "/etc" else.
// `setting` is docker's userns-remap value; "" gives no mappings. For "default" the user dockremap and its ranges are
// created when missing (useradd and usermod of the host). ErrorKind::not_found with what to do when another user or its
// ranges do not exist.
IdMappings userns_mappings(const std::string& setting, const std::string& etc = "/etc");

// Parses the "first:count" ranges of `user` (or its numeric id) in a subuid(5) text into one contiguous map from 0 on.
std::vector<runtime::IdMapping> parse_subordinate_ranges(const std::string& text, const std::string& user,
                                                         const std::string& numeric_id);

// First id of a free block of 65536 at or above 100000, given the text of a subuid(5) file.
std::uint32_t first_free_range(const std::string& text);

// The maps of a process's user namespace: what /proc/PID/uid_map says. None for the initial one.
IdMappings mappings_of_process(pid_t pid);

// The maps of a user namespace given by path: read through a process that joins it for a moment.
IdMappings mappings_of_namespace(const std::string& path);

}  // namespace minidock

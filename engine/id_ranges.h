// --userns auto: a container whose user namespace has a range of the host's ids that no other container has. The ranges
// come from the subordinate ids of the user "containers" (subuid(5)), as podman's do.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/definition.h"
#include "engine/subordinate_ids.h"
#include "storage/database.h"

namespace minidock {

bool is_auto_userns(const std::string& userns_mode);

// "auto" or "auto:size=N": the number of ids, 65536 unless given. ErrorKind::invalid_argument for another option.
std::uint32_t parse_auto_userns(const std::string& userns_mode);

struct Interval {
  std::uint32_t first = 0;
  std::uint32_t size = 0;
};

// The lowest place for `size` ids within one of `available` that none of `used` overlaps; nothing when there is none.
std::optional<std::uint32_t> find_free_ids(const std::vector<Interval>& available, std::vector<Interval> used,
                                           std::uint32_t size);

// A range that no container of the database has. Must run in the transaction that inserts the container.
// ErrorKind::not_found without subordinate ids, ErrorKind::unavailable when they are all taken. `etc`: for tests.
IdRange choose_id_range(storage::Database& database, std::uint32_t size, const std::string& etc = "/etc");

IdMappings mappings_of(const IdRange& range);

}  // namespace minidock

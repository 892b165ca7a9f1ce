// The making of our nft tables from the database, for those whose change finds them missing.
#pragma once

#include "base/fd.h"
#include "storage/database.h"
#include "storage/instance.h"

namespace minidock::network {

// Held while bridges and tables are made or removed, so that containers that start together make them once.
Fd lock_host_state(const storage::Instance& instance);

// The caller holds the lock.
void build_tables(storage::Database& database, const storage::Instance& instance);

}  // namespace minidock::network

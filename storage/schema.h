#pragma once

namespace minidock::storage {

// Version of kSchema, stored as SQLite's user_version.
inline constexpr int kSchemaVersion = 2;

// All tables of an empty database.
extern const char kSchema[];

}  // namespace minidock::storage

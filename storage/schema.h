#pragma once

namespace minidock::storage {

// Version of kSchema, stored as SQLite's user_version.
inline constexpr int kSchemaVersion = 3;

// All tables of an empty database.
extern const char kSchema[];

// What a database of version 2 lacks.
extern const char kFromVersion2[];

}  // namespace minidock::storage

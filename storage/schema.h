#pragma once

namespace minidock::storage {

// Version of kSchema, stored as SQLite's user_version.
inline constexpr int kSchemaVersion = 4;

// All tables of an empty database.
extern const char kSchema[];

// What a database of this version lacks to be one of the next.
extern const char kFromVersion2[];
extern const char kFromVersion3[];

}  // namespace minidock::storage

// JSON as every folder reads and writes it: nlohmann::json behind a parser with limits.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace minidock {

using Json = nlohmann::json;
// Keeps the order of keys as inserted: what users see (inspect).
using OrderedJson = nlohmann::ordered_json;

namespace json {

// Parses foreign or stored text. Deeper than `max_depth` or malformed is ErrorKind::corrupt_data, naming `what`.
Json parse(std::string_view text, std::string_view what, int max_depth = 64);

// Typed access to foreign documents: the default when the key is absent or null, ErrorKind::corrupt_data when the
// value has another type.
std::string get_string(const Json& object, const char* key, const std::string& fallback = "");
std::int64_t get_int(const Json& object, const char* key, std::int64_t fallback = 0);
bool get_bool(const Json& object, const char* key, bool fallback = false);
std::vector<std::string> get_strings(const Json& object, const char* key);

// Compact text; bytes that are not UTF-8 become U+FFFD instead of an exception.
std::string dump(const Json& value);

}  // namespace json
}  // namespace minidock

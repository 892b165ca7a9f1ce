#include "base/json.h"

#include <fmt/format.h>

#include "base/error.h"

namespace minidock::json {

namespace {

// Of the brackets outside of strings. The library's own way, a callback for each value, makes it parse twice as slowly.
bool is_deeper_than(int max_depth, std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_string = false;
      }
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > max_depth) return true;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return false;
}

}  // namespace

Json parse(std::string_view text, std::string_view what, int max_depth) {
  if (is_deeper_than(max_depth, text)) {
    throw Error(ErrorKind::corrupt_data, fmt::format("{} is nested deeper than {} levels", what, max_depth));
  }
  try {
    return Json::parse(text);
  } catch (const Json::exception&) {
    throw Error(ErrorKind::corrupt_data, fmt::format("{} is not valid JSON", what));
  }
}

namespace {

const Json* find(const Json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto it = object.find(key);
  return it == object.end() || it->is_null() ? nullptr : &*it;
}

[[noreturn]] void wrong_type(const char* key, const char* wanted) {
  throw Error(ErrorKind::corrupt_data, fmt::format("\"{}\" is not {}", key, wanted));
}

}  // namespace

std::string get_string(const Json& object, const char* key, const std::string& fallback) {
  const Json* value = find(object, key);
  if (value == nullptr) return fallback;
  if (!value->is_string()) wrong_type(key, "a string");
  return value->get<std::string>();
}

std::int64_t get_int(const Json& object, const char* key, std::int64_t fallback) {
  const Json* value = find(object, key);
  if (value == nullptr) return fallback;
  if (!value->is_number_integer()) wrong_type(key, "a whole number");
  return value->get<std::int64_t>();
}

bool get_bool(const Json& object, const char* key, bool fallback) {
  const Json* value = find(object, key);
  if (value == nullptr) return fallback;
  if (!value->is_boolean()) wrong_type(key, "true or false");
  return value->get<bool>();
}

std::vector<std::string> get_strings(const Json& object, const char* key) {
  const Json* value = find(object, key);
  std::vector<std::string> result;
  if (value == nullptr) return result;
  if (!value->is_array()) wrong_type(key, "a list");
  for (const Json& item : *value) {
    if (!item.is_string()) wrong_type(key, "a list of strings");
    result.push_back(item.get<std::string>());
  }
  return result;
}

std::string dump(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace minidock::json

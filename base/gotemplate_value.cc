#include "base/gotemplate_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <optional>

#include "base/format.h"

namespace minidock::gotemplate {

Value make_value(OrderedJson json) { return std::make_shared<const OrderedJson>(std::move(json)); }

Value borrow(const OrderedJson& json) { return Value(Value(), &json); }

Value child_of(const Value& parent, const OrderedJson& child) { return Value(parent, &child); }

std::vector<std::string> sorted_keys(const OrderedJson& object) {
  std::vector<std::string> keys;
  for (const auto& item : object.items()) keys.push_back(item.key());
  std::sort(keys.begin(), keys.end());
  return keys;
}

std::string float_text(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Inf" : "+Inf";
  char buffer[512];
  const auto scientific = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific);
  const std::string text(buffer, scientific.ptr);
  const int exponent = std::atoi(text.c_str() + text.find('e') + 1);
  if (exponent < -4 || exponent >= 6) return text;
  const auto fixed = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::fixed);
  return std::string(buffer, fixed.ptr);
}

bool holds_only_strings(const OrderedJson& object) {
  return std::all_of(object.begin(), object.end(), [](const OrderedJson& item) { return item.is_string(); });
}

namespace {

// `{a b}`: what Go prints of a struct.
std::string struct_text(const OrderedJson& value, const Types& types, std::string_view members) {
  std::string text = "{";
  while (!members.empty()) {
    const std::size_t blank = std::min(members.find(' '), members.size());
    const std::string name(members.substr(0, blank));
    members.remove_prefix(std::min(blank + 1, members.size()));
    const auto found = value.find(name);
    const OrderedJson* member = found == value.end() ? types.absent(value, name) : &*found;
    if (text.size() > 1) text += ' ';
    if (member != nullptr) text += to_text(*member, types);
  }
  return text + "}";
}

// Of what prints otherwise than its JSON would; nothing for all else.
std::optional<std::string> typed_text(const OrderedJson& value, const Types& types) {
  const Field* field = types.find(value);
  if (field == nullptr) return std::nullopt;
  if (field->kind == Kind::slice && value.is_null()) return "[]";
  if (field->kind == Kind::map && value.is_null()) return "map[]";
  if (field->kind == Kind::duration && value.is_number_integer()) {
    return format::go_duration(value.get<std::int64_t>());
  }
  if ((field->kind == Kind::structure || !field->members.empty()) && value.is_object())
    return struct_text(value, types, field->members);
  return std::nullopt;
}

}  // namespace

std::string to_text(const OrderedJson& value, const Types& types) {
  if (std::optional<std::string> text = typed_text(value, types)) return *text;
  switch (value.type()) {
    case OrderedJson::value_t::null:
      return "<nil>";
    case OrderedJson::value_t::string:
      return value.get_ref<const std::string&>();
    case OrderedJson::value_t::number_float:
      return float_text(value.get<double>());
    case OrderedJson::value_t::array: {
      std::string text = "[";
      for (const OrderedJson& item : value) text += (&item == &value.front() ? "" : " ") + to_text(item, types);
      return text + "]";
    }
    case OrderedJson::value_t::object: {
      std::string text = "map[";
      for (const std::string& key : sorted_keys(value)) {
        text += (text.size() > 4 ? " " : "") + key + ":" + to_text(value.at(key), types);
      }
      return text + "]";
    }
    default:
      return value.dump();
  }
}

std::string to_action_text(const OrderedJson& value, const Types& types) {
  return value.is_null() && types.find(value) == nullptr ? "<no value>" : to_text(value, types);
}

namespace {

// Length of the UTF-8 sequence at the front of `text` and its code point; length 0 for bytes that are none.
std::size_t decode_utf8(std::string_view text, std::uint32_t& code) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])); };
  const std::uint32_t first = byte(0);
  const std::size_t length = first < 0x80        ? 1
                             : first >> 5U == 6  ? 2
                             : first >> 4U == 14 ? 3
                             : first >> 3U == 30 ? 4
                                                 : 0;
  if (length == 0 || length > text.size()) return 0;
  code = length == 1 ? first : first & (0xffU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if (byte(i) >> 6U != 2) return 0;
    code = code << 6U | (byte(i) & 0x3fU);
  }
  constexpr std::uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  return code < smallest[length] || code > 0x10ffff || surrogate ? 0 : length;
}

std::string quote_control(std::uint32_t code) {
  constexpr std::string_view from = "\a\b\f\n\r\t\v\\\"";
  constexpr std::string_view to = "abfnrtv\\\"";
  const std::size_t known = code < 0x80 ? from.find(static_cast<char>(code)) : std::string_view::npos;
  if (known != std::string_view::npos) return std::string("\\") + to[known];
  return code < 0x80 ? fmt::format("\\x{:02x}", code) : fmt::format("\\u{:04x}", code);
}

}  // namespace

std::string quote(std::string_view text) {
  std::string result = "\"";
  while (!text.empty()) {
    std::uint32_t code = 0;
    const std::size_t length = decode_utf8(text, code);
    if (length == 0) {
      result += fmt::format("\\x{:02x}", static_cast<unsigned char>(text.front()));
      text.remove_prefix(1);
      continue;
    }
    const bool unprintable = code < 0x20 || (code >= 0x7f && code <= 0xa0) || code == 0xad || code == 0xfeff;
    if (unprintable || code == '"' || code == '\\') {
      result += quote_control(code);
    } else {
      result += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  return result + "\"";
}

std::string_view type_name(const OrderedJson& value) {
  switch (value.type()) {
    case OrderedJson::value_t::null:
      return "<nil>";
    case OrderedJson::value_t::string:
      return "string";
    case OrderedJson::value_t::boolean:
      return "bool";
    case OrderedJson::value_t::number_float:
      return "float64";
    case OrderedJson::value_t::array:
      return "[]interface {}";
    case OrderedJson::value_t::object:
      return "map[string]interface {}";
    default:
      return "int";
  }
}

bool truth(const OrderedJson& value) {
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number_float()) return value.get<double>() != 0;
  if (value.is_number()) return value.get<std::int64_t>() != 0;
  if (value.is_string()) return !value.get_ref<const std::string&>().empty();
  return !value.empty();  // null counts as empty
}

}  // namespace minidock::gotemplate

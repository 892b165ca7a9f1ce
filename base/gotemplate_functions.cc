#include "base/gotemplate_functions.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace minidock::gotemplate {
namespace {

constexpr std::size_t kAny = std::numeric_limits<std::size_t>::max();
// Pieces that `split` may make: each costs a JSON value.
constexpr std::size_t kMaxPieces = 100'000;

[[noreturn]] void wrong_type(std::string_view wanted, const OrderedJson& got) {
  throw CallError{fmt::format("wrong type for value; expected {}; got {}", wanted, type_name(got)), true};
}

const std::string& text_of(const Value& value) {
  if (!value->is_string()) wrong_type("string", *value);
  return value->get_ref<const std::string&>();
}

std::int64_t integer_of(const Value& value) {
  if (!value->is_number_integer()) wrong_type("int", *value);
  if (value->is_number_unsigned() && value->get<std::uint64_t>() > std::numeric_limits<std::int64_t>::max()) {
    return std::numeric_limits<std::int64_t>::max();
  }
  return value->get<std::int64_t>();
}

Value text_value(std::string text) {
  if (text.size() > kMaxText) throw CallError{fmt::format("the result is longer than {} bytes", kMaxText)};
  return make_value(std::move(text));
}

// ---- text

// Bytes of ASCII only: what docker's formats apply them to.
char upper_char(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }
char lower_char(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

template <typename Change>
std::string map_text(std::string text, Change change) {
  std::transform(text.begin(), text.end(), text.begin(), change);
  return text;
}

Value upper(const CallContext& context, const Arguments& arguments) {
  return context.options.header ? arguments[0] : make_value(map_text(text_of(arguments[0]), upper_char));
}

Value lower(const CallContext& context, const Arguments& arguments) {
  return context.options.header ? arguments[0] : make_value(map_text(text_of(arguments[0]), lower_char));
}

// The first letter of each word; a word is letters, digits, underscores and quotes.
Value title(const CallContext& context, const Arguments& arguments) {
  if (context.options.header) return arguments[0];
  bool start = true;
  return make_value(map_text(text_of(arguments[0]), [&](char c) {
    const char result = start ? upper_char(c) : c;
    const bool word = lower_char(c) != c || upper_char(c) != c || (c >= '0' && c <= '9') || c == '_' || c == '\'' ||
                      (static_cast<unsigned char>(c) & 0x80U) != 0;
    start = !word;
    return result;
  }));
}

Value truncate(const CallContext& context, const Arguments& arguments) {
  if (context.options.header) return arguments[0];
  const std::string& text = text_of(arguments[0]);
  const std::int64_t length = integer_of(arguments[1]);
  if (length < 0) throw CallError{fmt::format("slice bounds out of range [:{}]", length)};
  return make_value(text.substr(0, static_cast<std::size_t>(length)));
}

// Blanks before and after a text that is not empty.
Value pad(const CallContext&, const Arguments& arguments) {
  const std::string& text = text_of(arguments[0]);
  const std::int64_t before = integer_of(arguments[1]);
  const std::int64_t after = integer_of(arguments[2]);
  if (text.empty()) return arguments[0];
  if (before < 0 || after < 0) throw CallError{"strings: negative Repeat count"};
  if (static_cast<std::uint64_t>(before) + static_cast<std::uint64_t>(after) > kMaxText) {
    throw CallError{"strings: Repeat output length overflow"};
  }
  return text_value(std::string(static_cast<std::size_t>(before), ' ') + text +
                    std::string(static_cast<std::size_t>(after), ' '));
}

Value split(const CallContext& context, const Arguments& arguments) {
  if (context.options.header) return arguments[0];
  std::string_view text = text_of(arguments[0]);
  const std::string& separator = text_of(arguments[1]);
  OrderedJson pieces = OrderedJson::array();
  while (pieces.size() < kMaxPieces) {
    // An empty separator splits after each UTF-8 character.
    std::size_t end = separator.empty() ? 1 : text.find(separator);
    while (separator.empty() && end < text.size() && (static_cast<unsigned char>(text[end]) >> 6U) == 2) ++end;
    if (separator.empty() && text.empty()) return make_value(std::move(pieces));
    pieces.push_back(std::string(text.substr(0, end)));
    if (end == std::string_view::npos) return make_value(std::move(pieces));
    text.remove_prefix(std::min(end + separator.size(), text.size()));
  }
  throw CallError{fmt::format("more than {} pieces", kMaxPieces)};
}

Value join(const CallContext& context, const Arguments& arguments) {
  if (context.options.header) return arguments[0];
  if (!arguments[0]->is_array() && !arguments[0]->is_null()) wrong_type("[]string", *arguments[0]);
  const std::string& separator = text_of(arguments[1]);
  std::string text;
  bool first = true;
  for (const OrderedJson& item : *arguments[0]) {
    if (!first) text += separator;
    first = false;
    text += to_text(item);
    if (text.size() > kMaxText) break;
  }
  return text_value(std::move(text));
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

// A row's own marshalling sorts the keys and escapes for HTML; docker's `json` of anything else does neither.
Value json(const CallContext& context, const Arguments& arguments) {
  if (context.options.header) return arguments[0];
  constexpr auto replace = OrderedJson::error_handler_t::replace;
  if (!context.options.row || arguments[0].get() != &context.root) {
    return text_value(arguments[0]->dump(-1, ' ', false, replace));
  }
  Json row = Json::object();
  for (const auto& item : arguments[0]->items()) {
    if (!item.value().is_object()) row[item.key()] = item.value();  // objects are methods
  }
  std::string text = row.dump(-1, ' ', false, replace);
  replace_all(text, "<", "\\u003c");
  replace_all(text, ">", "\\u003e");
  replace_all(text, "&", "\\u0026");
  return text_value(std::move(text));
}

// ---- escaping and printing

// fmt.Sprint: a blank between two operands that are both no strings; Sprintln: always.
std::string sprint(const CallContext& context, const Arguments& arguments, bool always_blank) {
  std::string text;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const bool strings = i > 0 && (arguments[i]->is_string() || arguments[i - 1]->is_string());
    if (i > 0 && (always_blank || !strings)) text += ' ';
    text += to_text(*arguments[i], context.types);
    if (text.size() > kMaxText) break;
  }
  return text;
}

Value print(const CallContext& context, const Arguments& arguments) {
  return text_value(sprint(context, arguments, false));
}
Value println(const CallContext& context, const Arguments& arguments) {
  return text_value(sprint(context, arguments, true) + "\n");
}
Value printf(const CallContext& context, const Arguments& arguments) {
  text_of(arguments[0]);
  return text_value(sprintf_text(arguments, context.types));
}

Value html(const CallContext& context, const Arguments& arguments) {
  std::string text;
  for (const char c : sprint(context, arguments, false)) {
    if (c == '<')
      text += "&lt;";
    else if (c == '>')
      text += "&gt;";
    else if (c == '&')
      text += "&amp;";
    else if (c == '\'')
      text += "&#39;";
    else if (c == '"')
      text += "&#34;";
    else if (c == '\0')
      text += "\uFFFD";
    else
      text += c;
  }
  return text_value(std::move(text));
}

Value js(const CallContext& context, const Arguments& arguments) {
  std::string text;
  for (const char c : sprint(context, arguments, false)) {
    if (c == '\\' || c == '\'' || c == '"') {
      text += '\\';
      text += c;
    } else if (c == '<' || c == '>' || c == '&' || c == '=' || (c >= 0 && c < 0x20)) {
      text += fmt::format("\\u{:04X}", static_cast<unsigned>(c));
    } else {
      text += c;
    }
  }
  return text_value(std::move(text));
}

Value urlquery(const CallContext& context, const Arguments& arguments) {
  std::string text;
  for (const char c : sprint(context, arguments, false)) {
    const bool plain = (c >= '0' && c <= '9') || upper_char(c) != c || lower_char(c) != c ||
                       std::string_view("-_.~").find(c) != std::string_view::npos;
    if (plain)
      text += c;
    else if (c == ' ')
      text += '+';
    else
      text += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return text_value(std::move(text));
}

// ---- containers

Value length(const CallContext&, const Arguments& arguments) {
  const OrderedJson& value = *arguments[0];
  if (value.is_string()) return make_value(value.get_ref<const std::string&>().size());
  if (value.is_structured() || value.is_null()) return make_value(value.size());
  throw CallError{fmt::format("len of type {}", type_name(value))};
}

Value index(const CallContext&, const Arguments& arguments) {
  Value value = arguments[0];
  for (std::size_t i = 1; i < arguments.size(); ++i) value = index_value(value, *arguments[i]);
  return value;
}

// slice x [i [j]]: of a string or a list.
Value slice(const CallContext&, const Arguments& arguments) {
  const OrderedJson& value = *arguments[0];
  if (!value.is_string() && !value.is_array())
    throw CallError{fmt::format("can't slice item of type {}", type_name(value))};
  const auto size =
      static_cast<std::int64_t>(value.is_string() ? value.get_ref<const std::string&>().size() : value.size());
  const std::int64_t from = arguments.size() > 1 ? integer_of(arguments[1]) : 0;
  const std::int64_t to = arguments.size() > 2 ? integer_of(arguments[2]) : size;
  for (const std::int64_t bound : {from, to}) {
    if (bound < 0 || bound > size) throw CallError{fmt::format("index out of range: {}", bound)};
  }
  if (from > to) throw CallError{fmt::format("invalid slice index: {} > {}", from, to)};
  if (value.is_string()) {
    return make_value(value.get_ref<const std::string&>().substr(static_cast<std::size_t>(from),
                                                                 static_cast<std::size_t>(to - from)));
  }
  return make_value(OrderedJson(OrderedJson::array_t(value.begin() + from, value.begin() + to)));
}

// ---- logic and comparing

// `and` and `or` get here only when the execution has evaluated all that it had to.
Value last(const CallContext&, const Arguments& arguments) { return arguments.back(); }

Value negate(const CallContext&, const Arguments& arguments) { return make_value(!truth(*arguments[0])); }

enum class Basic { nil, boolean, number, text, other };

Basic basic_kind(const OrderedJson& value) {
  if (value.is_null()) return Basic::nil;
  if (value.is_boolean()) return Basic::boolean;
  if (value.is_number()) return Basic::number;
  return value.is_string() ? Basic::text : Basic::other;
}

bool equal(const OrderedJson& left, const OrderedJson& right) {
  const Basic left_kind = basic_kind(left);
  const Basic right_kind = basic_kind(right);
  if (left_kind == Basic::nil || right_kind == Basic::nil) return left_kind == right_kind;
  if (left_kind == Basic::other || right_kind == Basic::other) {
    throw CallError{fmt::format("non-comparable type {}", type_name(left_kind == Basic::other ? left : right))};
  }
  if (left_kind != right_kind) throw CallError{"incompatible types for comparison"};
  return left == right;
}

bool less(const OrderedJson& left, const OrderedJson& right) {
  const Basic kind = basic_kind(left);
  if (kind != Basic::number && kind != Basic::text) throw CallError{"invalid type for comparison"};
  if (kind != basic_kind(right)) throw CallError{"incompatible types for comparison"};
  return left < right;
}

Value eq(const CallContext&, const Arguments& arguments) {
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    if (equal(*arguments[0], *arguments[i])) return make_value(true);
  }
  return make_value(false);
}

Value ne(const CallContext&, const Arguments& arguments) { return make_value(!equal(*arguments[0], *arguments[1])); }
Value lt(const CallContext&, const Arguments& arguments) { return make_value(less(*arguments[0], *arguments[1])); }
Value ge(const CallContext&, const Arguments& arguments) { return make_value(!less(*arguments[0], *arguments[1])); }
Value le(const CallContext&, const Arguments& arguments) {
  return make_value(less(*arguments[0], *arguments[1]) || equal(*arguments[0], *arguments[1]));
}
Value gt(const CallContext&, const Arguments& arguments) {
  return make_value(!less(*arguments[0], *arguments[1]) && !equal(*arguments[0], *arguments[1]));
}

constexpr Function kFunctions[] = {{"and", 1, kAny, last},
                                   {"or", 1, kAny, last},
                                   {"not", 1, 1, negate},
                                   {"eq", 2, kAny, eq},
                                   {"ne", 2, 2, ne},
                                   {"lt", 2, 2, lt},
                                   {"le", 2, 2, le},
                                   {"gt", 2, 2, gt},
                                   {"ge", 2, 2, ge},
                                   {"index", 1, kAny, index},
                                   {"slice", 1, 3, slice},
                                   {"len", 1, 1, length},
                                   {"print", 0, kAny, print},
                                   {"printf", 1, kAny, printf},
                                   {"println", 0, kAny, println},
                                   {"html", 1, kAny, html},
                                   {"js", 1, kAny, js},
                                   {"urlquery", 1, kAny, urlquery},
                                   {"json", 1, 1, json},
                                   {"split", 2, 2, split},
                                   {"join", 2, 2, join},
                                   {"title", 1, 1, title},
                                   {"lower", 1, 1, lower},
                                   {"upper", 1, 1, upper},
                                   {"pad", 3, 3, pad},
                                   {"truncate", 2, 2, truncate}};

}  // namespace

const Function* find_function(std::string_view name) {
  const auto* found = std::find_if(std::begin(kFunctions), std::end(kFunctions),
                                   [&](const Function& function) { return function.name == name; });
  return found == std::end(kFunctions) ? nullptr : found;
}

Value index_value(const Value& container, const OrderedJson& key) {
  if (container->is_object() || (container->is_null() && key.is_string())) {
    if (!key.is_string()) throw CallError{fmt::format("value has type {}; should be string", type_name(key))};
    const auto found = container->find(key.get_ref<const std::string&>());
    if (found != container->end()) return child_of(container, *found);
    return make_value(holds_only_strings(*container) ? OrderedJson("") : OrderedJson());
  }
  if (!container->is_array() && !container->is_string() && !container->is_null()) {
    throw CallError{fmt::format("can't index item of type {}", type_name(*container))};
  }
  if (!key.is_number_integer()) throw CallError{fmt::format("cannot index slice/array with type {}", type_name(key))};
  const auto position = key.get<std::int64_t>();
  const std::size_t size = container->is_string() ? container->get_ref<const std::string&>().size() : container->size();
  if (position < 0 || static_cast<std::uint64_t>(position) >= size) {
    throw CallError{fmt::format("index out of range: {}", position)};
  }
  const auto offset = static_cast<std::size_t>(position);
  if (container->is_array()) return child_of(container, (*container)[offset]);
  return make_value(static_cast<unsigned char>(container->get_ref<const std::string&>()[offset]));
}

}  // namespace minidock::gotemplate

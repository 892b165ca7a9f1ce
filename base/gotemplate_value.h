// What flows through a template: JSON values, borrowed from the data or made on the way, and how Go prints, tests and
// compares them.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/gotemplate_types.h"
#include "base/json.h"

namespace minidock::gotemplate {

// Never empty; null stands for Go's nil. Data is borrowed (aliased without an owner) and outlives the execution.
using Value = std::shared_ptr<const OrderedJson>;

// No text that a template makes may be longer.
inline constexpr std::size_t kMaxText = 16 * 1024 * 1024;

Value make_value(OrderedJson json);
Value borrow(const OrderedJson& json);
// An element of `parent`: keeps what owns the parent alive.
Value child_of(const Value& parent, const OrderedJson& child);

// True also of an object without any entry.
bool holds_only_strings(const OrderedJson& object);

// As `{{.}}` prints it: nil is "<no value>", a nil pointer "<nil>"; inside of lists and maps, and in print and printf,
// nil is "<nil>", too.
std::string to_text(const OrderedJson& value, const Types& types = {});
std::string to_action_text(const OrderedJson& value, const Types& types);

// fmt's %v of a float64: the shortest digits, with an exponent below 1e-4 and from 1e6.
std::string float_text(double value);

// strconv.Quote.
std::string quote(std::string_view text);

// Name of the Go type that encoding/json would have given the value.
std::string_view type_name(const OrderedJson& value);

bool truth(const OrderedJson& value);

// Keys of an object as range visits them: sorted by bytes.
std::vector<std::string> sorted_keys(const OrderedJson& object);

}  // namespace minidock::gotemplate

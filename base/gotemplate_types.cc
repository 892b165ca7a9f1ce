#include "base/gotemplate_types.h"

#include <algorithm>

namespace minidock::gotemplate {
namespace {

OrderedJson zero_value(Kind kind) {
  switch (kind) {
    case Kind::text:
      return "";
    case Kind::number:
    case Kind::duration:
      return 0;
    case Kind::boolean:
      return false;
    default:
      return nullptr;
  }
}

}  // namespace

Types::Types(const OrderedJson& document, const std::vector<Field>& fields) {
  for (const Field& field : fields) describe(document, field.path, field);
}

void Types::describe(const OrderedJson& value, std::string_view path, const Field& field) {
  if (path.empty()) {
    fields_[&value] = &field;
    return;
  }
  const std::size_t dot = std::min(path.find('.'), path.size());
  const std::string key(path.substr(0, dot));
  path.remove_prefix(std::min(dot + 1, path.size()));
  if (key == "*") {
    for (const OrderedJson& element : value) describe(element, path, field);
    return;
  }
  if (!value.is_object()) return;
  if (const auto found = value.find(key); found != value.end()) {
    describe(*found, path, field);
  } else if (path.empty()) {
    const auto added = absent_.emplace(std::pair(&value, key), zero_value(field.kind)).first;
    fields_[&added->second] = &field;
  }
}

const Field* Types::find(const OrderedJson& value) const {
  const auto found = fields_.find(&value);
  return found == fields_.end() ? nullptr : found->second;
}

const OrderedJson* Types::absent(const OrderedJson& object, const std::string& name) const {
  const auto found = absent_.find({&object, name});
  return found == absent_.end() ? nullptr : &found->second;
}

const std::string* Types::absent_name(const OrderedJson& value) const {
  const auto found =
      std::find_if(absent_.begin(), absent_.end(), [&](const auto& entry) { return &entry.second == &value; });
  return found == absent_.end() ? nullptr : &found->first.second;
}

}  // namespace minidock::gotemplate

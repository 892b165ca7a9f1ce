// What docker's Go structs say of a document and its JSON does not: whether null is an empty list, an empty map or a
// nil pointer, which fields are there although the JSON omits them, and which objects are structs.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/json.h"

namespace minidock::gotemplate {

enum class Kind { slice, map, pointer, text, number, boolean, duration, structure };

struct Field {
  std::string_view path;  // keys from the root, with dots between them; "*" is every element or entry
  Kind kind;
  std::string_view members =
      {};  // of a structure, or of that behind a pointer: as they are declared, blanks between them
};

// The kinds of one document's values, by their address: the document has to outlive it and must not change.
class Types {
 public:
  Types() = default;
  Types(const OrderedJson& document, const std::vector<Field>& fields);
  Types(const Types&) = delete;
  Types& operator=(const Types&) = delete;

  // Null for what no field describes.
  const Field* find(const OrderedJson& value) const;
  // The zero value of a field that `object` lacks; null when its struct has no such field.
  const OrderedJson* absent(const OrderedJson& object, const std::string& name) const;
  // Whether `value` stands for an absent field; its name.
  const std::string* absent_name(const OrderedJson& value) const;

 private:
  void describe(const OrderedJson& value, std::string_view path, const Field& field);

  std::unordered_map<const OrderedJson*, const Field*> fields_;
  std::map<std::pair<const OrderedJson*, std::string>, OrderedJson> absent_;
};

}  // namespace minidock::gotemplate

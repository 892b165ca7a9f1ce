// Go's text/template, as far as `--format` of docker's commands uses it, over JSON: fields, pipes, variables, if / else
// if / else, range (with else, `$i, $v :=`, break and continue), with, define / template / block, comments, trim
// markers, parentheses, literals; the built-in functions and docker's own (json, join, split, lower, upper, title, pad,
// truncate). Source: the package documentation of text/template and docker/cli's formatting documentation.
//
// Where JSON knows less than docker's Go structs and Options says nothing either:
// - An object is a map: a field that it lacks is docker's `map has no entry for key`, unless the object holds nothing
//   but strings, as docker's maps of labels and options: then it is nil.
// - `index` on a key that is absent gives "" when the map holds nothing but strings (labels), else nil.
// - null is nil, an empty map and an empty list at once: `len` of it is 0, `range` over it takes the else branch.
// - A field that holds an object, called with one string (`.Label "x"` of `ps`), looks that key up; absent is "".
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/gotemplate_types.h"
#include "base/json.h"

namespace minidock::gotemplate {

// What differs between the uses of a template.
struct Options {
  // What docker's structs know and the JSON does not.
  std::vector<Field> fields;
  // Fields of docker's struct that have another name in its JSON ({"ID", "id"}); "" in an object that lacks the key.
  std::vector<std::pair<std::string, std::string>> aliases = {};
  // Data is a list's titles: json, split, join, title, lower, upper and truncate give their argument back, and an
  // unknown field is empty.
  bool header = false;
  // Data is a row of a list: it has no fields but its own, and `json .` sorts the keys, leaves out objects (methods)
  // and escapes < > & as docker's rows do (elsewhere docker does not escape).
  bool row = false;
};

class Template {
 public:
  // ErrorKind::invalid_argument "template parsing error: template: :LINE: …" with Go's wording.
  static Template parse(std::string_view text);
  Template(Template&&) noexcept;
  Template& operator=(Template&&) noexcept;
  ~Template();

  // ErrorKind::invalid_argument `template parsing error: template: :1:2: executing "" at <.Foo>: …` (docker's words,
  // also for an error of the execution). Steps, depth and output are limited: a template cannot hang or exhaust the
  // memory.
  std::string execute(const OrderedJson& data, const Options& options = {}) const;

 private:
  struct Program;
  explicit Template(std::unique_ptr<Program> program);
  std::unique_ptr<Program> program_;
};

}  // namespace minidock::gotemplate

// Go's text/template, as far as `--format` of docker's commands uses it, over JSON: fields, pipes, variables, if / else
// if / else, range (with else and `$i, $v :=`), with, comments, trim markers, parentheses, literals; the built-in
// functions and docker's own (json, join, split, lower, upper, title, pad, println, truncate, table's header). Source:
// the package documentation of text/template and docker/cli's formatting documentation.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/json.h"

namespace minidock::gotemplate {

class Template {
 public:
  // ErrorKind::invalid_argument "template parsing error: …" with Go's wording where it is short.
  static Template parse(std::string_view text);
  Template(Template&&) noexcept;
  Template& operator=(Template&&) noexcept;
  ~Template();

  // Objects are structs or maps: a missing field is an error as with a Go struct ("can't evaluate field X") unless the
  // object is one of `maps` semantics — see README in gotemplate/: `index` on a missing key gives the empty value.
  // ErrorKind::invalid_argument "template execution error: …".
  std::string execute(const OrderedJson& data) const;

 private:
  struct Node;
  explicit Template(std::unique_ptr<Node> root);
  std::unique_ptr<Node> root_;
};

}  // namespace minidock::gotemplate

// Tokens → tree. Nesting and size are limited here, so that the execution may recurse over the tree.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/gotemplate_value.h"

namespace minidock::gotemplate {

inline constexpr std::size_t kMaxSource = 1024 * 1024;
inline constexpr int kMaxNesting = 100;

// Where a piece stands in the source, for errors: offset that Go counts the column from, and the text itself.
struct Place {
  std::size_t position = 0;
  std::string text;
};

struct Pipe;

// One operand: what it starts from, then fields of it.
struct Expression {
  enum class Kind { dot, nil, literal, variable, function, pipe };
  Kind kind = Kind::dot;
  Value literal;
  std::string name;            // of the variable ("$x") or function
  std::unique_ptr<Pipe> pipe;  // in parentheses
  std::vector<std::string> fields;
  Place place;
};

// `index .A 0`: the first is the function (or the only value), the others its arguments.
struct Command {
  std::vector<Expression> words;
  Place place;
};

struct Pipe {
  std::vector<std::string> variables;  // declared or assigned: at most one, two for range
  bool assigns = false;                // "=" instead of ":="
  std::vector<Command> commands;
  Place place;
};

struct Node {
  enum class Kind { text, action, branch_if, branch_with, range, call, break_loop, continue_loop };
  Kind kind = Kind::text;
  std::string text;  // plain text, or the name of the called template
  Pipe pipe;         // no commands: a call without data
  std::vector<Node> body;
  std::vector<Node> otherwise;
  Place place;
};

struct Tree {
  std::string source;
  std::vector<Node> body;
  std::map<std::string, std::vector<Node>, std::less<>> definitions;
};

Tree parse_tree(std::string_view source);

}  // namespace minidock::gotemplate

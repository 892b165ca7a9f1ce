// The functions that a template can call: Go's built-in ones and docker's.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/gotemplate.h"
#include "base/gotemplate_value.h"

namespace minidock::gotemplate {

using Arguments = std::vector<Value>;

// What a function may know besides its arguments.
struct CallContext {
  const OrderedJson& root;
  const Options& options;
  const Types& types;
};

// Thrown by functions; the execution adds where it happened. A wrong argument is Go's type check before the call, all
// else happens in the call ("error calling NAME: …").
struct CallError {
  std::string message;
  bool wrong_argument = false;
};

struct Function {
  std::string_view name;
  std::size_t least;  // number of arguments
  std::size_t most;
  Value (*call)(const CallContext& context, const Arguments& arguments);
};

// Null for an unknown name.
const Function* find_function(std::string_view name);

// fmt.Sprintf: the first argument is the format.
std::string sprintf_text(const Arguments& arguments, const Types& types);

// `index`'s rule for one step, also for fields called with an argument.
Value index_value(const Value& container, const OrderedJson& key);

}  // namespace minidock::gotemplate

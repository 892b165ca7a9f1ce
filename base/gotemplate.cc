// The execution: a walk over the tree with the current dot and the variables.
#include "base/gotemplate.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/gotemplate_functions.h"
#include "base/gotemplate_parser.h"

namespace minidock::gotemplate {

struct Template::Program {
  Tree tree;
};

namespace {

constexpr std::size_t kMaxOutput = 64 * 1024 * 1024;
constexpr std::uint64_t kMaxSteps = 10'000'000;
// Bodies, pipelines and called templates inside each other: bounds the stack.
constexpr int kMaxDepth = 1000;
// Bytes that functions may make in all: a loop that doubles a text must end.
constexpr std::size_t kMaxMade = 256 * 1024 * 1024;

enum class Flow { normal, break_loop, continue_loop };

class Execution {
 public:
  Execution(const Tree& tree, const OrderedJson& data, const Options& options)
      : tree_(tree), types_(data, options.fields), context_{data, options, types_}, variables_{{"$", borrow(data)}} {}

  std::string run() {
    const Value root = variables_.front().second;  // a copy: the variables move as they grow
    walk(tree_.body, root);
    return std::move(out_);
  }

 private:
  [[noreturn]] void fail(const Place& place, std::string_view message) const {
    const std::string_view before = std::string_view(tree_.source).substr(0, place.position);
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const std::size_t newline = before.rfind('\n');
    const std::size_t column = newline == std::string_view::npos ? place.position : place.position - newline - 1;
    throw Error(ErrorKind::invalid_argument,
                fmt::format("template parsing error: template: :{}:{}: executing \"\" at <{}>: {}", line, column,
                            place.text, message));
  }

  void step(const Place& place) {
    if (++steps_ > kMaxSteps) fail(place, fmt::format("more than {} steps", kMaxSteps));
  }

  void write(const Place& place, std::string_view text) {
    if (out_.size() + text.size() > kMaxOutput) fail(place, fmt::format("more than {} bytes of output", kMaxOutput));
    out_ += text;
  }

  // One more level of the recursion.
  class Level {
   public:
    Level(Execution& execution, const Place& place) : execution_(execution) {
      if (++execution_.depth_ > kMaxDepth) {
        execution_.fail(place, fmt::format("exceeded maximum template depth ({})", kMaxDepth));
      }
    }
    ~Level() { --execution_.depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    Execution& execution_;
  };

  Flow walk(const std::vector<Node>& nodes, const Value& dot) {
    for (const Node& node : nodes) {
      step(node.place);
      const Flow flow = walk(node, dot);
      if (flow != Flow::normal) return flow;
    }
    return Flow::normal;
  }

  Flow walk(const Node& node, const Value& dot) {
    const Level level(*this, node.place);
    switch (node.kind) {
      case Node::Kind::text:
        write(node.place, node.text);
        return Flow::normal;
      case Node::Kind::action: {
        const Value value = evaluate(node.pipe, dot);
        if (node.pipe.variables.empty()) write(node.place, to_action_text(*value, types_));
        return Flow::normal;
      }
      case Node::Kind::branch_if:
      case Node::Kind::branch_with:
        return branch(node, dot);
      case Node::Kind::range:
        return range(node, dot);
      case Node::Kind::call:
        call(node, dot);
        return Flow::normal;
      case Node::Kind::break_loop:
        return Flow::break_loop;
      default:
        return Flow::continue_loop;
    }
  }

  Flow branch(const Node& node, const Value& dot) {
    const std::size_t scope = variables_.size();
    const Value value = evaluate(node.pipe, dot);
    const bool with = node.kind == Node::Kind::branch_with;
    const Flow flow = truth(*value) ? walk(node.body, with ? value : dot) : walk(node.otherwise, dot);
    variables_.resize(scope);
    return flow;
  }

  // False when the loop ends here.
  bool iterate(const Node& node, const Value& key, const Value& element) {
    step(node.place);
    const std::size_t scope = variables_.size();
    const std::vector<std::string>& names = node.pipe.variables;
    if (names.size() == 1) set(node.pipe, names[0], element);
    if (names.size() == 2) {
      set(node.pipe, names[0], key);
      set(node.pipe, names[1], element);
    }
    const Flow flow = walk(node.body, element);
    variables_.resize(scope);
    return flow != Flow::break_loop;
  }

  // Lists in their order, maps by their sorted keys, a number n as 0 … n-1.
  Flow range(const Node& node, const Value& dot) {
    const std::size_t scope = variables_.size();
    const Value value = evaluate_commands(node.pipe, dot);
    bool empty = true;
    if (value->is_array()) {
      for (std::size_t i = 0; i < value->size(); ++i) {
        empty = false;
        if (!iterate(node, make_value(i), child_of(value, (*value)[i]))) break;
      }
    } else if (value->is_object()) {
      for (const std::string& key : sorted_keys(*value)) {
        empty = false;
        if (!iterate(node, make_value(key), child_of(value, value->at(key)))) break;
      }
    } else if (value->is_number_integer()) {
      const auto count = value->get<std::int64_t>();
      for (std::int64_t i = 0; i < count; ++i) {
        empty = false;
        if (!iterate(node, make_value(i), make_value(i))) break;
      }
    } else if (!value->is_null()) {
      fail(node.place, fmt::format("range can't iterate over {}", to_text(*value, types_)));
    }
    const Flow flow = empty ? walk(node.otherwise, dot) : Flow::normal;
    variables_.resize(scope);
    return flow;
  }

  // The called template sees its data as dot and $, and no variable of the caller.
  void call(const Node& node, const Value& dot) {
    const Value data = node.pipe.commands.empty() ? make_value(nullptr) : evaluate(node.pipe, dot);
    auto outer = std::exchange(variables_, {{"$", data}});
    walk(tree_.definitions.find(node.text)->second, data);
    variables_ = std::move(outer);
  }

  void set(const Pipe& pipe, const std::string& name, const Value& value) {
    if (!pipe.assigns) {
      variables_.emplace_back(name, value);
      return;
    }
    variable(name) = value;
  }

  // The parser has checked that it is there.
  Value& variable(const std::string& name) {
    return std::find_if(variables_.rbegin(), variables_.rend(), [&](const auto& entry) { return entry.first == name; })
        ->second;
  }

  Value evaluate(const Pipe& pipe, const Value& dot) {
    Value value = evaluate_commands(pipe, dot);
    for (const std::string& name : pipe.variables) set(pipe, name, value);
    return value;
  }

  Value evaluate_commands(const Pipe& pipe, const Value& dot) {
    const Level level(*this, pipe.place);
    Value value;
    for (const Command& command : pipe.commands) value = evaluate(command, dot, value);
    return value;
  }

  // `final` is the value of the command before in the pipe, or empty.
  Value evaluate(const Command& command, const Value& dot, const Value& final) {
    step(command.place);
    const Expression& first = command.words.front();
    if (first.kind == Expression::Kind::function && first.fields.empty()) return evaluate_call(command, dot, final);
    if (command.words.size() == 1) return evaluate(first, dot);
    return field_call(command, dot);
  }

  Value evaluate_call(const Command& command, const Value& dot, const Value& final) {
    const Expression& first = command.words.front();
    const Function& function = *find_function(first.name);
    const std::size_t count = command.words.size() - 1 + (final ? 1 : 0);
    if (count < function.least || count > function.most) {
      fail(first.place, fmt::format("wrong number of args for {}: want {}{} got {}", first.name,
                                    function.least == function.most ? "" : "at least ", function.least, count));
    }
    const bool is_and = first.name == "and";
    const bool is_or = first.name == "or";
    Arguments arguments;
    for (std::size_t i = 1; i < command.words.size(); ++i) {
      arguments.push_back(evaluate(command.words[i], dot));
      // What decides ends the evaluation.
      if ((is_and && !truth(*arguments.back())) || (is_or && truth(*arguments.back()))) return arguments.back();
    }
    if (final) arguments.push_back(final);
    return made(command.place, invoke(command, function, arguments));
  }

  Value invoke(const Command& command, const Function& function, const Arguments& arguments) const {
    try {
      return function.call(context_, arguments);
    } catch (const CallError& error) {
      if (error.wrong_argument) fail(command.place, error.message);
      fail(command.place, fmt::format("error calling {}: {}", function.name, error.message));
    }
  }

  // Counts the text that functions make.
  Value made(const Place& place, Value value) {
    if (value->is_string()) made_ += value->get_ref<const std::string&>().size();
    if (value->is_array()) made_ += 64 * value->size();
    if (made_ > kMaxMade) fail(place, fmt::format("more than {} bytes of intermediate text", kMaxMade));
    return value;
  }

  // `.Label "x"`: docker's rows have methods that look a key up.
  Value field_call(const Command& command, const Value& dot) {
    const Expression& first = command.words.front();
    const Value target = evaluate(first, dot);
    if (context_.options.header && command.words.size() == 2) return evaluate(command.words[1], dot);
    if (!target->is_object() || command.words.size() != 2) {
      fail(first.place, fmt::format("{} has arguments but cannot be invoked as function", first.fields.back()));
    }
    const Value key = evaluate(command.words[1], dot);
    if (!key->is_string())
      fail(command.place, fmt::format("wrong type for value; expected string; got {}", type_name(*key)));
    const auto found = target->find(key->get_ref<const std::string&>());
    return found == target->end() ? make_value("") : child_of(target, *found);
  }

  Value evaluate(const Expression& word, const Value& dot) {
    Value value = start_of(word, dot);
    for (const std::string& name : word.fields) value = field(word.place, value, name);
    return value;
  }

  Value start_of(const Expression& word, const Value& dot) {
    switch (word.kind) {
      case Expression::Kind::dot:
        return dot;
      case Expression::Kind::nil:
        return make_value(nullptr);
      case Expression::Kind::literal:
        return word.literal;
      case Expression::Kind::variable:
        return variable(word.name);
      case Expression::Kind::pipe:
        return evaluate(*word.pipe, dot);
      default: {
        // A function without arguments as an argument or with fields behind it: "(print).X" is the usual way.
        const Function& function = *find_function(word.name);
        if (function.least > 0) {
          fail(word.place, fmt::format("wrong number of args for {}: want {}{} got 0", word.name,
                                       function.least == function.most ? "" : "at least ", function.least));
        }
        return function.call(context_, {});
      }
    }
  }

  Value field(const Place& place, const Value& object, const std::string& name) const {
    if (object->is_object()) {
      const auto found = object->find(name);
      if (found != object->end()) return child_of(object, *found);
      for (const auto& [alias, key] : context_.options.aliases) {
        if (alias != name) continue;
        const auto target = object->find(key);
        return target == object->end() ? make_value("") : child_of(object, *target);
      }
      if (const OrderedJson* zero = types_.absent(*object, name)) return borrow(*zero);
      if (context_.options.header) return make_value("");
      if (context_.options.row) fail(place, fmt::format("can't evaluate field {} in type row", name));
      // A map of docker's (labels, options) has nothing for other keys; a struct refuses them.
      if (holds_only_strings(*object)) return make_value(nullptr);
      fail(place, fmt::format("map has no entry for key \"{}\"", name));
    }
    if (context_.options.header) return make_value("");
    // docker tries the JSON when the struct does not do, and tells what is wrong with that.
    const std::string* absent = types_.absent_name(*object);
    if (absent != nullptr) fail(place, fmt::format("map has no entry for key \"{}\"", *absent));
    if (object->is_null()) fail(place, fmt::format("nil pointer evaluating interface {{}}.{}", name));
    fail(place, fmt::format("can't evaluate field {} in type {}", name, type_name(*object)));
  }

  const Tree& tree_;
  const Types types_;
  CallContext context_;
  std::vector<std::pair<std::string, Value>> variables_;
  std::string out_;
  std::uint64_t steps_ = 0;
  std::size_t made_ = 0;
  int depth_ = 0;
};

}  // namespace

Template::Template(std::unique_ptr<Program> program) : program_(std::move(program)) {}
Template::Template(Template&&) noexcept = default;
Template& Template::operator=(Template&&) noexcept = default;
Template::~Template() = default;

Template Template::parse(std::string_view text) {
  return Template(std::make_unique<Program>(Program{parse_tree(text)}));
}

std::string Template::execute(const OrderedJson& data, const Options& options) const {
  return Execution(program_->tree, data, options).run();
}

}  // namespace minidock::gotemplate

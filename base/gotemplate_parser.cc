#include "base/gotemplate_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "base/error.h"
#include "base/gotemplate_functions.h"
#include "base/gotemplate_lexer.h"

namespace minidock::gotemplate {
namespace {

constexpr std::string_view kKeywords[] = {"block", "break", "continue", "define",   "else",
                                          "end",   "if",    "range",    "template", "with"};

bool is_keyword(std::string_view word) {
  return std::find(std::begin(kKeywords), std::end(kKeywords), word) != std::end(kKeywords);
}

// Integers as Go writes them (0x, 0b, 0o, leading 0 for octal, underscores), then floats. Null when malformed.
OrderedJson parse_number(std::string text) {
  text.erase(std::remove(text.begin(), text.end(), '_'), text.end());
  std::string_view digits = text;
  const bool negative = digits.starts_with('-');
  if (negative || digits.starts_with('+')) digits.remove_prefix(1);
  int base = 10;
  const char marker = digits.size() > 2 && digits[0] == '0' ? static_cast<char>(digits[1] | 0x20) : '\0';
  if (marker == 'x') base = 16;
  if (marker == 'b') base = 2;
  if (marker == 'o') base = 8;
  if (base != 10) digits.remove_prefix(2);
  const bool plain_octal = base == 10 && digits.size() > 1 && digits[0] == '0' &&
                           digits.find_first_not_of("01234567") == std::string_view::npos;
  if (plain_octal) base = 8;

  std::int64_t whole = 0;
  const std::string signed_digits = (negative ? "-" : "") + std::string(digits);
  const char* const end = signed_digits.data() + signed_digits.size();
  const auto integer = std::from_chars(signed_digits.data(), end, whole, base);
  if (integer.ec == std::errc() && integer.ptr == end) return whole;
  if (base != 10) return nullptr;
  double real = 0;
  const auto floating = std::from_chars(signed_digits.data(), end, real);
  if (floating.ec == std::errc() && floating.ptr == end) return real;
  return nullptr;
}

class Parser {
 public:
  explicit Parser(std::string_view source) : source_(source), tokens_(tokenize(source)) {}

  Tree run() {
    Tree tree;
    tree.source = std::string(source_);
    definitions_ = &tree.definitions;
    if (list(tree.body) != "") fail(fmt::format("unexpected {{{{{}}}}}", terminator_));
    for (const auto& [name, position] : called_) {
      if (tree.definitions.find(name) == tree.definitions.end()) {
        parse_error(source_, position, fmt::format("template {} not defined", quote(name)));
      }
    }
    return tree;
  }

 private:
  // Counts how deep the constructs in progress nest.
  class Nested {
   public:
    explicit Nested(Parser& parser) : parser_(parser) {
      if (++parser_.depth_ > kMaxNesting) parser_.fail(fmt::format("nested deeper than {} levels", kMaxNesting));
    }
    ~Nested() { --parser_.depth_; }
    Nested(const Nested&) = delete;
    Nested& operator=(const Nested&) = delete;

   private:
    Parser& parser_;
  };

  const Token& peek() const { return tokens_[index_]; }
  Token& next() { return tokens_[index_ + 1 < tokens_.size() ? index_++ : index_]; }
  bool take(TokenKind kind) {
    if (peek().kind != kind) return false;
    next();
    return true;
  }
  bool at_keyword(std::string_view word) const { return peek().kind == TokenKind::identifier && peek().text == word; }

  [[noreturn]] void fail(std::string_view message) const { parse_error(source_, peek().position, message); }
  [[noreturn]] void unexpected(std::string_view context) const {
    if (peek().kind == TokenKind::end) fail("unexpected EOF");
    const std::string_view word = source_.substr(peek().position, peek().finish - peek().position);
    fail(peek().kind == TokenKind::identifier && !is_keyword(word)
             ? fmt::format("unexpected {} in {}", quote(word), context)
             : fmt::format("unexpected {} in {}", is_keyword(word) ? fmt::format("<{}>", word) : quote(word), context));
  }

  std::string source_between(std::size_t begin) const {
    const std::size_t finish = tokens_[index_ - 1].finish;
    return std::string(source_.substr(begin, finish - begin));
  }

  void close_action(std::string_view context) {
    if (!take(TokenKind::right)) unexpected(context);
  }

  // Nodes up to an {{end}} or {{else}} (whose keyword it consumes and returns) or the end of the text ("").
  std::string list(std::vector<Node>& nodes) {
    const Nested nested(*this);
    for (;;) {
      if (peek().kind == TokenKind::end) return "";
      if (peek().kind == TokenKind::text) {
        Node node;
        node.text = std::move(next().text);
        nodes.push_back(std::move(node));
        continue;
      }
      const std::size_t begin = next().position;  // {{
      if (at_keyword("end") || at_keyword("else")) {
        terminator_ = next().text;
        return terminator_;
      }
      action(nodes, begin);
    }
  }

  void action(std::vector<Node>& nodes, std::size_t begin) {
    if (peek().kind == TokenKind::identifier && is_keyword(peek().text)) {
      const std::string keyword = next().text;
      if (keyword == "if") return branch(nodes, Node::Kind::branch_if, keyword);
      if (keyword == "with") return branch(nodes, Node::Kind::branch_with, keyword);
      if (keyword == "range") return branch(nodes, Node::Kind::range, keyword);
      if (keyword == "template") return call(nodes, keyword);
      if (keyword == "block") return block(nodes);
      if (keyword == "define") return define(begin);
      return loop_exit(nodes, keyword);
    }
    Node node;
    node.kind = Node::Kind::action;
    node.pipe = pipe("command", 1);
    node.place = node.pipe.place;
    close_action("command");
    nodes.push_back(std::move(node));
  }

  void loop_exit(std::vector<Node>& nodes, const std::string& keyword) {
    if (loops_ == 0) fail(fmt::format("{{{{{}}}}} outside {{{{range}}}}", keyword));
    close_action(fmt::format("{{{{{}}}}}", keyword));
    Node node;
    node.kind = keyword == "break" ? Node::Kind::break_loop : Node::Kind::continue_loop;
    nodes.push_back(std::move(node));
  }

  // if, with and range after their keyword, up to their {{end}}.
  void branch(std::vector<Node>& nodes, Node::Kind kind, const std::string& keyword) {
    const Nested nested(*this);
    const std::size_t scope = variables_.size();
    Node node;
    node.kind = kind;
    node.pipe = pipe(keyword, kind == Node::Kind::range ? 2 : 1);
    node.place = node.pipe.place;
    close_action(keyword);
    if (kind == Node::Kind::range) ++loops_;
    const std::string stop = list(node.body);
    if (kind == Node::Kind::range) --loops_;
    if (stop == "") unexpected(keyword);
    if (stop == "end") {
      close_action("end");
    } else if (at_keyword("if") || at_keyword("with")) {
      // {{else if}} is an {{else}} with an {{if}} in it that shares the {{end}}.
      const std::string inner = next().text;
      branch(node.otherwise, inner == "if" ? Node::Kind::branch_if : Node::Kind::branch_with, inner);
    } else {
      close_action("else");
      const std::string second = list(node.otherwise);
      if (second == "") unexpected(keyword);
      if (second == "else") fail("expected end; found {{else}}");
      close_action("end");
    }
    variables_.resize(scope);
    nodes.push_back(std::move(node));
  }

  std::string template_name(std::string_view context) {
    if (peek().kind != TokenKind::string) unexpected(fmt::format("{} clause", context));
    return next().text;
  }

  void call(std::vector<Node>& nodes, std::string_view keyword) {
    Node node;
    node.kind = Node::Kind::call;
    node.place.position = peek().position;
    node.text = template_name(keyword);
    node.place.text = fmt::format("{{{{template {}}}}}", quote(node.text));
    called_.emplace(node.text, node.place.position);
    if (peek().kind != TokenKind::right) node.pipe = pipe(keyword, 1);
    close_action(keyword);
    nodes.push_back(std::move(node));
  }

  void define(std::size_t begin) {
    if (depth_ > 1) parse_error(source_, begin, "unexpected {{define}}");
    const std::string name = template_name("define");
    close_action("define clause");
    definition(name, "define clause");
  }

  void block(std::vector<Node>& nodes) {
    const std::string name = peek().text;
    call(nodes, "block");
    definition(name, "block clause");
  }

  // A body of its own: neither variables nor loops of what surrounds it reach it.
  void definition(const std::string& name, std::string_view context) {
    const std::vector<std::string> outer_variables = std::exchange(variables_, {"$"});
    const int outer_loops = std::exchange(loops_, 0);
    std::vector<Node> body;
    const std::string stop = list(body);
    if (stop == "") unexpected(context);
    if (stop != "end") fail(fmt::format("unexpected {{{{else}}}} in {}", context));
    close_action("end");
    if (!definitions_->emplace(name, std::move(body)).second) {
      fail(fmt::format("template: multiple definition of template {}", quote(name)));
    }
    variables_ = outer_variables;
    loops_ = outer_loops;
  }

  Pipe pipe(std::string_view context, std::size_t max_variables) {
    const Nested nested(*this);
    Pipe result;
    result.place.position = peek().position;
    const std::size_t begin = peek().position;
    declarations(result, context, max_variables);
    for (;;) {
      if (peek().kind == TokenKind::right || peek().kind == TokenKind::right_paren) {
        if (result.commands.empty()) fail(fmt::format("missing value for {}", context));
        break;
      }
      result.commands.push_back(command(context));
      const Command& last = result.commands.back();
      if (result.commands.size() > 1 && last.words.front().kind != Expression::Kind::function) {
        fail(fmt::format("non executable command in pipeline stage {}", result.commands.size()));
      }
      if (!take(TokenKind::pipe)) break;
      if (peek().kind == TokenKind::right || peek().kind == TokenKind::right_paren) {
        fail(fmt::format("missing value for {}", context));
      }
    }
    result.place.text = source_between(begin);
    return result;
  }

  // "$x :=", "$x =", and for range "$i, $x :=".
  void declarations(Pipe& result, std::string_view context, std::size_t max_variables) {
    const std::size_t start = index_;
    std::vector<std::string> names;
    while (peek().kind == TokenKind::variable) {
      names.push_back(peek().text);
      next();
      if (!take(TokenKind::comma)) break;
    }
    if (names.empty() || (peek().kind != TokenKind::declare && peek().kind != TokenKind::assign)) {
      index_ = start;
      return;
    }
    if (names.size() > max_variables) fail(fmt::format("too many declarations in {}", context));
    result.assigns = next().kind == TokenKind::assign;
    for (const std::string& name : names) {
      if (result.assigns) check_variable(name);
    }
    if (!result.assigns) variables_.insert(variables_.end(), names.begin(), names.end());
    result.variables = std::move(names);
  }

  void check_variable(const std::string& name) const {
    if (std::find(variables_.begin(), variables_.end(), name) != variables_.end()) return;
    fail(fmt::format("undefined variable {}", quote(name)));
  }

  Command command(std::string_view context) {
    Command result;
    result.place.position = peek().position;
    const std::size_t begin = peek().position;
    for (;;) {
      result.words.push_back(expression(context));
      const TokenKind after = peek().kind;
      if (after == TokenKind::pipe || after == TokenKind::right || after == TokenKind::right_paren) break;
      if (after == TokenKind::end) unexpected(context);
      if (!peek().space_before) unexpected("operand");
    }
    if (result.words.size() > 1 && !callable(result.words.front())) {
      fail(fmt::format("can't give argument to non-function {}", result.words.front().place.text));
    }
    if (result.words.size() == 1 && result.words.front().kind == Expression::Kind::nil) {
      fail("nil is not a command");
    }
    result.place.text = source_between(begin);
    return result;
  }

  static bool callable(const Expression& word) {
    return word.kind == Expression::Kind::function || !word.fields.empty();
  }

  Expression expression(std::string_view context) {
    Expression result;
    const std::size_t begin = peek().position;
    result.place.position = begin;
    term(result, context);
    bool chained = false;
    while (peek().kind == TokenKind::field && !peek().space_before) {
      const bool no_fields = result.kind == Expression::Kind::literal || result.kind == Expression::Kind::nil ||
                             result.kind == Expression::Kind::dot;
      if (no_fields && result.fields.empty())
        fail(fmt::format("unexpected . after term {}", quote(source_between(begin))));
      // Go counts the column of a chain from its second field.
      if (!chained) result.place.position = peek().position;
      chained = true;
      result.fields.push_back(next().text);
    }
    result.place.text = source_between(begin);
    return result;
  }

  void term(Expression& result, std::string_view context) {
    const Token token = peek();
    switch (token.kind) {
      case TokenKind::field:
        result.fields.push_back(token.text);
        break;
      case TokenKind::dot:
        break;
      case TokenKind::variable:
        check_variable(token.text);
        result.kind = Expression::Kind::variable;
        result.name = token.text;
        break;
      case TokenKind::string:
        result.kind = Expression::Kind::literal;
        result.literal = make_value(token.text);
        break;
      case TokenKind::number:
        result.kind = Expression::Kind::literal;
        result.literal = make_value(parse_number(token.text));
        if (result.literal->is_null()) fail(fmt::format("bad number syntax: {}", quote(token.text)));
        break;
      case TokenKind::left_paren:
        next();
        result.kind = Expression::Kind::pipe;
        result.pipe = std::make_unique<Pipe>(pipe("parenthesized pipeline", 1));
        if (peek().kind != TokenKind::right_paren) fail("unclosed left paren");
        break;
      case TokenKind::identifier:
        identifier(result, token.text, context);
        break;
      default:
        unexpected(context == "command" ? "command" : context);
    }
    next();
  }

  void identifier(Expression& result, const std::string& name, std::string_view context) {
    if (is_keyword(name)) unexpected(context);
    if (name == "true" || name == "false") {
      result.kind = Expression::Kind::literal;
      result.literal = make_value(name == "true");
    } else if (name == "nil") {
      result.kind = Expression::Kind::nil;
    } else {
      if (find_function(name) == nullptr) fail(fmt::format("function {} not defined", quote(name)));
      result.kind = Expression::Kind::function;
      result.name = name;
    }
  }

  std::string_view source_;
  std::vector<Token> tokens_;
  std::size_t index_ = 0;
  int depth_ = 0;
  int loops_ = 0;
  std::string terminator_;
  std::vector<std::string> variables_{"$"};
  std::map<std::string, std::vector<Node>, std::less<>>* definitions_ = nullptr;
  std::map<std::string, std::size_t> called_;
};

}  // namespace

Tree parse_tree(std::string_view source) {
  if (source.size() > kMaxSource) {
    throw Error(ErrorKind::invalid_argument,
                fmt::format("template parsing error: template: longer than {} bytes", kMaxSource));
  }
  return Parser(source).run();
}

}  // namespace minidock::gotemplate

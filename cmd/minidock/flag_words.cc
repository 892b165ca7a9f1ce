#include "cmd/minidock/flag_words.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "cmd/minidock/command.h"
#include "engine/option_words.h"

namespace minidock::cmd {
namespace {

// "" when the text is an int, else why not, as Go's strconv says it.
std::string why_no_integer(const std::string& text) {
  int number = 0;
  const char* begin = text.data() + (text.starts_with('+') ? 1 : 0);
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(begin, end, number);
  if (error == std::errc::result_out_of_range) return "value out of range";
  return error != std::errc() || at != end ? "invalid syntax" : "";
}

class Splitter {
 public:
  Splitter(const CLI::App& app, const std::vector<std::string>& words) : app_(app), words_(words) {}

  FlagWords split(bool stop_at_positional) {
    while (next_ < words_.size()) {
      const std::string& word = words_[next_++];
      if (word == "--") {
        take_rest();
      } else if (word.size() < 2 || word.front() != '-') {
        result_.positionals.push_back(word);
        if (stop_at_positional) take_rest();
      } else if (word.starts_with("--")) {
        take_long(word);
      } else {
        take_short(word.substr(1));
      }
    }
    return std::move(result_);
  }

 private:
  void take_rest() {
    result_.positionals.insert(result_.positionals.end(), words_.begin() + static_cast<std::ptrdiff_t>(next_),
                               words_.end());
    next_ = words_.size();
  }

  // "--name", "--name=value"
  void take_long(const std::string& word) {
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(2, equals == std::string::npos ? equals : equals - 2);
    if (name.empty() || name.front() == '-') throw UsageError(fmt::format("bad flag syntax: {}", word));
    if (name == "help") throw HelpRequested{app_.help()};
    const CLI::Option* option = app_.get_option_no_throw("--" + name);
    if (option == nullptr) throw UsageError(fmt::format("unknown flag: --{}", name));
    if (equals != std::string::npos) return set(*option, "--" + name, word.substr(equals + 1));
    if (is_switch(*option)) return set(*option, "--" + name, "true");
    set(*option, "--" + name, take_value("--" + name));
  }

  // "a", "aq", "n1", "n=1", "an1", … (behind the dash)
  void take_short(std::string letters) {
    while (!letters.empty()) {
      const std::string name = std::string("-") + letters.front();
      const CLI::Option* option = app_.get_option_no_throw(name);
      if (option == nullptr && name == "-h") throw HelpRequested{app_.help()};
      if (option == nullptr) {
        throw UsageError(fmt::format("unknown shorthand flag: '{}' in -{}", letters.front(), letters));
      }
      const std::string rest = letters.substr(1);
      if (rest.size() > 1 && rest.front() == '=') return set(*option, long_name(*option), rest.substr(1));
      if (is_switch(*option)) {
        set(*option, long_name(*option), "true");
        letters = rest;
        continue;
      }
      set(*option, long_name(*option),
          rest.empty() ? take_value(fmt::format("'{}' in -{}", letters.front(), letters)) : rest);
      return;
    }
  }

  std::string take_value(const std::string& flag) {
    if (next_ == words_.size()) throw UsageError(fmt::format("flag needs an argument: {}", flag));
    return words_[next_++];
  }

  void set(const CLI::Option& option, const std::string& name, const std::string& value) {
    if (is_switch(option)) {
      const std::optional<bool> truth = options::parse_bool(value);
      if (!truth) refuse(option, name, value, fmt::format("strconv.ParseBool: parsing \"{}\": invalid syntax", value));
      result_.flags.push_back(name + (*truth ? "=true" : "=false"));
      return;
    }
    if (option.get_type_name() == "INT") {
      const std::string reason = why_no_integer(value);
      if (!reason.empty())
        refuse(option, name, value, fmt::format("strconv.ParseInt: parsing \"{}\": {}", value, reason));
    }
    result_.flags.push_back(name);
    result_.flags.push_back(value);
  }

  [[noreturn]] static void refuse(const CLI::Option& option, const std::string& name, const std::string& value,
                                  const std::string& reason) {
    const bool has_letter = !option.get_snames().empty() && long_name(option) == name;
    const std::string shown = has_letter ? fmt::format("-{}, {}", option.get_snames().front(), name) : name;
    throw UsageError(fmt::format("invalid argument \"{}\" for \"{}\" flag: {}", value, shown, reason));
  }

  static bool is_switch(const CLI::Option& option) { return option.get_expected_max() == 0; }
  static std::string long_name(const CLI::Option& option) { return "--" + option.get_lnames().front(); }

  const CLI::App& app_;
  const std::vector<std::string>& words_;
  std::size_t next_ = 0;
  FlagWords result_;
};

}  // namespace

FlagWords split_flags(const CLI::App& app, const std::vector<std::string>& words, bool stop_at_positional) {
  return Splitter(app, words).split(stop_at_positional);
}

}  // namespace minidock::cmd

#include "image/transfer/changes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/format.h"
#include "base/path.h"

namespace minidock::image {
namespace {

[[noreturn]] void refuse(const std::string& why) { throw Error(ErrorKind::invalid_argument, why); }

std::string trim(const std::string& text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Words separated by blanks; quotes group, a backslash takes the next character as it is.
std::vector<std::string> split_words(const std::string& text) {
  std::vector<std::string> words;
  std::string word;
  bool in_word = false;
  char quote = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '\\' && quote != '\'' && at + 1 < text.size()) {
      word += text[++at];
      in_word = true;
    } else if (quote != 0) {
      if (c == quote) {
        quote = 0;
      } else {
        word += c;
      }
    } else if (c == '"' || c == '\'') {
      quote = c;
      in_word = true;
    } else if (c == ' ' || c == '\t') {
      if (in_word) words.push_back(std::exchange(word, ""));
      in_word = false;
    } else {
      word += c;
      in_word = true;
    }
  }
  if (quote != 0) refuse(fmt::format("unexpected end of statement while looking for matching {} in: {}", quote, text));
  if (in_word) words.push_back(word);
  return words;
}

// The JSON form ["a", "b"]; nothing when the text is not that.
std::optional<std::vector<std::string>> json_form(const std::string& text) {
  if (text.empty() || text.front() != '[') return std::nullopt;
  try {
    const Json list = json::parse(text, "list");
    std::vector<std::string> result;
    for (const Json& item : list) {
      if (!item.is_string()) return std::nullopt;
      result.push_back(item.get<std::string>());
    }
    return result;
  } catch (const Error&) {
    return std::nullopt;  // as in a Dockerfile: what is not JSON is the shell form
  }
}

std::vector<std::string> command(const std::string& text) {
  return json_form(text).value_or(std::vector<std::string>{"/bin/sh", "-c", text});
}

using Pair = std::pair<std::string, std::string>;

// "A=1 B=2", or the old form "A value with blanks".
std::vector<Pair> pairs(const std::string& name, const std::string& text) {
  const std::vector<std::string> words = split_words(text);
  if (words.empty()) refuse(name + " requires at least one argument");
  if (words.front().find('=') == std::string::npos) {
    const std::size_t blank = text.find_first_of(" \t");
    if (blank == std::string::npos) refuse(name + " must have two arguments");
    return {{text.substr(0, blank), trim(text.substr(blank))}};
  }
  std::vector<Pair> result;
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos || equals == 0) {
      refuse(fmt::format("Syntax error - can't find = in \"{}\". Must be of the form: name=value", word));
    }
    result.emplace_back(word.substr(0, equals), word.substr(equals + 1));
  }
  return result;
}

void set_env(OrderedJson& config, const Pair& pair) {
  OrderedJson& list = config["Env"];
  if (list.is_null()) list = OrderedJson::array();
  const std::string prefix = pair.first + "=";
  for (OrderedJson& item : list) {
    if (item.get_ref<const std::string&>().rfind(prefix, 0) == 0) {
      item = prefix + pair.second;
      return;
    }
  }
  list.push_back(prefix + pair.second);
}

std::string normal_port(const std::string& word) { return word.find('/') == std::string::npos ? word + "/tcp" : word; }

std::string single(const std::string& name, const std::string& text) {
  const std::vector<std::string> words = split_words(text);
  if (words.size() != 1) refuse(name + " requires exactly one argument");
  return words.front();
}

// "CMD" of " cmd true"
std::string name_of(const std::string& instruction) {
  const std::string line = trim(instruction);
  std::string name = line.substr(0, line.find_first_of(" \t"));
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::toupper(c); });
  return name;
}

// "[--interval=30s] … CMD command" or "NONE", as the image's config has it.
OrderedJson healthcheck(const std::string& text) {
  constexpr std::array<std::pair<std::string_view, const char*>, 5> kOptions{{{"interval", "Interval"},
                                                                              {"timeout", "Timeout"},
                                                                              {"start-period", "StartPeriod"},
                                                                              {"start-interval", "StartInterval"},
                                                                              {"retries", "Retries"}}};
  OrderedJson check;
  std::string rest = text;
  while (rest.starts_with("--")) {
    const std::string word = rest.substr(2, rest.find_first_of(" \t") - 2);
    rest = trim(rest.substr(word.size() + 2));
    const std::size_t equals = word.find('=');
    const auto option = std::find_if(kOptions.begin(), kOptions.end(),
                                     [&](const auto& known) { return known.first == word.substr(0, equals); });
    if (equals == std::string::npos || option == kOptions.end()) refuse("Unknown flag: " + word.substr(0, equals));
    const std::string value = word.substr(equals + 1);
    check[option->second] = option->first == "retries" ? json::parse(value, "--retries").get<std::int64_t>()
                                                       : format::parse_duration(value);
  }
  const std::string kind = name_of(rest);
  const std::string probe = trim(rest.substr(std::min(kind.size(), rest.size())));
  if (kind == "NONE") {
    if (!probe.empty()) refuse("HEALTHCHECK NONE takes no arguments");
    check["Test"] = {"NONE"};
  } else if (kind == "CMD") {
    if (probe.empty()) refuse("Missing command after HEALTHCHECK CMD");
    std::vector<std::string> test{"CMD-SHELL", probe};
    if (std::optional<std::vector<std::string>> words = json_form(probe)) {
      test = std::move(*words);
      test.insert(test.begin(), "CMD");
    }
    check["Test"] = test;
  } else {
    refuse(fmt::format("Unknown type \"{}\" in HEALTHCHECK (try CMD)", kind));
  }
  return check;
}

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

}  // namespace

void apply_change(const std::string& instruction, OrderedJson& config) {
  const std::string line = trim(instruction);
  const std::size_t blank = line.find_first_of(" \t");
  const std::string name = name_of(instruction);
  const std::string text = blank == std::string::npos ? "" : trim(line.substr(blank));
  if (name == "CMD") {
    config["Cmd"] = command(text);
  } else if (name == "ENTRYPOINT") {
    config["Entrypoint"] = command(text);
  } else if (name == "ENV") {
    for (const Pair& pair : pairs(name, text)) set_env(config, pair);
  } else if (name == "LABEL") {
    for (const Pair& pair : pairs(name, text)) config["Labels"][pair.first] = pair.second;
  } else if (name == "EXPOSE") {
    for (const std::string& word : split_words(text)) config["ExposedPorts"][normal_port(word)] = OrderedJson::object();
  } else if (name == "VOLUME") {
    for (const std::string& path : json_form(text).value_or(split_words(text))) {
      if (path.empty()) refuse("VOLUME specified can not be an empty string");
      config["Volumes"][path] = OrderedJson::object();
    }
  } else if (name == "HEALTHCHECK") {
    config["Healthcheck"] = healthcheck(text);
  } else if (name == "ONBUILD") {
    const std::string trigger = name_of(text);
    if (trigger == "ONBUILD") refuse("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
    if (trigger == "FROM" || trigger == "MAINTAINER") refuse(trigger + " isn't allowed as an ONBUILD trigger");
    if (trigger.empty()) refuse("ONBUILD requires at least one argument");
    OrderedJson& triggers = config["OnBuild"];
    if (triggers.is_null()) triggers = OrderedJson::array();
    triggers.push_back(text);
  } else if (name == "USER") {
    config["User"] = single(name, text);
  } else if (name == "STOPSIGNAL") {
    config["StopSignal"] = single(name, text);
  } else if (name == "WORKDIR") {
    const std::string directory = single(name, text);
    const std::string current = config.value("WorkingDir", "/");
    config["WorkingDir"] = path::clean_absolute(directory.front() == '/' ? directory : current + "/" + directory);
  } else {
    refuse(lower_case(name) + " is not a valid change command");
  }
}

void apply_changes(const std::vector<std::string>& instructions, OrderedJson& config) {
  bool has_command = false;
  for (const std::string& instruction : instructions) {
    const std::string name = name_of(instruction);
    apply_change(instruction, config);
    has_command = has_command || name == "CMD";
    if (name == "ENTRYPOINT" && !has_command) config.erase("Cmd");
  }
}

}  // namespace minidock::image

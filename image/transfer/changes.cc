#include "image/transfer/changes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/format.h"
#include "base/path.h"
#include "base/port_range.h"
#include "base/text.h"
#include "image/transfer/change_words.h"

namespace minidock::image {
namespace {

[[noreturn]] void refuse(const std::string& why) { throw Error(ErrorKind::invalid_argument, why); }

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

std::string single(const std::string& name, const std::string& text) {
  const std::vector<std::string> words = split_words(text);
  if (words.size() != 1) refuse(name + " requires exactly one argument");
  return words.front();
}

// ---- the instructions

void change_command(OrderedJson& config, const Instruction& change) { config["Cmd"] = command(change.text); }

void change_entrypoint(OrderedJson& config, const Instruction& change) { config["Entrypoint"] = command(change.text); }

void change_env(OrderedJson& config, const Instruction& change) {
  for (const Pair& pair : pairs(change.name, change.text)) set_env(config, pair);
}

void change_labels(OrderedJson& config, const Instruction& change) {
  for (const Pair& pair : pairs(change.name, change.text)) config["Labels"][pair.first] = pair.second;
}

void change_exposed_ports(OrderedJson& config, const Instruction& change) {
  for (const std::string& word : split_words(change.text)) {
    const PortRange range = parse_port_range(word);
    check_port_protocol(range.protocol);
    for (int port = range.first; port <= range.last; ++port) {
      config["ExposedPorts"][fmt::format("{}/{}", port, range.protocol)] = OrderedJson::object();
    }
  }
}

void change_volumes(OrderedJson& config, const Instruction& change) {
  for (const std::string& path : json_form(change.text).value_or(split_words(change.text))) {
    if (path.empty()) refuse("VOLUME specified can not be an empty string");
    config["Volumes"][path] = OrderedJson::object();
  }
}

constexpr std::array<std::pair<std::string_view, const char*>, 5> kHealthOptions{{{"interval", "Interval"},
                                                                                  {"timeout", "Timeout"},
                                                                                  {"start-period", "StartPeriod"},
                                                                                  {"start-interval", "StartInterval"},
                                                                                  {"retries", "Retries"}}};

std::int64_t parse_retries(const std::string& text) {
  std::int64_t retries = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), retries);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) {
    refuse(fmt::format("strconv.ParseInt: parsing \"{}\": invalid syntax", text));
  }
  return retries;
}

// "--interval=30s"
void set_health_option(OrderedJson& check, const std::string& word) {
  const std::size_t equals = word.find('=');
  const std::string name = word.substr(2, equals - 2);
  const auto option = std::find_if(kHealthOptions.begin(), kHealthOptions.end(),
                                   [&](const auto& known) { return known.first == name; });
  if (equals == std::string::npos || option == kHealthOptions.end()) refuse("Unknown flag: " + name);
  const std::string value = word.substr(equals + 1);
  check[option->second] = name == "retries" ? parse_retries(value) : format::parse_duration(value);
}

std::vector<std::string> health_test(const Instruction& probe) {
  if (probe.name == "NONE") {
    if (!probe.text.empty()) refuse("HEALTHCHECK NONE takes no arguments");
    return {"NONE"};
  }
  if (probe.name != "CMD") refuse(fmt::format("Unknown type \"{}\" in HEALTHCHECK (try CMD)", probe.name));
  if (probe.text.empty()) refuse("Missing command after HEALTHCHECK CMD");
  std::optional<std::vector<std::string>> words = json_form(probe.text);
  if (!words) return {"CMD-SHELL", probe.text};
  words->insert(words->begin(), "CMD");
  return *words;
}

// "[--interval=30s] … CMD command" or "NONE", as the image's config has it.
void change_healthcheck(OrderedJson& config, const Instruction& change) {
  OrderedJson check;
  std::string rest = change.text;
  while (rest.starts_with("--")) {
    const std::string word = rest.substr(0, rest.find_first_of(" \t"));
    set_health_option(check, word);
    rest = trim(rest.substr(word.size()));
  }
  check["Test"] = health_test(parse_instruction(rest));
  config["Healthcheck"] = check;
}

void change_triggers(OrderedJson& config, const Instruction& change) {
  const std::string trigger = parse_instruction(change.text).name;
  if (trigger == "ONBUILD") refuse("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
  if (trigger == "FROM" || trigger == "MAINTAINER") refuse(trigger + " isn't allowed as an ONBUILD trigger");
  if (trigger.empty()) refuse("ONBUILD requires at least one argument");
  OrderedJson& triggers = config["OnBuild"];
  if (triggers.is_null()) triggers = OrderedJson::array();
  triggers.push_back(change.text);
}

void change_user(OrderedJson& config, const Instruction& change) { config["User"] = single(change.name, change.text); }

void change_stop_signal(OrderedJson& config, const Instruction& change) {
  config["StopSignal"] = single(change.name, change.text);
}

void change_working_directory(OrderedJson& config, const Instruction& change) {
  const std::string directory = single(change.name, change.text);
  const std::string current = config.value("WorkingDir", "/");
  config["WorkingDir"] = path::clean_absolute(directory.front() == '/' ? directory : current + "/" + directory);
}

using Change = void (*)(OrderedJson& config, const Instruction& change);

constexpr std::array<std::pair<std::string_view, Change>, 11> kChanges{{{"CMD", change_command},
                                                                        {"ENTRYPOINT", change_entrypoint},
                                                                        {"ENV", change_env},
                                                                        {"EXPOSE", change_exposed_ports},
                                                                        {"HEALTHCHECK", change_healthcheck},
                                                                        {"LABEL", change_labels},
                                                                        {"ONBUILD", change_triggers},
                                                                        {"STOPSIGNAL", change_stop_signal},
                                                                        {"USER", change_user},
                                                                        {"VOLUME", change_volumes},
                                                                        {"WORKDIR", change_working_directory}}};

}  // namespace

void apply_changes(const std::vector<std::string>& instructions, OrderedJson& config) {
  bool has_command = false;
  for (const std::string& line : instructions) {
    const Instruction change = parse_instruction(line);
    const auto known =
        std::find_if(kChanges.begin(), kChanges.end(), [&](const auto& entry) { return entry.first == change.name; });
    if (known == kChanges.end()) refuse(lower_case(change.name) + " is not a valid change command");
    known->second(config, change);
    has_command = has_command || change.name == "CMD";
    if (change.name == "ENTRYPOINT" && !has_command) config.erase("Cmd");
  }
}

}  // namespace minidock::image

#include "engine/log_options.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <regex>
#include <set>

#include "base/error.h"
#include "base/gotemplate.h"
#include "base/process.h"
#include "base/text.h"
#include "engine/option_words.h"

namespace minidock {
namespace {

using Options = std::map<std::string, std::string>;

constexpr std::int64_t kDefaultMaxSize = 20 * 1024 * 1024;
constexpr unsigned kDefaultMaxFiles = 5;

[[noreturn]] void invalid(const std::string& message) { throw Error(ErrorKind::invalid_argument, message); }
// What docker finds out when it opens the log.
[[noreturn]] void cannot_start(const std::string& message) {
  invalid("failed to initialize logging driver: " + message);
}

const std::string* find(const Options& options, const char* key) {
  const auto found = options.find(key);
  return found == options.end() ? nullptr : &found->second;
}

// ---- values. `context` comes before docker's words for a bad one.

// go-units' FromHumanSize: "10m", "1.5 GB", "512".
std::int64_t parse_size(const std::string& text, const std::string& context) {
  const auto fail = [&] { cannot_start(fmt::format("{}invalid size: '{}'", context, text)); };
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc() || number < 0) fail();
  std::string unit = lower_case(std::string(end, text.data() + text.size()));
  if (unit.starts_with(' ')) unit.erase(0, 1);
  static const std::regex pattern("([kmgtp]?)(i?b)?");
  std::smatch match;
  if (!std::regex_match(unit, match, pattern)) fail();
  constexpr std::string_view kUnits = "kmgtp";
  const std::string letter = match[1];
  if (!letter.empty()) {
    for (std::size_t i = 0; i <= kUnits.find(letter); ++i) number *= 1000;
  }
  if (number >= 9e18) fail();
  return static_cast<std::int64_t>(number);
}

int parse_int(const std::string& text, const std::string& context) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    cannot_start(fmt::format("{}strconv.Atoi: parsing \"{}\": invalid syntax", context, text));
  }
  return value;
}

bool truth_of(const std::string& text, const std::string& context) {
  if (const std::optional<bool> truth = options::parse_bool(text)) return *truth;
  cannot_start(fmt::format("{}strconv.ParseBool: parsing \"{}\": invalid syntax", context, text));
}

// ---- rotation

struct Rotation {
  std::int64_t max_size = kDefaultMaxSize;  // 0: never
  unsigned max_files = kDefaultMaxFiles;
  bool compress = false;
};

Rotation json_file_rotation(const Options& options) {
  Rotation rotation;
  if (const std::string* size = find(options, "max-size")) {
    rotation.max_size = *size == "-1" ? 0 : parse_size(*size, "");
    if (*size != "-1" && rotation.max_size == 0) cannot_start("max-size must be a positive number");
    rotation.max_files = 1;
  }
  if (const std::string* files = find(options, "max-file")) {
    const int number = parse_int(*files, "");
    if (number < 1) cannot_start("max-file cannot be less than 1");
    rotation.max_files = static_cast<unsigned>(number);
  }
  if (const std::string* compress = find(options, "compress")) {
    rotation.compress = truth_of(*compress, "");
    if (rotation.compress && (rotation.max_files < 2 || rotation.max_size == 0)) {
      cannot_start("compress cannot be true when max-file is less than 2 or max-size is not set");
    }
  }
  return rotation;
}

Rotation local_rotation(const Options& options) {
  Rotation rotation;
  rotation.compress = true;
  if (const std::string* size = find(options, "max-size")) {
    rotation.max_size = *size == "-1" ? 0 : parse_size(*size, "invalid value for max-size: " + *size + ": ");
  }
  if (const std::string* files = find(options, "max-file")) {
    const int number = parse_int(*files, "invalid value for max-file: " + *files + ": ");
    if (number < 0) cannot_start("max file count cannot be less than 0");
    rotation.max_files = static_cast<unsigned>(number);
  }
  if (const std::string* compress = find(options, "compress"))
    rotation.compress = truth_of(*compress, "error reading compress log option: ");
  if (rotation.compress && rotation.max_files <= 1) {
    cannot_start("compression cannot be enabled when max file count is 1");
  }
  return rotation;
}

// ---- attributes and tag

std::vector<std::string> split_at_commas(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    parts.push_back(text.substr(at, comma - at));
    at = comma + 1;
  }
  return parts;
}

std::regex compile(const std::string& pattern) {
  try {
    return std::regex(pattern);
  } catch (const std::regex_error&) {
    cannot_start(fmt::format("error parsing regexp: `{}`", pattern));
  }
}

// Those of `from` that an option lists, or matches.
void choose(const Options& from, const std::string* listed, const std::string* pattern, Options& chosen) {
  if (listed != nullptr) {
    for (const std::string& key : split_at_commas(*listed)) {
      if (const auto found = from.find(key); found != from.end()) chosen[key] = found->second;
    }
  }
  if (pattern != nullptr && !pattern->empty()) {
    const std::regex expression = compile(*pattern);
    for (const auto& [key, value] : from) {
      if (std::regex_search(key, expression)) chosen[key] = value;
    }
  }
}

Options environment(const ContainerConfig& config) {
  Options result;
  for (const std::string& entry : config.env) {
    const std::size_t equals = entry.find('=');
    if (equals != std::string::npos) result[entry.substr(0, equals)] = entry.substr(equals + 1);
  }
  return result;
}

Options extra_attributes(const ContainerDefinition& definition) {
  const Options& options = definition.host.log.options;
  Options chosen;
  choose(definition.config.labels, find(options, "labels"), find(options, "labels-regex"), chosen);
  choose(environment(definition.config), find(options, "env"), find(options, "env-regex"), chosen);
  return chosen;
}

// The fields of docker's log tags (docs.docker.com/engine/logging/log_tags).
std::string tag(const ContainerDefinition& definition, const std::string& fallback) {
  const std::string* text = find(definition.host.log.options, "tag");
  const std::string& used = text != nullptr && !text->empty() ? *text : fallback;
  if (used.empty()) return "";
  std::string command;
  for (const std::string& word : definition.args) command += (command.empty() ? "" : " ") + word;
  const OrderedJson fields{{"ID", definition.id.substr(0, 12)},
                           {"FullID", definition.id},
                           {"Name", definition.name},
                           {"ImageID", definition.image_id.substr(0, 12)},
                           {"ImageFullID", definition.image_id},
                           {"ImageName", definition.image_reference},
                           {"Command", command},
                           {"DaemonName", "minidock"}};
  try {
    gotemplate::Options strict;
    strict.row = true;  // no fields but these
    return gotemplate::Template::parse(used).execute(fields, strict);
  } catch (const Error& error) {
    cannot_start(error.message());
  }
}

Options json_attributes(const ContainerDefinition& definition) {
  Options attributes = extra_attributes(definition);
  const std::string text = tag(definition, "");
  if (!text.empty()) attributes["tag"] = text;
  return attributes;
}

// The journal takes capitals, digits and underscores, and no underscore in front.
std::string journal_key(const std::string& key) {
  std::string result;
  for (const char c : key) {
    const char upper = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    const char kept = (upper >= 'A' && upper <= 'Z') || (upper >= '0' && upper <= '9') ? upper : '_';
    if (kept != '_' || !result.empty()) result += kept;
  }
  return result;
}

Options journal_fields(const ContainerDefinition& definition) {
  const std::string text = tag(definition, "{{.ID}}");
  Options fields{{"CONTAINER_ID", definition.id.substr(0, 12)}, {"CONTAINER_ID_FULL", definition.id},
                 {"CONTAINER_NAME", definition.name},           {"CONTAINER_TAG", text},
                 {"IMAGE_NAME", definition.image_reference},    {"SYSLOG_IDENTIFIER", text}};
  for (const auto& [key, value] : extra_attributes(definition)) {
    const std::string name = journal_key(key);
    if (!name.empty()) fields[name] = value;
  }
  return fields;
}

// ---- drivers

struct Driver {
  const char* name;
  std::set<std::string> options;
  const char* unknown_option;  // docker's words
};

const std::array<Driver, 3>& drivers() {
  static const std::array<Driver, 3> table{{
      {"json-file",
       {"max-file", "max-size", "compress", "labels", "labels-regex", "env", "env-regex", "tag"},
       "unknown log opt '{}' for json-file log driver"},
      {"local", {"max-file", "max-size", "compress"}, "unknown log opt '{}' for log driver local"},
      {"journald",
       {"labels", "labels-regex", "env", "env-regex", "tag"},
       "unknown log opt '{}' for journald log driver"},
  }};
  return table;
}

const Driver& find_driver(const std::string& name) {
  for (const Driver& driver : drivers()) {
    if (driver.name == name) return driver;
  }
  invalid(fmt::format("logger: no log driver named '{}' is registered", name));
}

std::string driver_of(const ContainerDefinition& definition) {
  return definition.host.log.driver.empty() ? kDefaultLogDriver : definition.host.log.driver;
}

}  // namespace

std::vector<std::string> log_driver_names() {
  std::vector<std::string> names;
  for (const Driver& driver : drivers()) names.emplace_back(driver.name);
  std::sort(names.begin(), names.end());
  return names;
}

LogSettings complete_log_settings(LogSettings asked, const DaemonConfig& config) {
  const std::string configured = config.log_driver.empty() ? kDefaultLogDriver : config.log_driver;
  if (asked.driver.empty()) asked.driver = configured;
  if (asked.driver == configured) asked.options.insert(config.log_options.begin(), config.log_options.end());
  return asked;
}

void check_log_settings(const LogSettings& settings) {
  if (settings.driver == "none") {
    if (!settings.options.empty()) invalid("invalid logging opts for driver none");
    return;
  }
  Options options = settings.options;
  if (const std::string* mode = find(options, "mode")) {
    // Writing to a file or the journal does not wait for anybody else: there is nothing that "non-blocking" could drop.
    if (!mode->empty() && *mode != "blocking") invalid("logger: logging mode not supported: " + *mode);
    options.erase("mode");
  }
  if (options.contains("max-buffer-size")) {
    invalid("logger: max-buffer-size option is only supported with 'mode=non-blocking'");
  }
  const Driver& driver = find_driver(settings.driver);
  for (const auto& [key, value] : options) {
    if (!driver.options.contains(key)) invalid(fmt::format(fmt::runtime(driver.unknown_option), key));
  }
  if (settings.driver == "json-file") json_file_rotation(options);
  if (settings.driver == "local") local_rotation(options);
  for (const char* key : {"labels-regex", "env-regex"}) {
    if (const std::string* pattern = find(options, key)) compile(*pattern);
  }
}

std::string log_file(const ContainerDefinition& definition, const std::string& container_dir) {
  const std::string driver = driver_of(definition);
  if (driver == "json-file") return fmt::format("{}/{}-json.log", container_dir, definition.id);
  if (driver == "local") return container_dir + "/local-logs/container.log";
  return "";
}

shim::LogConfig shim_log_config(const ContainerDefinition& definition, const std::string& container_dir) {
  const Options& options = definition.host.log.options;
  shim::LogConfig log;
  log.driver = driver_of(definition);
  log.file = log_file(definition, container_dir);
  if (log.driver == "json-file") log.attributes = json_attributes(definition);
  if (log.driver == "journald") log.attributes = journal_fields(definition);
  if (log.file.empty()) return log;
  const Rotation rotation = log.driver == "local" ? local_rotation(options) : json_file_rotation(options);
  log.max_size = rotation.max_size;
  log.max_files = rotation.max_files;
  if (rotation.compress) log.compress_command = {process::find_companion("minidock-image"), "compress-log", log.file};
  return log;
}

}  // namespace minidock

#include "engine/shim/container_log.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/format.h"
#include "engine/shim/journald_log.h"
#include "engine/shim/json_log.h"
#include "engine/shim/local_log.h"

namespace minidock::shim {
namespace {

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80; }

// Where to cut a line that is too long: not inside of a character.
std::size_t cut_position(std::string_view line) {
  std::size_t position = kMaxLogLine;
  while (position > kMaxLogLine - 3 && is_continuation(line[position])) --position;
  return is_continuation(line[position]) ? kMaxLogLine : position;
}

std::unique_ptr<LogDriver> open_driver(const LogConfig& config) {
  const FileLimits limits{config.max_size, config.max_files, config.compress_command};
  if (config.driver == "json-file") return std::make_unique<JsonLog>(config.file, limits, config.attributes);
  if (config.driver == "local") return std::make_unique<LocalLog>(config.file, limits);
  if (config.driver == "journald") return std::make_unique<JournaldLog>(config.attributes);
  if (config.driver == "none") return nullptr;
  throw Error(ErrorKind::corrupt_data, fmt::format("shim.json: unknown log driver \"{}\"", config.driver));
}

}  // namespace

ContainerLog ContainerLog::open(const LogConfig& config) { return ContainerLog(open_driver(config)); }

void ContainerLog::write(LogStream stream, std::string_view data) {
  if (!driver_) return;
  const std::int64_t now = format::now_ns();
  std::string& incomplete = incomplete_[static_cast<std::size_t>(stream)];
  while (!data.empty()) {
    // Never more than one cut's worth is collected, so that a program without newlines cannot make the shim grow.
    const std::string_view reach = data.substr(0, kMaxLogLine + 1 - incomplete.size());
    const std::size_t take = std::min(reach.find('\n'), reach.size() - 1) + 1;
    std::string_view line = data.substr(0, take);
    data.remove_prefix(take);
    if (!incomplete.empty()) line = incomplete.append(line);
    if (line.back() == '\n') {
      driver_->append(stream, line, now);
      incomplete.clear();
    } else if (line.size() > kMaxLogLine) {
      const std::size_t cut = cut_position(line);
      driver_->append(stream, line.substr(0, cut), now);
      const std::string rest(line.substr(cut));  // `line` may be a part of `incomplete`
      incomplete = rest;
    } else if (incomplete.empty()) {
      incomplete = line;
    }
  }
  driver_->flush();
}

void ContainerLog::end(LogStream stream) {
  if (!driver_) return;
  std::string& incomplete = incomplete_[static_cast<std::size_t>(stream)];
  if (!incomplete.empty()) driver_->append(stream, incomplete, format::now_ns());
  std::string().swap(incomplete);
  driver_->flush();
}

void ContainerLog::rest() noexcept {
  if (driver_) driver_->rest();
  for (std::string& incomplete : incomplete_) incomplete.shrink_to_fit();
}

void ContainerLog::reap_helper() noexcept {
  if (driver_) driver_->reap_helper();
}

void ContainerLog::end_helper() noexcept {
  if (driver_) driver_->end_helper();
}

}  // namespace minidock::shim

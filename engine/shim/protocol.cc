#include "engine/shim/protocol.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "base/file.h"
#include "base/syscall.h"

namespace minidock::shim {

// ---- frames

namespace {

void put_big_endian(std::size_t value, unsigned bytes, char* out) {
  for (unsigned i = 0; i < bytes; ++i) out[i] = static_cast<char>((value >> (8 * (bytes - 1 - i))) & 0xffU);
}

std::size_t get_big_endian(std::string_view bytes) {
  std::size_t value = 0;
  for (const char byte : bytes) value = (value << 8) | static_cast<std::uint8_t>(byte);
  return value;
}

}  // namespace

std::array<char, kFrameHeaderSize> frame_header(FrameType type, std::size_t payload_size) {
  std::array<char, kFrameHeaderSize> header{};
  header[0] = static_cast<char>(type);
  put_big_endian(payload_size, 4, header.data() + 1);
  return header;
}

namespace {

// What arrived, 0 at the end of the channel, nothing when there is no more at the moment.
std::optional<std::size_t> receive_some(int channel, char* space, std::size_t size) {
  for (;;) {
    const ssize_t got = ::recv(channel, space, size, MSG_DONTWAIT);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno == EAGAIN || errno == EWOULDBLOCK) return std::nullopt;
    if (errno == ECONNRESET) return 0;
    if (errno != EINTR) throw SysError(fmt::format("recv(attach channel {})", channel));
  }
}

bool is_control(FrameType type) { return type == FrameType::resize || type == FrameType::exit_code; }

}  // namespace

// True when the header is whole; else `piece` says why not.
bool FrameReader::receive_header(int channel, Piece& piece) {
  while (header_size_ < header_.size()) {
    const std::optional<std::size_t> got =
        receive_some(channel, header_.data() + header_size_, header_.size() - header_size_);
    if (!got || *got == 0) {
      piece.what = got ? What::end_of_file : What::nothing_yet;
      return false;
    }
    header_size_ += *got;
  }
  return true;
}

FrameReader::Piece FrameReader::receive_control(int channel) {
  while (remaining_ > 0) {
    const std::optional<std::size_t> got =
        receive_some(channel, control_.data() + control_.size() - remaining_, remaining_);
    if (!got) return {};
    if (*got == 0) return {What::end_of_file, type_, {}};
    remaining_ -= *got;
  }
  header_size_ = 0;
  return {What::data, type_, std::string_view(control_.data(), control_.size())};
}

void FrameReader::payload_taken(std::size_t size) {
  remaining_ -= size;
  if (remaining_ == 0) header_size_ = 0;
}

FrameReader::Piece FrameReader::receive(int channel, std::span<char> space) {
  if (header_size_ < header_.size()) {
    Piece piece;
    if (!receive_header(channel, piece)) return piece;
    const auto type = static_cast<std::uint8_t>(header_[0]);
    if (type > static_cast<std::uint8_t>(FrameType::exit_code)) {
      throw Error(ErrorKind::corrupt_data, fmt::format("attach channel: unknown frame type {}", type));
    }
    type_ = static_cast<FrameType>(type);
    remaining_ = get_big_endian(std::string_view(header_.data() + 1, 4));
    if (remaining_ > kMaxFramePayload || (is_control(type_) && remaining_ != control_.size()) ||
        (type_ == FrameType::stdin_end && remaining_ != 0)) {
      throw Error(ErrorKind::corrupt_data,
                  fmt::format("attach channel: a frame of type {} must not have {} bytes", type, remaining_));
    }
  }
  if (is_control(type_)) return receive_control(channel);
  if (remaining_ == 0) {
    header_size_ = 0;
    return {What::data, type_, {}};
  }
  if (space.empty()) return {What::data, type_, {}};
  const std::optional<std::size_t> got = receive_some(channel, space.data(), std::min(space.size(), remaining_));
  if (!got) return {};
  if (*got == 0) return {What::end_of_file, type_, {}};
  payload_taken(*got);
  return {What::data, type_, std::string_view(space.data(), *got)};
}

std::string encode_window_size(std::uint16_t rows, std::uint16_t columns) {
  std::string payload(4, '\0');
  put_big_endian(rows, 2, payload.data());
  put_big_endian(columns, 2, payload.data() + 2);
  return payload;
}

std::pair<std::uint16_t, std::uint16_t> decode_window_size(std::string_view payload) {
  return {static_cast<std::uint16_t>(get_big_endian(payload.substr(0, 2))),
          static_cast<std::uint16_t>(get_big_endian(payload.substr(2, 2)))};
}

std::string encode_exit_code(int code) {
  std::string payload(4, '\0');
  put_big_endian(static_cast<std::uint32_t>(code), 4, payload.data());
  return payload;
}

int decode_exit_code(std::string_view payload) { return static_cast<int>(get_big_endian(payload)); }

// ---- files

namespace {

const Json& member(const Json& document, const char* key) {
  const auto found = document.is_object() ? document.find(key) : document.end();
  if (!document.is_object() || found == document.end()) {
    throw Error(ErrorKind::corrupt_data, fmt::format("\"{}\" is missing", key));
  }
  return *found;
}

Json log_to_json(const LogConfig& log) {
  return Json{{"driver", log.driver},         {"file", log.file},
              {"max_size", log.max_size},     {"max_files", log.max_files},
              {"attributes", log.attributes}, {"compress_command", log.compress_command}};
}

LogConfig log_from_json(const Json& document) {
  LogConfig log;
  log.driver = json::get_string(document, "driver");
  log.file = json::get_string(document, "file");
  log.max_size = json::get_int(document, "max_size");
  log.max_files = static_cast<unsigned>(json::get_int(document, "max_files"));
  for (const auto& [key, value] : member(document, "attributes").items()) {
    log.attributes[key] = value.is_string() ? value.get<std::string>() : "";
  }
  log.compress_command = json::get_strings(document, "compress_command");
  return log;
}

Json learnt_names_to_json(const LearntNames& names) {
  if (!names.restricted) return Json::object();
  return Json{{"table", names.table},
              {"patterns", names.patterns},
              {"ipv4_sets", names.ipv4_sets},
              {"ipv6_sets", names.ipv6_sets}};
}

LearntNames learnt_names_from_json(const Json& document) {
  LearntNames names;
  names.table = json::get_string(document, "table");
  names.restricted = !names.table.empty();
  names.patterns = json::get_strings(document, "patterns");
  names.ipv4_sets = json::get_strings(document, "ipv4_sets");
  names.ipv6_sets = json::get_strings(document, "ipv6_sets");
  if (names.ipv4_sets.size() != names.patterns.size() || names.ipv6_sets.size() != names.patterns.size()) {
    throw Error(ErrorKind::corrupt_data, "shim.json: there is not a set for each learnt name");
  }
  return names;
}

}  // namespace

Json to_json(const ShimConfig& config) {
  return Json{{"id", config.id},
              {"container_dir", config.container_dir},
              {"state_dir", config.state_dir},
              {"name_link", config.name_link},
              {"netns_link", config.netns_link},
              {"spec", runtime::to_json(config.spec)},
              {"open_stdin", config.open_stdin},
              {"stdin_once", config.stdin_once},
              {"log", log_to_json(config.log)},
              {"restart", to_json(config.restart)},
              {"health", to_json(config.health)},
              {"stop_signal", config.stop_signal},
              {"stop_timeout", config.stop_timeout},
              {"timeout", config.timeout},
              {"pid_file", config.pid_file},
              {"name_service", Json::array({config.name_service.view, config.name_service.networks})},
              {"learnt_names", learnt_names_to_json(config.name_service.learnt)},
              {"network_command", config.network_command},
              {"firewall_table", config.firewall_table},
              {"firewall_command", config.firewall_command},
              {"scope_command", config.scope_command},
              {"cleanup_command", config.cleanup_command},
              {"debug", config.debug},
              {"state_root", config.state_root},
              {"event_attributes", config.event_attributes}};
}

namespace {

Json process_to_json(const ProcessId& process) {
  return Json{{"pid", process.pid}, {"start_time", process.start_time}};
}

ProcessId process_from_json(const Json& document, const char* key) {
  const Json& object = member(document, key);
  ProcessId process;
  process.pid = static_cast<pid_t>(json::get_int(object, "pid"));
  process.start_time = static_cast<std::uint64_t>(json::get_int(object, "start_time"));
  return process;
}

}  // namespace

ShimConfig shim_config_from_json(const Json& document) {
  ShimConfig config;
  config.id = json::get_string(document, "id");
  config.container_dir = json::get_string(document, "container_dir");
  config.state_dir = json::get_string(document, "state_dir");
  config.name_link = json::get_string(document, "name_link");
  config.netns_link = json::get_string(document, "netns_link");
  config.spec = runtime::spec_from_json(member(document, "spec"));
  config.open_stdin = json::get_bool(document, "open_stdin");
  config.stdin_once = json::get_bool(document, "stdin_once");
  config.log = log_from_json(member(document, "log"));
  config.restart = restart_settings_from_json(member(document, "restart"));
  config.health = health_settings_from_json(member(document, "health"));
  config.stop_signal = static_cast<int>(json::get_int(document, "stop_signal", config.stop_signal));
  config.stop_timeout = static_cast<int>(json::get_int(document, "stop_timeout", config.stop_timeout));
  config.timeout = static_cast<int>(json::get_int(document, "timeout"));
  config.pid_file = json::get_string(document, "pid_file");
  const std::vector<std::string> name_service = json::get_strings(document, "name_service");
  if (name_service.size() == 2) config.name_service = {name_service[0], name_service[1], {}};
  if (const auto learnt = document.find("learnt_names"); learnt != document.end()) {
    config.name_service.learnt = learnt_names_from_json(*learnt);
  }
  config.network_command = json::get_strings(document, "network_command");
  config.firewall_table = json::get_string(document, "firewall_table");
  config.firewall_command = json::get_strings(document, "firewall_command");
  config.scope_command = json::get_strings(document, "scope_command");
  config.cleanup_command = json::get_strings(document, "cleanup_command");
  config.debug = json::get_bool(document, "debug");
  config.state_root = json::get_string(document, "state_root");
  if (const auto attributes = document.find("event_attributes"); attributes != document.end()) {
    for (const auto& [key, value] : attributes->items()) {
      if (value.is_string()) config.event_attributes[key] = value.get<std::string>();
    }
  }
  if (config.id.empty() || config.container_dir.empty() || config.state_dir.empty() || config.name_link.empty()) {
    throw Error(ErrorKind::corrupt_data, "id, container_dir and state_dir must be given");
  }
  return config;
}

namespace {

std::string config_file(const std::string& container_dir) { return container_dir + "/shim.json"; }

}  // namespace

bool has_config(const std::string& container_dir) { return file::exists(config_file(container_dir)); }

ShimConfig read_config(const std::string& container_dir) {
  const std::string path = config_file(container_dir);
  const std::string text = file::read(path);
  try {
    return shim_config_from_json(json::parse(text, "the document"));
  } catch (const Error& error) {
    throw error.with_context(path);
  }
}

void write_config(const ShimConfig& config) {
  file::replace(config_file(config.container_dir), json::dump(to_json(config)), 0600);
}

int exit_code_of_failed_start(const Error& error) {
  if (error.kind() == ErrorKind::command_not_found) return 127;
  return error.kind() == ErrorKind::command_not_executable ? 126 : 128;
}

Json to_json(const RunningState& state) {
  return Json{{"shim", process_to_json(state.shim)}, {"init", process_to_json(state.init)},
              {"started_at", state.started_at},      {"restart_count", state.restart_count},
              {"restarting", state.restarting},      {"exit_code", state.exit_code},
              {"oom_killed", state.oom_killed},      {"finished_at", state.finished_at}};
}

RunningState running_state_from_json(const Json& document) {
  RunningState state;
  state.shim = process_from_json(document, "shim");
  state.init = process_from_json(document, "init");
  state.started_at = json::get_int(document, "started_at");
  state.restart_count = static_cast<int>(json::get_int(document, "restart_count"));
  state.restarting = json::get_bool(document, "restarting");
  state.exit_code = static_cast<int>(json::get_int(document, "exit_code"));
  state.oom_killed = json::get_bool(document, "oom_killed");
  state.finished_at = json::get_int(document, "finished_at");
  return state;
}

Json to_json(const ExitRecord& record) {
  return Json{{"exit_code", record.exit_code},
              {"oom_killed", record.oom_killed},
              {"started_at", record.started_at},
              {"finished_at", record.finished_at},
              {"restart_count", record.restart_count},
              {"stopped_by_user", record.stopped_by_user},
              {"error", record.error}};
}

ExitRecord exit_record_from_json(const Json& document) {
  member(document, "exit_code");
  ExitRecord record;
  record.exit_code = static_cast<int>(json::get_int(document, "exit_code"));
  record.oom_killed = json::get_bool(document, "oom_killed");
  record.started_at = json::get_int(document, "started_at");
  record.finished_at = json::get_int(document, "finished_at");
  record.restart_count = static_cast<int>(json::get_int(document, "restart_count"));
  record.stopped_by_user = json::get_bool(document, "stopped_by_user");
  record.error = json::get_string(document, "error");
  return record;
}

// ---- start channel

namespace {

// An error's text may quote a user's file or argument; the message must stay below the receiver's limit.
constexpr std::size_t kMaxErrorText = 8 * 1024;

struct MessageToJson {
  Json operator()(const Created&) const { return Json{{"type", "created"}}; }
  Json operator()(const NetworkReady&) const { return Json{{"type", "network_ready"}}; }
  Json operator()(const Started& message) const { return Json{{"type", "started"}, {"state", to_json(message.state)}}; }
  Json operator()(const Failed& message) const {
    return Json{{"type", "failed"},
                {"kind", std::string(to_string(message.kind))},
                {"errno", message.error_number},
                {"message", message.message.substr(0, kMaxErrorText)}};
  }
  Json operator()(const Exited& message) const {
    return Json{{"type", "exited"}, {"record", to_json(message.record)}, {"restarting", message.restarting}};
  }
  Json operator()(const Removing&) const { return Json{{"type", "removing"}}; }
};

StartMessage message_from_json(const Json& document, std::vector<Fd>& fds) {
  const std::string type = json::get_string(document, "type");
  if (type == "created" && fds.size() == 1) return Created{std::move(fds[0])};
  if (type == "network_ready") return NetworkReady{};
  if (type == "started") return Started{running_state_from_json(member(document, "state"))};
  if (type == "failed") {
    return Failed{error_kind_from_string(json::get_string(document, "kind")),
                  static_cast<int>(json::get_int(document, "errno")), json::get_string(document, "message")};
  }
  if (type == "exited") {
    return Exited{exit_record_from_json(member(document, "record")), json::get_bool(document, "restarting")};
  }
  if (type == "removing") return Removing{};
  throw Error(ErrorKind::corrupt_data, fmt::format("unknown message \"{}\"", type));
}

}  // namespace

void send(int channel, const StartMessage& message) {
  std::vector<int> fds;
  if (const auto* created = std::get_if<Created>(&message)) fds.push_back(created->netns.get());
  sys::send_message(channel, json::dump(std::visit(MessageToJson{}, message)), fds);
}

namespace {

// No data at end of file. A peer that is gone and had not read all that we sent is reported once, as ECONNRESET, and
// before what it had sent itself: its last words are still there.
sys::Message receive_raw(int channel) {
  try {
    return sys::receive_message(channel);
  } catch (const SysError& error) {
    if (error.error_number() != ECONNRESET) throw;
  }
  return sys::receive_message(channel);
}

Json parse_raw(const sys::Message& message) { return json::parse(message.data, "the message"); }

constexpr std::size_t kDescriptorsInAMessage = 16;  // what sys::send_message takes

}  // namespace

void send_assignment(int channel, const AssignmentToSend& assignment) {
  if (assignment.explain >= 0) {
    sys::send_message(channel, json::dump(Json{{"type", "explain"}}), std::span(&assignment.explain, 1));
  }
  std::vector<int> fds;
  const auto send_kept = [&] {
    if (!fds.empty()) sys::send_message(channel, json::dump(Json{{"type", "kept"}}), fds);
    fds.clear();
  };
  for (const Fd& fd : assignment.kept) {
    fds.push_back(fd.get());
    if (fds.size() == kDescriptorsInAMessage) send_kept();
  }
  send_kept();
  if (assignment.attach >= 0) fds.push_back(assignment.attach);
  const Json document{
      {"type", "assignment"}, {"container_dir", assignment.container_dir}, {"preserved", assignment.preserved}};
  sys::send_message(channel, json::dump(document), fds);
}

std::optional<Assignment> receive_assignment(int channel) {
  Assignment assignment;
  for (;;) {
    sys::Message message = receive_raw(channel);
    if (message.data.empty()) return std::nullopt;
    const Json document = parse_raw(message);
    const std::string type = json::get_string(document, "type");
    if (type == "kept") {
      for (Fd& fd : message.fds) assignment.kept.push_back(std::move(fd));
      continue;
    }
    if (type == "explain" && message.fds.size() == 1) {
      assignment.explain = std::move(message.fds[0]);
      continue;
    }
    assignment.container_dir = json::get_string(document, "container_dir");
    assignment.preserved = static_cast<int>(json::get_int(document, "preserved"));
    if (type != "assignment" || assignment.container_dir.empty() || message.fds.size() > 1) {
      throw Error(ErrorKind::corrupt_data, "start channel of minidock-shim: not an assignment");
    }
    if (!message.fds.empty()) assignment.attach = std::move(message.fds[0]);
    return assignment;
  }
}

std::optional<StartMessage> receive(int channel) {
  sys::Message message = receive_raw(channel);
  if (message.data.empty()) return std::nullopt;
  try {
    return message_from_json(parse_raw(message), message.fds);
  } catch (const Error& error) {
    throw error.with_context("start channel of minidock-shim");
  }
}

}  // namespace minidock::shim

#include "engine/log_format.h"

#include <array>

#include "base/error.h"
#include "base/format.h"
#include "base/json.h"
#include "base/syscall.h"
#include "engine/shim/local_log.h"

namespace minidock {
namespace {

// ---- lines of JSON

constexpr std::size_t kBlock = 64 * 1024;

std::size_t line_size(std::string_view data) {
  const std::size_t end = data.find('\n');
  return end == std::string_view::npos ? 0 : end + 1;
}

std::optional<LogEntry> decode_line(std::string_view line) {
  try {
    const Json record = json::parse(line, "a log record");
    LogEntry entry;
    entry.text = json::get_string(record, "log");
    entry.is_stderr = json::get_string(record, "stream") == "stderr";
    entry.time = format::parse_rfc3339(json::get_string(record, "time"));
    if (const auto attributes = record.find("attrs"); attributes != record.end() && attributes->is_object()) {
      for (const auto& [key, value] : attributes->items()) entry.attributes[key] = value.get<std::string>();
    }
    return entry;
  } catch (const Error&) {
  } catch (const Json::exception&) {
  }
  return std::nullopt;
}

LogTail tail_of_lines(int fd, std::int64_t wanted) {
  const off_t size = sys::fstat(fd).st_size;
  LogTail tail{size, 0};
  std::string block(kBlock, '\0');
  for (off_t end = size; end > 0 && tail.entries < wanted;) {
    const off_t start = std::max<off_t>(0, end - static_cast<off_t>(kBlock));
    const std::size_t got = sys::pread(fd, block.data(), static_cast<std::size_t>(end - start), start);
    for (std::size_t i = got; i > 0 && tail.entries < wanted; --i) {
      const off_t line = start + static_cast<off_t>(i);
      if (block[i - 1] == '\n' && line < size) tail = {line, tail.entries + 1};
    }
    end = start;
  }
  // The first line has no line end before it.
  if (size > 0 && tail.entries < wanted) tail = {0, tail.entries + 1};
  return tail;
}

// ---- records

std::size_t record_size(std::string_view data) {
  if (data.size() < shim::kLocalSizeField) return 0;
  const std::uint32_t body = shim::decode_local_size(data.data());
  if (body < shim::kLocalBodyHeader || body > shim::kMaxLocalBody) return data.size();
  const std::size_t whole = body + 2 * shim::kLocalSizeField;
  return data.size() < whole ? 0 : whole;
}

std::optional<LogEntry> decode_record(std::string_view record) {
  if (record.size() < shim::kLocalBodyHeader + 2 * shim::kLocalSizeField) return std::nullopt;
  const std::uint32_t body = shim::decode_local_size(record.data());
  if (body + 2 * shim::kLocalSizeField != record.size()) return std::nullopt;
  if (shim::decode_local_size(record.data() + record.size() - shim::kLocalSizeField) != body) return std::nullopt;
  const shim::LocalEntry local = shim::decode_local_body(record.substr(shim::kLocalSizeField, body));
  LogEntry entry;
  entry.text = std::string(local.text) + (local.goes_on ? "" : "\n");
  entry.is_stderr = local.is_stderr;
  entry.time = local.time;
  return entry;
}

LogTail tail_of_records(int fd, std::int64_t wanted) {
  LogTail tail{sys::fstat(fd).st_size, 0};
  while (tail.entries < wanted) {
    std::array<char, shim::kLocalSizeField> field{};
    const off_t at = tail.offset - static_cast<off_t>(field.size());
    if (at < 0 || sys::pread(fd, field.data(), field.size(), at) != field.size()) return tail;
    const auto whole = static_cast<off_t>(shim::decode_local_size(field.data()) + 2 * shim::kLocalSizeField);
    if (whole > tail.offset) return tail;
    tail = {tail.offset - whole, tail.entries + 1};
  }
  return tail;
}

}  // namespace

std::size_t entry_size(LogFormat format, std::string_view data) {
  return format == LogFormat::json_lines ? line_size(data) : record_size(data);
}

std::optional<LogEntry> decode_entry(LogFormat format, std::string_view entry) {
  return format == LogFormat::json_lines ? decode_line(entry) : decode_record(entry);
}

LogTail find_tail(LogFormat format, int fd, std::int64_t wanted) {
  return format == LogFormat::json_lines ? tail_of_lines(fd, wanted) : tail_of_records(fd, wanted);
}

}  // namespace minidock

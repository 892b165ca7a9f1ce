#include "engine/exec_records.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"

namespace minidock {
namespace {

std::string directory_of(const storage::Instance& instance, const std::string& container_id) {
  return instance.container_state_dir(container_id) + "/execs";
}

std::vector<std::string> names_in(const std::string& directory) {
  std::vector<std::string> names;
  std::error_code error;  // no such directory: no names
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::optional<ExecRecord> read_record(const std::string& directory, const std::string& id) {
  const std::optional<std::string> text = file::read_if_exists(directory + "/" + id);
  if (!text) return std::nullopt;
  const Json document = json::parse(*text, "the record of an exec");
  return ExecRecord{id,
                    {static_cast<pid_t>(json::get_int(document, "pid")),
                     static_cast<std::uint64_t>(json::get_int(document, "start_time"))}};
}

}  // namespace

OwnedExecRecord::OwnedExecRecord(const storage::Instance& instance, const std::string& container_id,
                                 const ExecRecord& record) {
  const std::string directory = directory_of(instance, container_id);
  file::make_directories(directory, 0700);
  path_ = directory + "/" + record.id;
  const Json document{{"pid", record.process.pid}, {"start_time", record.process.start_time}};
  file::replace(path_, json::dump(document), 0600);
}

void OwnedExecRecord::remove() noexcept {
  if (!path_.empty()) ::unlink(path_.c_str());
  path_.clear();
}

std::vector<ExecRecord> list_execs(const storage::Instance& instance, const std::string& container_id) {
  const std::string directory = directory_of(instance, container_id);
  std::vector<ExecRecord> records;
  for (const std::string& id : names_in(directory)) {
    const std::optional<ExecRecord> record = read_record(directory, id);
    if (record && process::is_alive(record->process)) records.push_back(*record);
  }
  return records;
}

ExecRecord find_exec(const storage::Instance& instance, const std::string& name) {
  std::vector<ExecRecord> found;
  for (const std::string& container : names_in(instance.state + "/containers")) {
    for (ExecRecord& record : list_execs(instance, container)) {
      if (record.id.starts_with(name)) found.push_back(std::move(record));
    }
  }
  if (found.empty() || name.empty()) {
    throw Error(ErrorKind::not_found, fmt::format("No such exec instance: {}", name));
  }
  if (found.size() > 1) {
    throw Error(ErrorKind::conflict, fmt::format("multiple exec instances found with provided prefix: {}", name));
  }
  return found.front();
}

}  // namespace minidock

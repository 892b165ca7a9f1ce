#include "base/error.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace minidock {
namespace {

constexpr std::array<std::pair<ErrorKind, std::string_view>, 11> kNames{{
    {ErrorKind::internal, "internal"},
    {ErrorKind::system, "system"},
    {ErrorKind::invalid_argument, "invalid_argument"},
    {ErrorKind::not_found, "not_found"},
    {ErrorKind::conflict, "conflict"},
    {ErrorKind::permission_denied, "permission_denied"},
    {ErrorKind::unsupported, "unsupported"},
    {ErrorKind::unavailable, "unavailable"},
    {ErrorKind::corrupt_data, "corrupt_data"},
    {ErrorKind::command_not_found, "command_not_found"},
    {ErrorKind::command_not_executable, "command_not_executable"},
}};

std::string system_message(int err, std::string_view what) {
  std::string message(what);
  message += ": ";
  message += strerrordesc_np(err) != nullptr ? strerrordesc_np(err) : "unknown error";
  return message;
}

}  // namespace

std::string_view to_string(ErrorKind kind) {
  for (const auto& [candidate, name] : kNames) {
    if (candidate == kind) return name;
  }
  return "internal";
}

ErrorKind error_kind_from_string(std::string_view name) {
  for (const auto& [kind, candidate] : kNames) {
    if (candidate == name) return kind;
  }
  return ErrorKind::internal;
}

Error::Error(ErrorKind kind, std::string message, int err) : kind_(kind), message_(std::move(message)), errno_(err) {}

Error Error::with_context(std::string_view context) const {
  return Error(kind_, std::string(context) + ": " + message_, errno_);
}

SysError::SysError(std::string_view what) : SysError(errno, what) {}

SysError::SysError(int err, std::string_view what) : Error(ErrorKind::system, system_message(err, what), err) {}

}  // namespace minidock

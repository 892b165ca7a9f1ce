// docker's words for a value that an option's own check refuses.
#pragma once

#include <fmt/format.h>

#include <string>

#include "cmd/minidock/command.h"

namespace minidock::cmd {

// What `call` returns; its Error is told as the command line's fault.
template <typename Call>
auto as_usage_error(Call call) {
  try {
    return call();
  } catch (const UsageError&) {
    throw;
  } catch (const Error& error) {
    throw UsageError(error.message());
  }
}

// What `parser` makes of the text; its Error becomes a UsageError that names the flag.
template <typename Parser>
auto checked(const char* flag, const std::string& text, Parser parser) {
  try {
    return parser(text);
  } catch (const Error& error) {
    throw UsageError(fmt::format("invalid argument \"{}\" for \"{}\" flag: {}", text, flag, error.message()));
  }
}

}  // namespace minidock::cmd

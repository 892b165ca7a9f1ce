// Finds the program that a process executes, as its user, with docker's words where it fails.
#pragma once

#include <string>
#include <vector>

namespace minidock::runtime {

// `name` with a slash is the path itself, else the first hit in PATH of `environment`. ErrorKind::command_not_found
// (127) or command_not_executable (126).
std::string child_find_program(const std::string& name, const std::vector<std::string>& environment);

// Only returns by throwing.
[[noreturn]] void child_exec(const std::string& program, const std::vector<std::string>& arguments,
                             const std::vector<std::string>& environment);

}  // namespace minidock::runtime

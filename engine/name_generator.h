#pragma once

#include <string>

namespace minidock {

// A random name for a container without one: "adjective_surname", with a digit behind it from the second try on
// (docker's scheme). `attempt` counts from 0.
std::string random_container_name(int attempt);

// ErrorKind::invalid_argument with docker's words unless the name is [a-zA-Z0-9][a-zA-Z0-9_.-]+ (rule R10).
void check_container_name(const std::string& name);

}  // namespace minidock

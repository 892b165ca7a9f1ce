// --platform, and this machine's own.
#pragma once

#include <string>

namespace minidock {

struct MachinePlatform {
  std::string os;
  std::string architecture;
};

MachinePlatform machine_platform();

// ErrorKind::invalid_argument for what is not "os/arch[/variant]" or one of both alone.
void check_platform(const std::string& text);

}  // namespace minidock

// What plain text needs everywhere.
#pragma once

#include <string>

namespace minidock {

// ASCII letters only.
std::string lower_case(std::string text);
std::string upper_case(std::string text);

}  // namespace minidock

#pragma once

#include <map>
#include <string>
#include <vector>

namespace minidock::cmd {

// "key=value" words of a repeatable option; a word alone has an empty value. The last of a key counts.
std::map<std::string, std::string> key_value_map(const std::vector<std::string>& words);

// docker's question before something is removed; anything but "y" is no.
bool confirms(const std::string& warning);

}  // namespace minidock::cmd

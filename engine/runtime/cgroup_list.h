// Which groups there are.
#pragma once

#include <string>
#include <vector>

namespace minidock::runtime {

// Names of the groups directly below `parent` ("/minidock"), in any hierarchy, each once.
std::vector<std::string> cgroups_below(const std::string& parent);

}  // namespace minidock::runtime

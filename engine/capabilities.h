// Capability sets by name, as docker chooses them.
#pragma once

#include <string>
#include <vector>

namespace minidock {

// docker's fourteen, changed by --cap-add and --cap-drop ("ALL", names with or without "CAP_", any case); every
// capability that the running kernel knows when privileged. In the kernel's order. ErrorKind::invalid_argument with
// docker's words for an unknown name.
std::vector<std::string> effective_capabilities(bool privileged, const std::vector<std::string>& add,
                                                const std::vector<std::string>& drop);

// Checks and normalises the names: "CAP_NET_ADMIN"; "ALL" stays. `option` is "CapAdd" or "CapDrop".
std::vector<std::string> normalise_capabilities(const std::vector<std::string>& names, const char* option);

}  // namespace minidock

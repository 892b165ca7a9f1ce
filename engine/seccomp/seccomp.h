// docker's default seccomp profile as a compiled filter. Compiling takes milliseconds, loading a third of one: the
// result is cached by everything that it depends on.
#pragma once

#include <string>
#include <vector>

namespace minidock::seccomp {

// Path of a file below `cache_directory` that holds the filter (array of struct sock_filter) of docker's default
// profile for a process with `capabilities` ("CAP_CHOWN", …: the bounding set, which opens rules of the profile).
// Compiles and stores it when it is not there. The key, all of it in the file's name, is the profile's version, the
// architecture, the kernel version, libseccomp's version and the capabilities. Safe when several processes do it at
// once. With a cached file this costs one stat(2). ErrorKind::invalid_argument for an unknown capability.
std::string default_profile_file(const std::string& cache_directory, const std::vector<std::string>& capabilities);

// The same for the user's own profile in docker's JSON format (--security-opt seccomp=FILE).
// ErrorKind::invalid_argument or corrupt_data when it is malformed, unsupported for SCMP_ACT_NOTIFY and flags.
std::string profile_file(const std::string& cache_directory, const std::string& profile_json,
                         const std::vector<std::string>& capabilities);

}  // namespace minidock::seccomp

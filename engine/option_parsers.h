// The small languages inside docker's options: -e, --env-file, --label, signals. Every failure is
// ErrorKind::invalid_argument with docker's words where it has some.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/definition.h"
#include "engine/mount_options.h"

namespace minidock::options {

// An entry of --env; ErrorKind::invalid_argument when it has no name.
std::string check_environment_entry(const std::string& entry);

// What --env-file and, after it, --env make together. "K=V" stays; "K" takes the value of this process's environment.
// Without one it stays bare and erases the image's; a file's is left out.
std::vector<std::string> environment_of(const std::vector<std::string>& files, const std::vector<std::string>& entries);

// Lines "K=V" or "K" of an --env-file or --label-file; comments (#) and empty lines are skipped.
std::vector<std::string> read_env_file(const std::string& path);

// "key=value" or "key" (empty value).
std::pair<std::string, std::string> parse_label(const std::string& text);

// "TERM", "SIGTERM", "15" → 15; SIGRTMIN+n and SIGRTMAX-n too.
int parse_signal(const std::string& text);

// "ctrl-p,ctrl-q", or "" for the default.
void check_detach_keys(const std::string& keys);

}  // namespace minidock::options

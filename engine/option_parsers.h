// The small languages inside docker's options: -p, -e, --env-file, --label, signals. Every failure is
// ErrorKind::invalid_argument with docker's words where it has some.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/definition.h"
#include "engine/mount_options.h"

namespace minidock::options {

// "[ip:][hostPort[-hostPort]:]containerPort[-containerPort][/proto]"
std::vector<network::PublishedPort> parse_publish(const std::string& text);

// "80", "80/tcp", "8000-8002/udp" → "80/tcp", …
std::vector<std::string> parse_expose(const std::string& text);

// An entry of --env; ErrorKind::invalid_argument when it has no name.
std::string check_environment_entry(const std::string& entry);

// "K=V" stays; "K" takes the value of this process's environment, or goes when it has none.
std::vector<std::string> resolve_environment(const std::vector<std::string>& entries);
// An --env-file: "K" takes the caller's value, or is left out.
std::vector<std::string> read_environment_file(const std::string& path);

// Lines "K=V" or "K" of an --env-file or --label-file; comments (#) and empty lines are skipped.
std::vector<std::string> read_env_file(const std::string& path);

// "key=value" or "key" (empty value).
std::pair<std::string, std::string> parse_label(const std::string& text);

// "TERM", "SIGTERM", "15" → 15; SIGRTMIN+n and SIGRTMAX-n too.
int parse_signal(const std::string& text);

// "ctrl-p,ctrl-q", or "" for the default.
void check_detach_keys(const std::string& keys);

}  // namespace minidock::options

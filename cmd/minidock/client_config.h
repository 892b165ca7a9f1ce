// What docker's client takes from its config.json when the command line does not say it.
#pragma once

#include <string>

namespace minidock::cmd {

// "psFormat", "imagesFormat", "statsFormat", "volumesFormat", "networksFormat" for a --format that was not given. With
// `quiet` there is nothing to format.
void take_configured_format(std::string& format, const char* key, bool quiet = false);

// "detachKeys" for --detach-keys. ErrorKind::invalid_argument for keys that there are not.
void take_configured_detach_keys(std::string& keys);

}  // namespace minidock::cmd

// The languages of -v, --mount, --tmpfs and --volumes-from. Every failure is ErrorKind::invalid_argument with docker's
// words where it has some.
#pragma once

#include <string>

#include "engine/definition.h"

namespace minidock::options {

// "[source:]target[:ro,rw,z,rprivate,nocopy…]", with podman's modes U, O and idmap. A source that starts with a dot is
// relative to the working directory.
MountRequest parse_volume(const std::string& text);

// The modes in the text of a -v: what inspect shows.
std::string volume_mode(const std::string& text);

// "type=bind,source=/a,target=/b,readonly": a line of CSV.
MountRequest parse_mount(const std::string& text);

// "/run:size=64m"
MountRequest parse_tmpfs(const std::string& text);

struct VolumesFrom {
  std::string container;
  bool read_only = false;
};
// "container[:ro|rw]"
VolumesFrom parse_volumes_from(const std::string& text);

}  // namespace minidock::options

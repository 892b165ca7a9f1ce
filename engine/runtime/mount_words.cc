#include <sys/mount.h>

#include <array>

#include "base/syscall.h"
#include "engine/runtime/mounts.h"

namespace minidock::runtime {
namespace {

struct AttributeWord {
  std::string_view word;
  std::uint64_t set;
  std::uint64_t cleared;
};

// A change of access times clears the whole field first (mount_setattr(2)).
constexpr std::array kAttributeWords = {
    AttributeWord{"ro", MOUNT_ATTR_RDONLY, 0},
    AttributeWord{"rw", 0, MOUNT_ATTR_RDONLY},
    AttributeWord{"nosuid", MOUNT_ATTR_NOSUID, 0},
    AttributeWord{"suid", 0, MOUNT_ATTR_NOSUID},
    AttributeWord{"nodev", MOUNT_ATTR_NODEV, 0},
    AttributeWord{"dev", 0, MOUNT_ATTR_NODEV},
    AttributeWord{"noexec", MOUNT_ATTR_NOEXEC, 0},
    AttributeWord{"exec", 0, MOUNT_ATTR_NOEXEC},
    AttributeWord{"nodiratime", MOUNT_ATTR_NODIRATIME, 0},
    AttributeWord{"diratime", 0, MOUNT_ATTR_NODIRATIME},
    AttributeWord{"atime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
    AttributeWord{"noatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME},
    AttributeWord{"relatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
    AttributeWord{"strictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME},
    AttributeWord{"nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, 0},
};

struct PropagationWord {
  std::string_view word;
  std::uint64_t type;
  bool recursive;
};

constexpr std::array kPropagationWords = {
    PropagationWord{"private", MS_PRIVATE, false}, PropagationWord{"rprivate", MS_PRIVATE, true},
    PropagationWord{"slave", MS_SLAVE, false},     PropagationWord{"rslave", MS_SLAVE, true},
    PropagationWord{"shared", MS_SHARED, false},   PropagationWord{"rshared", MS_SHARED, true},
};

bool apply_attribute(const std::string& option, MountWords& words) {
  for (const AttributeWord& candidate : kAttributeWords) {
    if (candidate.word != option) continue;
    words.attributes_set = (words.attributes_set & ~candidate.cleared) | candidate.set;
    words.attributes_cleared = (words.attributes_cleared & ~candidate.set) | candidate.cleared;
    return true;
  }
  return false;
}

bool apply_propagation(const std::string& option, MountWords& words) {
  for (const PropagationWord& candidate : kPropagationWords) {
    if (candidate.word != option) continue;
    words.propagation = candidate.type;
    words.recursive_propagation = candidate.recursive;
    return true;
  }
  return false;
}

}  // namespace

MountWords parse_mount_words(const Mount& mount) {
  MountWords words;
  words.is_bind = mount.type == "bind";
  for (const std::string& option : mount.options) {
    if (apply_attribute(option, words) || apply_propagation(option, words)) continue;
    if (option == "bind" || option == "rbind") {
      words.is_bind = true;
      words.is_recursive_bind = option == "rbind";
    } else if (option == "copy-up") {
      words.copy_up = true;
    } else if (option == "idmap") {
      words.idmap = true;
    } else if (option == "writable-submounts") {
      words.writable_submounts = true;
    } else if (words.is_bind && option.starts_with("subpath=")) {
      words.subpath = option.substr(option.find('=') + 1);
    } else if (words.is_bind && option.starts_with("overlay=")) {
      words.overlay = option.substr(option.find('=') + 1);
    } else if (option != "defaults") {
      const std::size_t equals = option.find('=');
      words.data.emplace_back(option.substr(0, equals), equals == std::string::npos
                                                            ? std::nullopt
                                                            : std::optional<std::string>(option.substr(equals + 1)));
    }
  }
  return words;
}

}  // namespace minidock::runtime

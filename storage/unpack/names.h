// Names of tar entries as they are taken: cleaned into the root, and checked.
#pragma once

#include <string>
#include <string_view>

#include "storage/unpack/unpack.h"

namespace minidock::storage {

// A path without leading slash, "." or "..": "" is the layer's root.
struct EntryName {
  std::string path;
  std::string_view parent() const;
  std::string base() const;
};

// ".." stops at the root, as in a chroot. A name longer or deeper than the limits is ErrorKind::corrupt_data.
EntryName clean_name(std::string_view name, const UnpackLimits& limits);

// What a name means in the whiteout convention of OCI layers (image-spec, layer.md, "Whiteouts").
enum class NameKind {
  plain,
  whiteout,  // ".wh.NAME": NAME of a lower layer is gone
  opaque,    // ".wh..wh..opq": everything in this directory of lower layers is gone
  ignored,   // ".wh..wh.…": bookkeeping of aufs
};
// A malformed whiteout (no name, "." or "..", or with something below it) is ErrorKind::corrupt_data.
NameKind kind_of_name(std::string_view path);

// The NAME of ".wh.NAME".
std::string whited_out_name(std::string_view base);

// For messages: in quotes, without control characters, and not too long.
std::string printable(std::string_view name);

}  // namespace minidock::storage

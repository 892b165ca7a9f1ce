// Unpacks the bytes of a layer for real, in the jail, into a scratch directory that has a neighbour to be left alone.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "base/syscall.h"
#include "storage/unpack/unpack.h"
#include "tests/unit/storage/scratch.h"
#include "tests/unit/storage/unpack/tar_builder.h"

namespace minidock::storage {

class UnpackTest : public testing::Test {
 protected:
  explicit UnpackTest(const std::string& parent = "/tmp") : scratch_(parent) {
    file::make_directories(layer_, 0755);
    file::make_directories(outside_, 0755);
    file::write(outside_ + "/canary", "untouched", 0644);
  }

  UnpackedLayer unpack(std::string_view blob, const UnpackLimits& limits = {}) {
    file::remove_tree(layer_);
    file::make_directories(layer_, 0755);
    file::write(scratch_.path() + "/blob", blob, 0600);
    const Fd blob_fd = sys::open(scratch_.path() + "/blob", O_RDONLY);
    const Fd directory = sys::open(layer_, O_RDONLY | O_DIRECTORY);
    Unpacker unpacker = Unpacker::start(blob_fd.get(), directory.get(), limits);
    unpacker.blob_complete(blob.size());
    return unpacker.finish();
  }
  UnpackedLayer unpack(const TarBuilder& tar) { return unpack(tar.finish()); }

  // The error that the blob gives; a successful unpack fails the test.
  Error error_of(std::string_view blob, const UnpackLimits& limits = {}) {
    try {
      unpack(blob, limits);
    } catch (const Error& error) {
      return error;
    }
    ADD_FAILURE() << "the layer was unpacked";
    return Error(ErrorKind::internal, "none");
  }
  Error error_of(const TarBuilder& tar) { return error_of(tar.finish()); }

  std::string path(const std::string& name) const { return layer_ + "/" + name; }
  bool exists(const std::string& name) const { return file::exists(path(name)); }
  std::string content(const std::string& name) const { return file::read(path(name)); }
  struct stat status(const std::string& name) const {
    return sys::fstatat(AT_FDCWD, path(name), AT_SYMLINK_NOFOLLOW);
  }
  bool is_whiteout(const std::string& name) const {
    const struct stat found = status(name);
    return S_ISCHR(found.st_mode) && found.st_rdev == 0;
  }
  std::optional<std::string> xattr(const std::string& name, const char* key) const {
    std::array<char, 4096> value{};
    const ssize_t size = lgetxattr(path(name).c_str(), key, value.data(), value.size());
    if (size < 0 && (errno == ENODATA || errno == EOPNOTSUPP)) return std::nullopt;
    if (size < 0) throw SysError("lgetxattr");
    return std::string(value.data(), static_cast<std::size_t>(size));
  }
  bool is_opaque(const std::string& name) const { return xattr(name, "trusted.overlay.opaque") == "y"; }
  void expect_outside_untouched() const {
    EXPECT_EQ(file::read(outside_ + "/canary"), "untouched");
    EXPECT_EQ(sys::fstatat(AT_FDCWD, outside_ + "/canary", 0).st_nlink, 1U);
    EXPECT_EQ(sys::fstatat(AT_FDCWD, outside_ + "/canary", 0).st_mode, S_IFREG | 0644U);
    file::remove_tree(outside_ + "/canary");
    EXPECT_EQ(rmdir(outside_.c_str()), 0) << "something was made outside";
  }

  const Scratch scratch_;
  const std::string layer_ = scratch_.path() + "/layer";
  const std::string outside_ = scratch_.path() + "/outside";
};

}  // namespace minidock::storage

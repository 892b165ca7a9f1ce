// A (compressed) layer of any bytes: unpacking must neither crash nor leave its directory. Without the jail, so that
// what the code itself guards is what is tested. Runs as root, as unpacking does.
#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "base/syscall.h"
#include "storage/unpack/decompress.h"
#include "storage/unpack/tar_to_directory.h"

namespace {

using namespace minidock;

// Holds one directory, the layer, and must hold nothing else afterwards.
class Surroundings {
 public:
  Surroundings() {
    umask(0);
    std::string path = "/dev/shm/minidock-fuzz-XXXXXX";
    if (mkdtemp(path.data()) == nullptr) throw SysError("mkdtemp");
    path_ = path;
  }
  ~Surroundings() { file::remove_tree(path_); }
  Surroundings(const Surroundings&) = delete;
  Surroundings& operator=(const Surroundings&) = delete;

  Fd fresh_layer() const {
    file::remove_tree(path_ + "/layer");
    sys::mkdirat(AT_FDCWD, path_ + "/layer", 0755);
    return sys::open(path_ + "/layer", O_RDONLY | O_DIRECTORY);
  }
  void check() const {
    const struct stat own = sys::fstatat(AT_FDCWD, path_, 0);
    file::remove_tree(path_ + "/layer");
    if (own.st_uid != 0 || (own.st_mode & 07777U) != 0700 || rmdir(path_.c_str()) != 0) {
      std::fprintf(stderr, "something was written outside of the layer, in %s\n", path_.c_str());
      abort();
    }
    sys::mkdirat(AT_FDCWD, path_, 0700);
  }

 private:
  std::string path_;
};

// Gives each header its checksum: chance would never find one, and everything behind it would stay untested.
void repair_checksums(std::string& tar) {
  constexpr std::size_t kBlock = 512;
  constexpr std::size_t kChecksum = 148;
  for (std::size_t start = 0; start + kBlock <= tar.size(); start += kBlock) {
    if (tar.compare(start + 257, 5, "ustar") != 0) continue;
    tar.replace(start + kChecksum, 8, 8, ' ');
    unsigned sum = 0;
    for (std::size_t i = 0; i < kBlock; ++i) sum += static_cast<unsigned char>(tar[start + i]);
    tar.replace(start + kChecksum, 8, fmt::format("{:06o}", sum) + std::string("\0 ", 2));
  }
}

storage::UnpackLimits small_limits() {
  storage::UnpackLimits limits;
  limits.max_bytes = 4 << 20;
  limits.max_entries = 1000;
  limits.max_depth = 64;
  return limits;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  static const Surroundings surroundings;
  std::string input(reinterpret_cast<const char*>(data), size);
  repair_checksums(input);
  std::string_view rest = input;
  const Fd layer = surroundings.fresh_layer();
  try {
    storage::Decompressor decompressor([&] { return std::exchange(rest, std::string_view{}); });
    storage::PathLog opaque = storage::PathLog::create(layer.get());
    storage::TarReader reader;
    storage::unpack_tar(
        reader, [&] { return decompressor.next(); }, layer.get(), small_limits(), opaque);
    storage::mark_opaque(layer.get(), opaque);
  } catch (const Error&) {
    // Refused.
  }
  surroundings.check();
  return 0;
}

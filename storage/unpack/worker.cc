#include "storage/unpack/worker.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <new>

#include "base/error.h"
#include "base/json.h"
#include "base/syscall.h"
#include "base/trace.h"
#include "storage/layer_store.h"
#include "storage/unpack/decompress.h"
#include "storage/unpack/jail.h"
#include "storage/unpack/tar_to_directory.h"

namespace minidock::storage {
namespace {

constexpr std::size_t kMaxAnswer = 8 * 1024;
// Small inputs may well be a thousand times larger unpacked.
constexpr std::uint64_t kRatioFrom = 64 << 20;

// The uncompressed tar on its way from the decompressor to the reader: hashed and counted.
class HashedTar {
 public:
  HashedTar(Decompressor& decompressor, const UnpackLimits& limits)
      : decompressor_(decompressor), limits_(limits), context_(EVP_MD_CTX_new()) {
    // Fetches the algorithm, which may open files: before the jail.
    if (!context_ || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1) {
      throw Error(ErrorKind::internal, "cannot set up SHA-256");
    }
  }

  std::string_view next() {
    const std::string_view chunk = decompressor_.next();
    EVP_DigestUpdate(context_.get(), chunk.data(), chunk.size());
    size_ += chunk.size();
    // Headers and padding are not content, hence the slack.
    if (size_ / 2 > limits_.max_bytes) {
      throw Error(ErrorKind::corrupt_data, fmt::format("archive: more than {} bytes unpacked", limits_.max_bytes));
    }
    if (size_ > kRatioFrom && size_ / limits_.max_ratio > decompressor_.consumed()) {
      throw Error(ErrorKind::corrupt_data,
                  fmt::format("archive: unpacks to more than {} times its size", limits_.max_ratio));
    }
    return chunk;
  }

  std::string digest() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
    unsigned length = 0;
    EVP_DigestFinal_ex(context_.get(), bytes.data(), &length);
    std::string result = "sha256:";
    for (unsigned i = 0; i < length; ++i) result += fmt::format("{:02x}", bytes.at(i));
    return result;
  }

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
  };
  Decompressor& decompressor_;
  UnpackLimits limits_;
  std::unique_ptr<EVP_MD_CTX, Free> context_;
  std::uint64_t size_ = 0;
};

// Numbers that descriptors have in the worker.
constexpr int kBlobFd = 3;
constexpr int kDirectoryFd = 4;
constexpr int kOpaqueLogFd = 5;
constexpr int kAnswerFd = 6;

// Keeps only what the worker needs; whatever else the caller had open is closed.
void arrange_descriptors(const WorkerInput& input) {
  constexpr int kOutOfTheWay = 64;
  std::array<std::pair<int, int>, 4> plan = {{{input.blob, kBlobFd},
                                              {input.directory, kDirectoryFd},
                                              {input.opaque_log, kOpaqueLogFd},
                                              {input.answer, kAnswerFd}}};
  for (auto& [ours, target] : plan) {
    ours = fcntl(ours, F_DUPFD_CLOEXEC, kOutOfTheWay);
    if (ours < 0) throw SysError("fcntl(F_DUPFD_CLOEXEC)");
  }
  for (const auto& [ours, target] : plan) {
    if (dup3(ours, target, O_CLOEXEC) < 0) throw SysError("dup3");
  }
  if (close_range(kAnswerFd + 1, ~0U, 0) != 0) throw SysError("close_range");
  const Fd null = sys::open("/dev/null", O_RDWR);
  for (int standard = 0; standard < 3; ++standard) {
    if (dup2(null.get(), standard) < 0) throw SysError("dup2");
  }
}

// The caller's death is the worker's, also when it came before the worker could say so.
void die_with(pid_t parent) {
  sys::prctl("PR_SET_PDEATHSIG", PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
}

UnpackedLayer unpack(const WorkerInput& input) {
  // Everything that may open files or load libraries, and everything of the caller's, ends here.
  GrowingBlob blob(kBlobFd, *input.progress);
  Decompressor decompressor([&] { return blob.next(); });
  HashedTar tar(decompressor, input.limits);
  TarReader reader;
  PathLog opaque{Fd(kOpaqueLogFd)};
  Fd directory(kDirectoryFd);
  const Fd root = enter_jail(directory.get());
  directory.reset();
  die_with(input.parent);
  restrict_system_calls();
  // From here on bytes of the layer are looked at.
  const UnpackedTree tree = unpack_tar(
      reader, [&] { return tar.next(); }, root.get(), input.limits, opaque);
  return UnpackedLayer{tar.digest(), tree.size, tree.entries};
}

std::string describe(const Error& error) {
  Json answer = {{"kind", std::string(to_string(error.kind()))},
                 {"errno", error.error_number()},
                 {"message", error.message().substr(0, kMaxAnswer / 8)}};
  return json::dump(answer);
}

std::string run(const WorkerInput& input) {
  try {
    const UnpackedLayer layer = unpack(input);
    return json::dump(Json{{"diff_id", layer.diff_id}, {"size", layer.size}, {"entries", layer.entries}});
  } catch (const Error& error) {
    return describe(error);
  } catch (const std::bad_alloc&) {
    return describe(Error(ErrorKind::corrupt_data, "archive: needs too much memory to unpack", ENOMEM));
  } catch (const std::exception& error) {
    return describe(Error(ErrorKind::internal, fmt::format("archive: {}", error.what())));
  }
}

}  // namespace

void worker_main(const WorkerInput& input) noexcept {
  try {
    // Its descriptor is closed with the rest.
    trace::enable(-1, "");
    arrange_descriptors(input);
  } catch (const Error& error) {
    sys::write_all(input.answer, describe(error));
    _exit(1);
  }
  const std::string answer = run(input);
  const ssize_t sent = write(kAnswerFd, answer.data(), answer.size());
  _exit(sent == static_cast<ssize_t>(answer.size()) ? 0 : 1);
}

UnpackedLayer parse_worker_answer(const std::string& answer) {
  const Json document = json::parse(answer, "answer of the unpacking process", 2);
  if (document.contains("kind")) {
    throw Error(error_kind_from_string(json::get_string(document, "kind")), json::get_string(document, "message"),
                static_cast<int>(json::get_int(document, "errno")));
  }
  UnpackedLayer layer;
  layer.diff_id = json::get_string(document, "diff_id");
  layer_directory_name(layer.diff_id);  // checks its form
  layer.size = static_cast<std::uint64_t>(json::get_int(document, "size"));
  layer.entries = static_cast<std::uint64_t>(json::get_int(document, "entries"));
  return layer;
}

}  // namespace minidock::storage

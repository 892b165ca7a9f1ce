#include "image/transfer/copy.h"

#include <unistd.h>

#include <cerrno>
#include <exception>

#include "base/error.h"
#include "base/syscall.h"
#include "image/transfer/spool.h"

namespace minidock::image {
namespace {

std::uint64_t copy_tree_to_tree(const storage::PackSource& source, const storage::ExtractTarget& target) {
  Pipe pipe = sys::pipe();
  storage::Packer packer = storage::Packer::start(source, pipe.write.get());
  pipe.write.reset();
  storage::Extractor extractor = storage::Extractor::start(pipe.read.get(), target);
  pipe.read.reset();
  std::uint64_t size = 0;
  std::exception_ptr failure;
  try {
    size = extractor.finish();
  } catch (const Error&) {
    failure = std::current_exception();
  }
  finish_packer(packer, failure);
  return size;
}

}  // namespace

std::uint64_t finish_packer(storage::Packer& packer, std::exception_ptr reading) {
  std::uint64_t size = 0;
  try {
    size = packer.finish();
  } catch (const Error& error) {
    if (!reading || error.error_number() != EPIPE) throw;
  }
  if (reading) std::rethrow_exception(reading);
  return size;
}

std::uint64_t copy(const storage::Instance& instance, const CopyOptions& options) {
  if (!options.target) return storage::Packer::start(options.source.value(), STDOUT_FILENO).finish();
  const Fd scratch = make_temporary_file(instance);
  storage::ExtractTarget target = *options.target;
  target.scratch = scratch.get();
  if (!options.source) return storage::Extractor::start(STDIN_FILENO, target).finish();
  return copy_tree_to_tree(*options.source, target);
}

}  // namespace minidock::image

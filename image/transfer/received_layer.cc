#include "image/transfer/received_layer.h"

#include <memory>
#include <vector>

#include "base/syscall.h"
#include "image/transfer/digest.h"
#include "image/transfer/spool.h"

namespace minidock::image {
namespace {

constexpr std::size_t kBuffer = 1024 * 1024;

}  // namespace

storage::Chunks chunks_of(int fd) {
  const auto buffer = std::make_shared<std::vector<char>>(kBuffer);
  return [fd, buffer] { return std::string_view(buffer->data(), sys::read(fd, buffer->data(), buffer->size())); };
}

ReadyLayer receive_layer(const storage::Instance& instance, const storage::Chunks& bytes) {
  ReadyLayer layer;
  layer.pending.emplace(storage::PendingLayer::create(instance));
  const Fd file = make_temporary_file(instance);
  storage::Unpacker unpacker = storage::Unpacker::start(file.get(), layer.pending->directory(), {});
  Sha256 hash;
  std::uint64_t size = 0;
  for (std::string_view data = bytes(); !data.empty(); data = bytes()) {
    sys::write_all(file.get(), data);
    hash.update(data);
    size += data.size();
    unpacker.blob_grew(size);
  }
  unpacker.blob_complete(size);
  layer.blob_digest = hash.finish();
  const storage::UnpackedLayer unpacked = unpacker.finish();
  layer.diff_id = unpacked.diff_id;
  layer.size = unpacked.size;
  layer.blob.emplace(storage::PartialBlob::open(instance, layer.blob_digest));
  if (!layer.blob->complete()) {
    sys::ftruncate(layer.blob->fd(), 0);
    copy_bytes(file.get(), 0, size, layer.blob->fd());
  }
  return layer;
}

}  // namespace minidock::image

#include "image/transfer/import.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/format.h"
#include "base/syscall.h"
#include "image/image_store.h"
#include "image/transfer/changes.h"
#include "image/transfer/digest.h"
#include "image/transfer/layer_set.h"
#include "image/transfer/spool.h"

namespace minidock::image {
namespace {

constexpr std::size_t kBuffer = 1024 * 1024;

struct Received {
  Fd file;
  std::string digest;
  std::uint64_t size = 0;
  storage::UnpackedLayer unpacked;
};

// The stream goes to a temporary file, its digest is taken, and the unpacker follows: one pass.
Received receive(const storage::Instance& instance, int input, int directory) {
  Received result;
  result.file = make_temporary_file(instance);
  storage::Unpacker unpacker = storage::Unpacker::start(result.file.get(), directory, {});
  Sha256 hash;
  std::vector<char> buffer(kBuffer);
  for (;;) {
    const std::size_t got = sys::read(input, buffer.data(), buffer.size());
    if (got == 0) break;
    const std::string_view data(buffer.data(), got);
    sys::write_all(result.file.get(), data);
    hash.update(data);
    result.size += got;
    unpacker.blob_grew(result.size);
  }
  unpacker.blob_complete(result.size);
  result.digest = hash.finish();
  result.unpacked = unpacker.finish();
  return result;
}

std::string make_config(const ImportOptions& options, const std::string& diff_id) {
  const Platform platform = options.platform.value_or(Platform{"linux", host_platform().architecture, ""});
  const std::string created = format::rfc3339_nano(format::now_ns());
  const std::string comment = options.message.empty() ? "Imported from -" : options.message;
  OrderedJson config = OrderedJson::object();
  for (const std::string& change : options.changes) apply_change(change, config);
  OrderedJson document;
  document["architecture"] = platform.architecture;
  if (!platform.variant.empty()) document["variant"] = platform.variant;
  document["os"] = platform.os;
  document["created"] = created;
  document["config"] = config;
  document["history"] = OrderedJson::array({OrderedJson{{"created", created}, {"comment", comment}}});
  document["rootfs"] = OrderedJson{{"type", "layers"}, {"diff_ids", OrderedJson::array({diff_id})}};
  return document.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

}  // namespace

std::string import_image(const storage::Instance& instance, const ImportOptions& options) {
  NewImage image;
  if (!options.reference.empty()) {
    const Reference reference = parse_reference(options.reference);
    if (!reference.digest.empty()) {
      throw Error(ErrorKind::invalid_argument, "cannot import digest reference");
    }
    image.tag = reference.canonical();
  }
  make_config(options, "");  // a mistake in the changes shows before the work
  std::vector<ReadyLayer> layers(1);
  ReadyLayer& layer = layers.front();
  layer.pending.emplace(storage::PendingLayer::create(instance));
  const Received received = receive(instance, options.input, layer.pending->directory());
  layer.diff_id = received.unpacked.diff_id;
  layer.size = received.unpacked.size;
  layer.blob_digest = received.digest;
  layer.blob.emplace(storage::PartialBlob::open(instance, received.digest));
  if (!layer.blob->complete()) {
    sys::ftruncate(layer.blob->fd(), 0);
    copy_bytes(received.file.get(), 0, received.size, layer.blob->fd());
  }
  image.config_text = make_config(options, layer.diff_id);
  parse_image_config(image.config_text);  // what no start would accept is refused here
  image.id = sha256_of(image.config_text);
  const std::string id = image.id;
  storage::Database database = storage::Database::open(instance.database());
  commit_layers(database, instance, layers, {layer.diff_id}, std::move(image));
  return id;
}

}  // namespace minidock::image

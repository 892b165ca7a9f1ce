#include "image/transfer/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <map>
#include <thread>
#include <utility>

#include "base/error.h"
#include "base/syscall.h"
#include "image/image_store.h"
#include "image/transfer/archive_images.h"
#include "image/transfer/digest.h"
#include "image/transfer/layer_set.h"

namespace minidock::image {
namespace {

// One layer between its start and its check.
struct Running {
  std::string diff_id;  // as the config says
  Spool::File file;
  storage::PartialBlob blob;
  storage::PendingLayer pending;
  storage::Unpacker unpacker;
};

class LayerInstaller {
 public:
  LayerInstaller(const storage::Instance& instance, storage::Database& database, const Spool& spool, Progress& progress)
      : instance_(instance), database_(database), spool_(spool), progress_(progress) {}

  // Unpacks what the store does not have, a few at a time.
  std::vector<ReadyLayer> install(const ArchiveImage& image, const std::vector<std::string>& diff_ids);

 private:
  void start(const Spool::File& file, const std::string& diff_id);
  void finish_oldest();

  const storage::Instance& instance_;
  storage::Database& database_;
  const Spool& spool_;
  Progress& progress_;
  std::deque<Running> running_;
  std::vector<ReadyLayer> ready_;
};

std::vector<ReadyLayer> LayerInstaller::install(const ArchiveImage& image, const std::vector<std::string>& diff_ids) {
  std::vector<std::string> digests;
  for (const Spool::File& file : image.layers) digests.push_back(file.digest);
  std::vector<std::size_t> positions = distinct_layers(digests, diff_ids);
  // The order in which every process takes the blobs' locks.
  std::sort(positions.begin(), positions.end(), [&](std::size_t a, std::size_t b) { return digests[a] < digests[b]; });
  const unsigned limit = std::clamp(std::thread::hardware_concurrency(), 2U, 4U);
  for (const std::size_t position : positions) {
    if (running_.size() >= limit) finish_oldest();
    start(image.layers[position], diff_ids[position]);
  }
  while (!running_.empty()) finish_oldest();
  progress_.end_of_layers();
  return std::exchange(ready_, {});
}

void LayerInstaller::start(const Spool::File& file, const std::string& diff_id) {
  if (std::optional<ReadyLayer> existing = hold_existing_layer(database_, instance_, diff_id)) {
    ready_.push_back(std::move(*existing));
    return;
  }
  storage::PartialBlob blob = storage::PartialBlob::open(instance_, file.digest);
  if (std::optional<ReadyLayer> existing = hold_existing_layer(database_, instance_, diff_id)) {
    if (!blob.complete()) blob.discard();
    ready_.push_back(std::move(*existing));
    return;
  }
  if (progress_.mode() == ProgressMode::tty) progress_.bytes(short_digest(diff_id), "Loading layer", 0, file.size);
  if (!blob.complete()) {
    sys::ftruncate(blob.fd(), 0);
    spool_.copy_to(file, blob.fd());
  }
  storage::PendingLayer pending = storage::PendingLayer::create(instance_);
  storage::Unpacker unpacker = storage::Unpacker::start(blob.fd(), pending.directory(), {});
  unpacker.blob_complete(file.size);
  running_.push_back(Running{diff_id, file, std::move(blob), std::move(pending), std::move(unpacker)});
}

void LayerInstaller::finish_oldest() {
  Running& running = running_.front();
  ReadyLayer layer;
  try {
    const storage::UnpackedLayer unpacked = running.unpacker.finish();
    check_diff_id(unpacked.diff_id, running.diff_id, running.file.digest);
    layer.size = unpacked.size;
  } catch (const Error&) {
    for (Running& other : running_) other.blob.discard();
    throw;
  }
  layer.diff_id = running.diff_id;
  layer.blob_digest = running.file.digest;
  layer.pending.emplace(std::move(running.pending));
  layer.blob.emplace(std::move(running.blob));
  ready_.push_back(std::move(layer));
  if (progress_.mode() == ProgressMode::tty) {
    progress_.bytes(short_digest(running.diff_id), "Loading layer", running.file.size, running.file.size);
  }
  running_.pop_front();
}

std::vector<std::string> tag(storage::Database& database, const ArchiveImage& image) {
  if (image.names.empty()) return {"Loaded image ID: " + image.id};
  std::vector<std::string> lines;
  storage::Transaction transaction(database);
  for (const Reference& name : image.names) {
    const std::optional<Image> previous = find_image(database, name.canonical());
    if (previous && previous->id != image.id) {
      lines.push_back(fmt::format("The image {} already exists, renaming the old one with ID {} to empty string",
                                  name.familiar(), previous->id));
    }
    tag_image(database, image.id, name);
    lines.push_back("Loaded image: " + name.familiar());
  }
  transaction.commit();
  return lines;
}

}  // namespace

LoadedImages load(const storage::Instance& instance, const LoadOptions& options) {
  const Spool spool = Spool::read(instance, options.input);
  const std::vector<ArchiveImage> images = read_archive_images(spool, options.platform.value_or(host_platform()));
  storage::Database database = storage::Database::open(instance.database());
  Progress progress(options.progress, options.progress_fd);
  LoadedImages loaded;
  for (const ArchiveImage& image : images) {
    const ImageConfig config = parse_image_config(image.config_text);
    if (config.diff_ids.size() != image.layers.size()) {
      throw Error(ErrorKind::corrupt_data,
                  fmt::format("invalid archive: the config of image {} names {} layers, but the archive {}", image.id,
                              config.diff_ids.size(), image.layers.size()));
    }
    LayerInstaller installer(instance, database, spool, progress);
    std::vector<ReadyLayer> layers = installer.install(image, config.diff_ids);
    commit_layers(database, instance, layers, config.diff_ids, NewImage{image.id, image.config_text, {}, "", ""});
    for (std::string& line : tag(database, image)) loaded.lines.push_back(std::move(line));
    loaded.ids.push_back(image.id);
  }
  return loaded;
}

}  // namespace minidock::image

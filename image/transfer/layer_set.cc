#include "image/transfer/layer_set.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "base/syscall.h"

namespace minidock::image {

std::optional<ReadyLayer> hold_existing_layer(storage::Database& database, const storage::Instance& instance,
                                              const std::string& diff_id) {
  Fd held = storage::hold_layer(instance, diff_id);
  // The row decides: a directory without one is what a crash left just before its transaction.
  if (!held || !storage::has_layer(database, diff_id)) return std::nullopt;
  ReadyLayer result;
  result.diff_id = diff_id;
  result.blob_digest = known_blob_of(database, instance, diff_id);
  result.held = std::move(held);
  return result;
}

std::string known_blob_of(storage::Database& database, const storage::Instance& instance, const std::string& diff_id) {
  storage::Statement statement =
      database.prepare("SELECT blob_digest FROM image_layers WHERE diff_id = ? AND blob_digest IS NOT NULL");
  statement.bind(diff_id);
  while (statement.step()) {
    std::string digest = statement.text(0);
    if (storage::open_blob(instance, digest)) return digest;
  }
  return "";
}

void check_diff_id(const std::string& unpacked, const std::string& expected, const std::string& blob_digest) {
  if (expected.empty() || unpacked == expected) return;
  throw Error(ErrorKind::corrupt_data, fmt::format("layer {} unpacks to diff ID {}; the image's config says {}",
                                                   blob_digest, unpacked, expected));
}

std::vector<std::size_t> distinct_layers(const std::vector<std::string>& blob_digests,
                                         const std::vector<std::string>& diff_ids) {
  std::map<std::string, std::string> diff_id_of_blob;
  std::set<std::string> seen;
  std::vector<std::size_t> result;
  for (std::size_t position = 0; position < diff_ids.size(); ++position) {
    const std::string& diff_id = diff_ids[position];
    const auto [known, first] = diff_id_of_blob.emplace(blob_digests[position], diff_id);
    if (known->second != diff_id) {
      throw Error(ErrorKind::corrupt_data, fmt::format("layer {} cannot have both diff IDs {} and {}",
                                                       blob_digests[position], known->second, diff_id));
    }
    if (first && seen.insert(diff_id).second) result.push_back(position);
  }
  return result;
}

void commit_layers(storage::Database& database, const storage::Instance& instance, std::vector<ReadyLayer>& layers,
                   const std::vector<std::string>& order, NewImage image) {
  const bool something_new =
      std::any_of(layers.begin(), layers.end(), [](const ReadyLayer& layer) { return layer.pending || layer.blob; });
  if (something_new) {
    const Fd root = sys::open(instance.root, O_RDONLY | O_DIRECTORY);
    sys::syncfs(root.get());
  }
  for (const std::string& diff_id : order) {
    const auto layer = std::find_if(layers.begin(), layers.end(),
                                    [&](const ReadyLayer& candidate) { return candidate.diff_id == diff_id; });
    if (layer == layers.end()) throw Error(ErrorKind::internal, "no layer for diff ID " + diff_id);
    image.layers.push_back({diff_id, layer->blob_digest});
  }
  storage::Transaction transaction(database);
  for (ReadyLayer& layer : layers) {
    if (layer.blob) layer.blob->commit();
    if (layer.pending) layer.pending->commit(database, layer.diff_id, layer.size);
  }
  commit_image(database, image);
  transaction.commit();
}

}  // namespace minidock::image

#include "engine/disk_usage.h"

#include <algorithm>
#include <map>

#include "engine/tree_walk.h"

namespace minidock {
namespace {

struct Layer {
  std::uint64_t size = 0;
  int images = 0;  // that have it
};

std::map<std::string, Layer> load_layers(storage::Database& database) {
  std::map<std::string, Layer> layers;
  storage::Statement rows = database.prepare("SELECT diff_id, size FROM layers");
  while (rows.step()) layers[rows.text(0)].size = static_cast<std::uint64_t>(rows.int64(1));
  return layers;
}

// An image may have a layer twice, which is on disk once.
std::vector<std::string> distinct(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

ImageUsage image_usage(image::Image image, const std::map<std::string, Layer>& layers,
                       const std::vector<Container>& containers) {
  ImageUsage usage;
  for (const std::string& diff_id : distinct(image.diff_ids)) {
    const auto layer = layers.find(diff_id);
    if (layer == layers.end()) continue;
    (layer->second.images > 1 ? usage.shared : usage.unique) += layer->second.size;
  }
  usage.containers =
      static_cast<int>(std::count_if(containers.begin(), containers.end(), [&](const Container& container) {
        return container.definition.image_id == image.id;
      }));
  usage.image = std::move(image);
  return usage;
}

}  // namespace

ContainerSize size_of(storage::Database& database, const storage::Instance& instance, const Container& container) {
  ContainerSize size;
  size.written = tree_size(instance.container_dir(container.id()) + "/upper");
  for (const std::string& diff_id : container.definition.layers) {
    storage::Statement row = database.prepare("SELECT size FROM layers WHERE diff_id = ?");
    row.bind(diff_id);
    if (row.step()) size.image += static_cast<std::uint64_t>(row.int64(0));
  }
  return size;
}

std::uint64_t volume_size(const storage::Instance& instance, const Volume& volume) {
  return volume.options.contains("device") ? 0 : tree_size(volume_data(instance, volume.name));
}

DiskUsage disk_usage(storage::Database& database, const storage::Instance& instance,
                     std::vector<Container> containers) {
  DiskUsage usage;
  std::map<std::string, Layer> layers = load_layers(database);
  std::vector<image::Image> images = image::list_images(database);
  for (const image::Image& image : images) {
    for (const std::string& diff_id : distinct(image.diff_ids)) ++layers[diff_id].images;
  }
  for (const auto& [diff_id, layer] : layers) usage.layers[diff_id] = layer.size;
  for (image::Image& image : images) usage.images.push_back(image_usage(std::move(image), layers, containers));
  for (Volume& volume : load_volumes(database)) {
    if (volume.options.contains("device")) continue;
    const std::uint64_t size = volume_size(instance, volume);
    usage.volumes.push_back({std::move(volume), size});
  }
  for (Container& container : containers) {
    const std::uint64_t size = tree_size(instance.container_dir(container.id()) + "/upper");
    usage.containers.push_back({std::move(container), size});
  }
  return usage;
}

}  // namespace minidock

// What containers, images and volumes take on disk, in docker's arithmetic.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/container_store.h"
#include "engine/volume_store.h"
#include "image/image_store.h"
#include "storage/database.h"
#include "storage/instance.h"

namespace minidock {

struct ContainerSize {
  std::uint64_t written = 0;  // by the container itself
  std::uint64_t image = 0;    // of the layers below
};
ContainerSize size_of(storage::Database& database, const storage::Instance& instance, const Container& container);

// An image beside the others: what of it only it has.
struct ImageUsage {
  image::Image image;
  std::uint64_t shared = 0;  // bytes of layers that another image has too
  std::uint64_t unique = 0;
  int containers = 0;  // that were made from it
};

struct ContainerUsage {
  Container container;
  std::uint64_t size = 0;
};

struct VolumeUsage {
  Volume volume;
  std::uint64_t size = 0;
};

struct DiskUsage {
  std::vector<ImageUsage> images;
  std::map<std::string, std::uint64_t> layers;  // bytes of each, by diff ID
  std::vector<ContainerUsage> containers;
  // Those whose data are minidock's own: what others mount may be slow to count and belongs to somebody else.
  std::vector<VolumeUsage> volumes;
};

// `containers` is what there is, with the state put right.
DiskUsage disk_usage(storage::Database& database, const storage::Instance& instance, std::vector<Container> containers);

// Bytes of a volume that counts, 0 of others.
std::uint64_t volume_size(const storage::Instance& instance, const Volume& volume);

}  // namespace minidock

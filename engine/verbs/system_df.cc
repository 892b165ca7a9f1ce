// What is asked for sizes: system df, ps --size, inspect --size; and whether something exists.
#include "engine/disk_usage.h"
#include "engine/engine.h"

namespace minidock {

ContainerSize Engine::container_size(const std::string& name) {
  return size_of(database(), instance_, load_container(database(), name));
}

DiskUsage Engine::disk_usage() { return minidock::disk_usage(database(), instance_, list_all()); }

bool Engine::container_exists(const std::string& name) { return find_container(database(), name).has_value(); }

bool Engine::image_exists(const std::string& name) { return image::find_image(database(), name).has_value(); }

}  // namespace minidock

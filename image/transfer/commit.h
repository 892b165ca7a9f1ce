// docker commit: a container's upper directory becomes a layer on top of its image's.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "storage/instance.h"

namespace minidock::image {

struct CommitOptions {
  int upper = -1;                   // borrowed; nobody writes to it meanwhile
  int user_namespace = -1;          // of the container; -1: none
  std::set<std::string> excluded;   // paths in `upper` that are no part of the layer
  std::vector<std::string> layers;  // diff IDs that the container was made from, bottom first
  std::string image_id;             // of the image; may be gone meanwhile
  std::string container_config;     // "config" of the container, as in an image's document
  std::string created_by;           // for the history
  std::string author;
  std::string message;
  std::vector<std::string> changes;  // Dockerfile instructions
  std::string reference;             // as typed, "" for none
};

// Returns the image's id.
std::string commit(const storage::Instance& instance, const CommitOptions& options);

}  // namespace minidock::image

// Fetching the layers of a manifest: several transfers and several unpackers side by side, each layer in one streaming
// pass.
//
//   registry ──► PartialBlob (file, SHA-256 inline) ──► Unpacker (a process; reads the growing file)
#pragma once

#include <string>
#include <vector>

#include "image/transfer/layer_set.h"
#include "image/transfer/progress.h"
#include "image/transfer/registry.h"

namespace minidock::image {

struct WantedLayer {
  Descriptor blob;
  std::string diff_id;  // what the image's config says
};

// Fetches, verifies and unpacks. `wanted` has each diff ID once. When one fails nothing is left behind but partial
// blobs that the next pull resumes.
std::vector<ReadyLayer> fetch_layers(HttpClient& http, Registry& registry, const storage::Instance& instance,
                                     storage::Database& database, const std::vector<WantedLayer>& wanted,
                                     Progress& progress);

}  // namespace minidock::image

// The layers of one image on their way into the store, and the one transaction that makes them and the image visible.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "image/image_store.h"
#include "storage/layer_store.h"
#include "storage/unpack/unpack.h"

namespace minidock::image {

// One layer, unpacked beside the store or held in it. Everything here is locked against a garbage collection until the
// object goes.
struct ReadyLayer {
  std::string diff_id;
  std::string blob_digest;
  std::uint64_t size = 0;                        // unpacked
  std::optional<storage::PendingLayer> pending;  // not set: the store has the layer
  std::optional<storage::PartialBlob> blob;      // not set: no blob is kept
  Fd held;                                       // the store's layer directory
};

// Locks a layer that the store has, so that nobody collects it before our commit. Nothing when it has none.
std::optional<ReadyLayer> hold_existing_layer(storage::Database& database, const storage::Instance& instance,
                                              const std::string& diff_id);

// The digest of the blob that another image keeps for a layer; "" when no image does.
std::string known_blob_of(storage::Database& database, const storage::Instance& instance, const std::string& diff_id);

// Positions of the layers to bring, each diff ID once. The lists have the same length. A blob unpacks to one diff ID
// only: two for one blob are ErrorKind::corrupt_data.
std::vector<std::size_t> distinct_layers(const std::vector<std::string>& blob_digests,
                                         const std::vector<std::string>& diff_ids);

// Throws ErrorKind::corrupt_data when a layer is not the one that its image's config names.
void check_diff_id(const std::string& unpacked, const std::string& expected, const std::string& blob_digest);

// Syncs once, then moves layers and blobs to their names and inserts the image. `image.layers` is filled in from
// `order`, the image's diff IDs from the bottom (a layer may occur twice). Nothing is visible before and all of it
// after.
void commit_layers(storage::Database& database, const storage::Instance& instance, std::vector<ReadyLayer>& layers,
                   const std::vector<std::string>& order, NewImage image);

}  // namespace minidock::image

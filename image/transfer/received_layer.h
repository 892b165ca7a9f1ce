#pragma once

#include "image/transfer/layer_set.h"
#include "storage/instance.h"
#include "storage/unpack/stream.h"

namespace minidock::image {

// A layer's blob that comes as a stream (tar, plain or compressed): kept as it comes, its digest taken, and unpacked
// beside the store, all in one pass.
ReadyLayer receive_layer(const storage::Instance& instance, const storage::Chunks& bytes);

// What a descriptor (borrowed) gives.
storage::Chunks chunks_of(int fd);

}  // namespace minidock::image

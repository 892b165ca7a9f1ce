#include "image/transfer/layer_download.h"

#include <fmt/format.h>
#include <unistd.h>

#include <vector>

#include "base/error.h"
#include "base/syscall.h"

namespace minidock::image {
namespace {

// After this much progress earlier failures of the same layer are forgotten.
constexpr std::uint64_t kProgress = 1024 * 1024;

}  // namespace

LayerDownload::LayerDownload(Descriptor descriptor, storage::PartialBlob blob)
    : descriptor_(std::move(descriptor)), blob_(std::move(blob)) {
  if (blob_.complete()) {
    // Verified by whoever gave it its name.
    received_ = blob_.size();
    done_ = true;
  }
}

void LayerDownload::hash_what_is_there() {
  if (hashed_) return;
  hashed_ = true;
  if (blob_.size() > descriptor_.size) {
    sys::ftruncate(blob_.fd(), 0);
    return;
  }
  std::vector<char> buffer(1024 * 1024);
  while (received_ < blob_.size()) {
    const std::size_t got = sys::pread(blob_.fd(), buffer.data(), buffer.size(), static_cast<off_t>(received_));
    if (got == 0) break;
    hash_.update({buffer.data(), got});
    received_ += got;
  }
  resumed_ = received_ > 0;
}

void LayerDownload::begin(HttpClient& http, const Registry& registry) {
  hash_what_is_there();
  if (received_ == descriptor_.size) {
    verify();
    if (done_) return;
  }
  received_at_begin_ = received_;
  body_started_ = false;
  const HttpRequest request = registry.blob_request(descriptor_.digest, received_);
  authorization_ = request.authorization;
  // The download outlives its transfer: it owns it.
  transfer_ =
      http.start(request, [this](const HttpResponse& response, std::string_view data) { take(response, data); });
}

void LayerDownload::start_of_body(const HttpResponse& response) {
  body_started_ = true;
  skip_ = 0;
  if (response.status == 206) {
    const std::string range = response.header("content-range");
    if (range.rfind(fmt::format("bytes {}-", received_), 0) != 0) {
      throw Error(ErrorKind::corrupt_data, fmt::format("layer {}: asked for the bytes from {} on, received \"{}\"",
                                                       descriptor_.digest, received_, range));
    }
    return;
  }
  // A server without ranges sends all again. What we have is dropped from it unseen: the digest covers our bytes.
  skip_ = received_;
}

void LayerDownload::take(const HttpResponse& response, std::string_view data) {
  if (!body_started_) start_of_body(response);
  const std::uint64_t dropped = std::min<std::uint64_t>(skip_, data.size());
  data.remove_prefix(static_cast<std::size_t>(dropped));
  skip_ -= dropped;
  if (data.size() > descriptor_.size - received_) {
    throw Error(ErrorKind::corrupt_data, fmt::format("layer {} is larger than the {} bytes that the manifest says",
                                                     descriptor_.digest, descriptor_.size));
  }
  sys::pwrite_all(blob_.fd(), data, received_);
  hash_.update(data);
  received_ += data.size();
}

void LayerDownload::try_again_later() {
  if (received_ - received_at_begin_ >= kProgress) failures_ = 0;
  ++failures_;
  not_before_ = Clock::now() + back_off(failures_);
}

void LayerDownload::ended(Registry& registry) {
  const std::unique_ptr<HttpTransfer> transfer = std::move(transfer_);
  try {
    const HttpResponse& response = transfer->result();
    if (response.status == 401) {
      // Another layer may have got a new token meanwhile.
      const bool renewed = registry.blob_request(descriptor_.digest, 0).authorization != authorization_;
      if (renewed || registry.authenticate(response)) return;
    }
    if (response.status == 416 && received_ > 0) {
      start_anew();
      return;
    }
    if (is_worth_a_retry(response.status) && failures_ + 1 < kMaxAttempts) {
      try_again_later();
      return;
    }
    if (response.status != 200 && response.status != 206) registry.fail(response, "layer " + descriptor_.digest);
  } catch (const Error& error) {
    if (!is_worth_a_retry(error) || failures_ + 1 >= kMaxAttempts) throw;
    try_again_later();
    return;
  }
  if (received_ == descriptor_.size) {
    verify();
    return;
  }
  if (failures_ + 1 >= kMaxAttempts) {
    throw Error(ErrorKind::unavailable,
                fmt::format("layer {}: the registry ended the transfer after {} of {} bytes, {} times",
                            descriptor_.digest, received_, descriptor_.size, kMaxAttempts));
  }
  try_again_later();
}

void LayerDownload::verify() {
  if (hash_.finish() == descriptor_.digest) {
    done_ = true;
    return;
  }
  // Bytes of an earlier pull may have been lost in a crash: once more without them.
  if (!resumed_) {
    throw Error(ErrorKind::corrupt_data,
                fmt::format("filesystem layer verification failed for digest {}", descriptor_.digest));
  }
  start_anew();
}

void LayerDownload::start_anew() {
  sys::ftruncate(blob_.fd(), 0);
  hash_ = Sha256();
  received_ = 0;
  resumed_ = false;
  ++generation_;
}

}  // namespace minidock::image

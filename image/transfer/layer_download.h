// One layer's blob on its way into its partial file, hashed as it comes.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "image/transfer/digest.h"
#include "image/transfer/http.h"
#include "image/transfer/registry.h"
#include "storage/layer_store.h"

namespace minidock::image {

class LayerDownload {
 public:
  // `blob` is locked by us. What it has already is hashed when the download begins.
  LayerDownload(Descriptor descriptor, storage::PartialBlob blob);

  using Clock = std::chrono::steady_clock;

  const Descriptor& descriptor() const { return descriptor_; }
  storage::PartialBlob& blob() { return blob_; }
  std::uint64_t received() const { return received_; }
  // All bytes are there and have the right digest.
  bool done() const { return done_; }
  // Nothing of it is on disk.
  bool is_empty() const { return received_ == 0 && blob_.size() == 0; }
  bool running() const { return transfer_ != nullptr; }
  bool owns(const HttpTransfer* transfer) const { return transfer_.get() == transfer; }
  // Not to be begun again before this time (back-off after a failure).
  Clock::time_point not_before() const { return not_before_; }
  // Counts the times the content was thrown away: who reads the file has to start anew.
  int generation() const { return generation_; }

  // Starts, or goes on after a failure or with what an earlier pull left.
  void begin(HttpClient& http, const Registry& registry);
  // The transfer has ended: done, or to be begun again later. Throws what is final: the registry's error, or
  // ErrorKind::corrupt_data for wrong content.
  void ended(Registry& registry);

 private:
  void hash_what_is_there();
  void take(const HttpResponse& response, std::string_view data);
  void start_of_body(const HttpResponse& response);
  void try_again_later();
  void verify();
  void start_anew();

  Descriptor descriptor_;
  storage::PartialBlob blob_;
  Sha256 hash_;
  std::uint64_t received_ = 0;
  std::uint64_t received_at_begin_ = 0;
  std::uint64_t skip_ = 0;  // bytes of this response that we have already
  bool body_started_ = false;
  bool hashed_ = false;
  bool resumed_ = false;  // some bytes are an earlier pull's
  bool done_ = false;
  int failures_ = 0;
  int generation_ = 0;
  std::string authorization_;  // sent with the running transfer
  Clock::time_point not_before_;
  std::unique_ptr<HttpTransfer> transfer_;
};

}  // namespace minidock::image

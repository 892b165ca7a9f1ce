#include "image/transfer/layer_fetch.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <deque>
#include <thread>

#include "base/error.h"
#include "base/syscall.h"
#include "image/transfer/digest.h"
#include "image/transfer/layer_download.h"

namespace minidock::image {
namespace {

using Clock = LayerDownload::Clock;

constexpr int kMaxTransfers = 4;
constexpr unsigned kMinUnpackers = 2;
constexpr unsigned kMaxUnpackers = 4;

// libcurl looks up names in threads of its own; an unpacker may be forked only while there are none.
bool is_single_threaded() {
  const struct stat tasks = sys::fstatat(AT_FDCWD, "/proc/self/task", 0);
  return tasks.st_nlink == 3;  // ".", ".." and the one task
}

struct Work {
  Work(const WantedLayer& layer, storage::PartialBlob blob) : wanted(layer), download(layer.blob, std::move(blob)) {}

  const WantedLayer& wanted;
  LayerDownload download;
  std::string name() const { return short_digest(wanted.blob.digest); }

  std::optional<storage::PendingLayer> pending;
  std::optional<storage::Unpacker> unpacker;
  int unpacked_generation = 0;  // the download's generation that the unpacker reads
  bool told_complete = false;
  std::uint64_t unpacked_size = 0;
  bool finished = false;
};

class LayerFetcher {
 public:
  LayerFetcher(HttpClient& http, Registry& registry, const storage::Instance& instance, Progress& progress)
      : http_(http), registry_(registry), instance_(instance), progress_(progress) {
    max_unpackers_ = std::clamp(std::thread::hardware_concurrency(), kMinUnpackers, kMaxUnpackers);
  }

  void lock_blobs(storage::Database& database, const std::vector<WantedLayer>& wanted);
  void run();
  std::vector<ReadyLayer> take();
  // After a failure: what failed for its content fails again, so nothing of it stays; else what the next pull can go on
  // with stays.
  void discard_blobs(ErrorKind failure);

 private:
  void begin_downloads();
  void start_unpackers();
  void tell_unpackers();
  void on_ended(const HttpTransfer* transfer);
  void finish_unpackers();
  void finish(Work& work);
  bool all_finished() const;
  std::vector<int> unpackers() const;
  std::chrono::milliseconds patience() const;

  HttpClient& http_;
  Registry& registry_;
  const storage::Instance& instance_;
  Progress& progress_;
  unsigned max_unpackers_ = kMinUnpackers;
  std::deque<Work> works_;  // largest first: the longest way should begin first
  std::vector<ReadyLayer> ready_;
};

// Two pulls that share layers must take the locks in one order, or each would wait for the other.
void LayerFetcher::lock_blobs(storage::Database& database, const std::vector<WantedLayer>& wanted) {
  std::vector<const WantedLayer*> order;
  for (const WantedLayer& layer : wanted) order.push_back(&layer);
  std::sort(order.begin(), order.end(),
            [](const WantedLayer* a, const WantedLayer* b) { return a->blob.digest < b->blob.digest; });
  std::vector<std::pair<const WantedLayer*, storage::PartialBlob>> blobs;
  for (const WantedLayer* layer : order) {
    std::optional<storage::PartialBlob> blob = storage::PartialBlob::try_open(instance_, layer->blob.digest);
    if (!blob) {
      progress_.state(short_digest(layer->blob.digest), "Waiting");
      blob.emplace(storage::PartialBlob::open(instance_, layer->blob.digest));
    }
    // Whoever had the lock may have done all of the work.
    if (std::optional<ReadyLayer> existing = hold_existing_layer(database, instance_, layer->diff_id)) {
      if (!blob->complete() && blob->size() == 0) blob->discard();
      progress_.state(short_digest(layer->blob.digest), "Already exists");
      ready_.push_back(std::move(*existing));
      continue;
    }
    blobs.emplace_back(layer, std::move(*blob));
  }
  std::stable_sort(blobs.begin(), blobs.end(),
                   [](const auto& a, const auto& b) { return a.first->blob.size > b.first->blob.size; });
  for (auto& [layer, blob] : blobs) works_.emplace_back(*layer, std::move(blob));
}

void LayerFetcher::run() {
  while (!all_finished()) {
    begin_downloads();
    start_unpackers();
    for (const HttpTransfer* transfer : http_.wait(patience(), unpackers())) on_ended(transfer);
    tell_unpackers();
    finish_unpackers();
  }
}

void LayerFetcher::begin_downloads() {
  auto running = std::count_if(works_.begin(), works_.end(), [](const Work& work) { return work.download.running(); });
  for (Work& work : works_) {
    if (running >= kMaxTransfers) return;
    if (work.download.done() || work.download.running() || work.download.not_before() > Clock::now()) continue;
    work.download.begin(http_, registry_);
    if (work.download.done()) progress_.state(work.name(), "Download complete");
    if (work.download.running()) ++running;
  }
}

void LayerFetcher::start_unpackers() {
  auto live = static_cast<unsigned>(
      std::count_if(works_.begin(), works_.end(), [](const Work& work) { return work.unpacker.has_value(); }));
  for (Work& work : works_) {
    if (live >= max_unpackers_ || !is_single_threaded()) return;
    const bool begun = work.download.done() || work.download.running();
    if (work.finished || work.unpacker || !begun) continue;
    work.pending.emplace(storage::PendingLayer::create(instance_));
    work.unpacker.emplace(storage::Unpacker::start(work.download.blob().fd(), work.pending->directory(), {}));
    work.unpacked_generation = work.download.generation();
    work.told_complete = false;
    ++live;
  }
}

void LayerFetcher::tell_unpackers() {
  for (Work& work : works_) {
    const LayerDownload& download = work.download;
    if (download.running()) {
      progress_.bytes(work.name(), "Downloading", download.received(), work.wanted.blob.size);
    }
    if (!work.unpacker) continue;
    if (work.unpacked_generation != download.generation()) {
      // The content that it has read was thrown away.
      work.unpacker.reset();
      work.pending.reset();
    } else if (!download.done()) {
      work.unpacker->blob_grew(download.received());
    } else if (!work.told_complete) {
      work.unpacker->blob_complete(download.received());
      work.told_complete = true;
    }
  }
}

void LayerFetcher::on_ended(const HttpTransfer* transfer) {
  const auto work = std::find_if(works_.begin(), works_.end(),
                                 [&](const Work& candidate) { return candidate.download.owns(transfer); });
  if (work == works_.end()) return;
  work->download.ended(registry_);
  if (work->download.done()) progress_.state(work->name(), "Download complete");
}

// Only after the download is verified: what an unpacker says of bytes that are about to be thrown away does not count.
void LayerFetcher::finish_unpackers() {
  for (Work& work : works_) {
    if (work.unpacker && work.told_complete && work.unpacker->ended()) finish(work);
  }
}

void LayerFetcher::finish(Work& work) {
  if (progress_.mode() == ProgressMode::tty) progress_.state(work.name(), "Extracting");
  const storage::UnpackedLayer unpacked = work.unpacker->finish();
  work.unpacker.reset();
  check_diff_id(unpacked.diff_id, work.wanted.diff_id, work.wanted.blob.digest);
  work.unpacked_size = unpacked.size;
  work.finished = true;
  progress_.state(work.name(), "Pull complete");
}

bool LayerFetcher::all_finished() const {
  return std::all_of(works_.begin(), works_.end(), [](const Work& work) { return work.finished; });
}

std::vector<int> LayerFetcher::unpackers() const {
  std::vector<int> result;
  for (const Work& work : works_) {
    if (work.unpacker && work.told_complete) result.push_back(work.unpacker->ended_fd());
  }
  return result;
}

// How long the loop may sleep when no transfer or unpacker has anything to say.
std::chrono::milliseconds LayerFetcher::patience() const {
  std::chrono::milliseconds result(250);
  for (const Work& work : works_) {
    if (work.download.done() || work.download.running()) continue;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(work.download.not_before() - Clock::now());
    result = std::clamp(left, std::chrono::milliseconds(1), result);
  }
  return result;
}

std::vector<ReadyLayer> LayerFetcher::take() {
  for (Work& work : works_) {
    ReadyLayer& layer = ready_.emplace_back();
    layer.diff_id = work.wanted.diff_id;
    layer.blob_digest = work.wanted.blob.digest;
    layer.size = work.unpacked_size;
    layer.pending.emplace(std::move(*work.pending));
    layer.blob.emplace(std::move(work.download.blob()));
  }
  return std::move(ready_);
}

void LayerFetcher::discard_blobs(ErrorKind failure) {
  for (Work& work : works_) {
    if (failure == ErrorKind::corrupt_data || work.download.is_empty()) work.download.blob().discard();
  }
}

}  // namespace

std::vector<ReadyLayer> fetch_layers(HttpClient& http, Registry& registry, const storage::Instance& instance,
                                     storage::Database& database, const std::vector<WantedLayer>& wanted,
                                     Progress& progress) {
  LayerFetcher fetcher(http, registry, instance, progress);
  fetcher.lock_blobs(database, wanted);
  try {
    fetcher.run();
  } catch (const Error& error) {
    fetcher.discard_blobs(error.kind());
    throw;
  }
  return fetcher.take();
}

}  // namespace minidock::image

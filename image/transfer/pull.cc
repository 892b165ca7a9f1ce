#include "image/transfer/pull.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "image/image_store.h"
#include "image/transfer/digest.h"
#include "image/transfer/layer_fetch.h"
#include "image/transfer/registry.h"

namespace minidock::image {
namespace {

constexpr int kMaxIndexDepth = 3;

struct Resolved {
  std::string digest;  // of what the tag names: an index or a manifest
  Manifest manifest;
};

// From the tag or digest through indexes to the one manifest for the platform.
Resolved resolve(Registry& registry, const Reference& reference, const Platform& platform) {
  Registry::RawDocument raw = registry.manifest(reference.digest.empty() ? reference.tag : reference.digest);
  Resolved result;
  result.digest = raw.digest;
  for (int depth = 0; depth <= kMaxIndexDepth; ++depth) {
    Document document = parse_document(raw.text, raw.media_type);
    if (Manifest* manifest = std::get_if<Manifest>(&document)) {
      result.manifest = std::move(*manifest);
      return result;
    }
    const Descriptor& chosen = choose_platform(std::get<Index>(document), platform);
    Registry::RawDocument next = registry.manifest(chosen.digest);
    if (next.text.size() != chosen.size) {
      throw Error(ErrorKind::corrupt_data, fmt::format("manifest {} has {} bytes; the index says {}", chosen.digest,
                                                       next.text.size(), chosen.size));
    }
    raw = std::move(next);
  }
  throw Error(ErrorKind::corrupt_data, "indexes are nested too deep");
}

std::string repo_digest_of(Reference reference, const std::string& digest) {
  reference.tag.clear();
  reference.digest = digest;
  return reference.canonical();
}

bool runs_on(const Image& image, const Platform& platform) {
  const ImageConfig config = parse_image_config(image.config_text);
  return fitness(normalize({config.os, config.architecture, config.variant}), platform).has_value();
}

// What the name refers to already, when the registry says that there is nothing newer. One request without a body,
// which registries that limit pulls do not count; none for a digest, which cannot change.
std::optional<Image> find_up_to_date(storage::Database& database, Registry& registry, const Reference& reference,
                                     const Platform& platform) {
  std::optional<Image> image = find_image(database, reference.canonical());
  if (!image || !runs_on(*image, platform)) return std::nullopt;
  if (!reference.digest.empty()) return image;
  const std::optional<std::string> digest = registry.manifest_digest(reference.tag);
  if (!digest) return std::nullopt;
  const std::vector<std::string>& known = image->repo_digests;
  if (std::find(known.begin(), known.end(), repo_digest_of(reference, *digest)) == known.end()) return std::nullopt;
  image->repo_digests = {repo_digest_of(reference, *digest)};
  return image;
}

void check_config(const ImageConfig& config, const Manifest& manifest, const PullOptions& options) {
  if (config.diff_ids.size() != manifest.layers.size()) {
    throw Error(ErrorKind::corrupt_data, fmt::format("the image's config names {} layers and its manifest {}",
                                                     config.diff_ids.size(), manifest.layers.size()));
  }
  const Platform actual = normalize({config.os, config.architecture, config.variant});
  if (options.platform && !fitness(actual, *options.platform)) {
    throw Error(ErrorKind::not_found,
                fmt::format("image with reference {} was found but does not match the specified platform: wanted {}, "
                            "actual: {}",
                            options.reference, options.platform->text(), actual.text()));
  }
  if (!actual.os.empty() && actual.os != "linux") {
    throw Error(ErrorKind::unsupported, fmt::format("image operating system \"{}\" cannot be used on this platform: "
                                                    "operating system is not supported",
                                                    actual.os));
  }
}

class PullJob {
 public:
  PullJob(const storage::Instance& instance, const PullOptions& options)
      : instance_(instance),
        options_(options),
        reference_(parse_reference(options.reference)),
        progress_(options.progress, options.progress_fd),
        database_(storage::Database::open(instance.database())),
        registry_(http_, reference_, options.insecure) {}

  std::string run();

 private:
  std::vector<ReadyLayer> bring_layers(const Manifest& manifest, const ImageConfig& config, bool image_known);
  void tell_begin();
  void tell_end(const std::string& digest, bool up_to_date);

  const storage::Instance& instance_;
  const PullOptions& options_;
  Reference reference_;
  Progress progress_;
  storage::Database database_;
  HttpClient http_;
  Registry registry_;
};

std::string PullJob::run() {
  const std::string last_component = options_.reference.substr(options_.reference.rfind('/') + 1);
  if (last_component.find_first_of(":@") == std::string::npos) progress_.line("Using default tag: " + reference_.tag);
  const Platform platform = options_.platform.value_or(host_platform());
  const std::optional<Image> current = find_up_to_date(database_, registry_, reference_, platform);
  if (current) {
    tell_begin();
    const std::string& known = current->repo_digests.front();
    tell_end(known.substr(known.find('@') + 1), true);
    return current->id;
  }

  const Resolved resolved = resolve(registry_, reference_, platform);
  tell_begin();
  NewImage image;
  image.id = resolved.manifest.config.digest;
  const std::optional<Image> known = find_image(database_, image.id);
  image.config_text = known ? known->config_text : registry_.small_blob(resolved.manifest.config);
  image.repo_digest = repo_digest_of(reference_, resolved.digest);
  if (reference_.digest.empty()) image.tag = reference_.canonical();
  const ImageConfig config = parse_image_config(image.config_text);
  check_config(config, resolved.manifest, options_);

  std::vector<ReadyLayer> layers = bring_layers(resolved.manifest, config, known.has_value());
  const bool up_to_date =
      known && (image.tag.empty() || std::find(known->tags.begin(), known->tags.end(), image.tag) != known->tags.end());
  const std::string id = image.id;
  commit_layers(database_, instance_, layers, config.diff_ids, std::move(image));
  tell_end(resolved.digest, up_to_date);
  // What a killed pull left unpacked goes now, after all that the user waits to read.
  if (!known) storage::collect_garbage(database_, instance_);
  return id;
}

std::vector<ReadyLayer> PullJob::bring_layers(const Manifest& manifest, const ImageConfig& config, bool image_known) {
  std::vector<ReadyLayer> layers;
  std::vector<WantedLayer> missing;
  std::vector<std::string> digests;
  for (const Descriptor& layer : manifest.layers) digests.push_back(layer.digest);
  for (const std::size_t position : distinct_layers(digests, config.diff_ids)) {
    const WantedLayer layer{manifest.layers[position], config.diff_ids[position]};
    std::optional<ReadyLayer> existing = hold_existing_layer(database_, instance_, layer.diff_id);
    if (!image_known) {
      progress_.state(short_digest(layer.blob.digest), existing ? "Already exists" : "Pulling fs layer");
    }
    if (existing) {
      layers.push_back(std::move(*existing));
    } else {
      missing.push_back(layer);
    }
  }
  for (ReadyLayer& layer : fetch_layers(http_, registry_, instance_, database_, missing, progress_)) {
    layers.push_back(std::move(layer));
  }
  progress_.end_of_layers();
  return layers;
}

void PullJob::tell_begin() {
  progress_.line(fmt::format("{}: Pulling from {}", reference_.digest.empty() ? reference_.tag : reference_.digest,
                             reference_.repository));
}

void PullJob::tell_end(const std::string& digest, bool up_to_date) {
  progress_.line("Digest: " + digest);
  progress_.line(fmt::format("Status: {} {}", up_to_date ? "Image is up to date for" : "Downloaded newer image for",
                             reference_.familiar()));
  progress_.line(reference_.canonical());
}

}  // namespace

std::string pull(const storage::Instance& instance, const PullOptions& options) {
  return PullJob(instance, options).run();
}

}  // namespace minidock::image

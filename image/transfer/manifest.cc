#include "image/transfer/manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "base/json.h"
#include "image/reference.h"

namespace minidock::image {
namespace {

constexpr std::size_t kMaxLayers = 1024;
constexpr std::size_t kMaxManifests = 10'000;
constexpr std::int64_t kMaxBlob = std::int64_t{1} << 40U;
constexpr std::string_view kIndexTypes[] = {"application/vnd.oci.image.index.v1+json",
                                            "application/vnd.docker.distribution.manifest.list.v2+json"};
constexpr std::string_view kManifestTypes[] = {"application/vnd.oci.image.manifest.v1+json",
                                               "application/vnd.docker.distribution.manifest.v2+json"};
constexpr std::string_view kConfigTypes[] = {"application/vnd.oci.image.config.v1+json",
                                             "application/vnd.docker.container.image.v1+json",
                                             // What buildx and old tools wrote for images.
                                             "application/octet-stream", ""};
constexpr std::string_view kLayerTypes[] = {"application/vnd.oci.image.layer.v1.tar",
                                            "application/vnd.oci.image.layer.v1.tar+gzip",
                                            "application/vnd.oci.image.layer.v1.tar+zstd",
                                            "application/vnd.docker.image.rootfs.diff.tar",
                                            "application/vnd.docker.image.rootfs.diff.tar.gzip",
                                            "application/vnd.docker.image.rootfs.diff.tar.zstd"};

template <std::size_t Size>
bool is_one_of(std::string_view text, const std::string_view (&list)[Size]) {
  return std::find(std::begin(list), std::end(list), text) != std::end(list);
}

[[noreturn]] void corrupt(const std::string& why) { throw Error(ErrorKind::corrupt_data, "manifest: " + why); }

Platform read_platform(const Json& object) {
  const auto it = object.find("platform");
  if (it == object.end() || it->is_null()) return {};
  return normalize(
      {json::get_string(*it, "os"), json::get_string(*it, "architecture"), json::get_string(*it, "variant")});
}

std::map<std::string, std::string> read_annotations(const Json& object) {
  std::map<std::string, std::string> result;
  const auto it = object.find("annotations");
  if (it == object.end() || it->is_null()) return result;
  if (!it->is_object()) corrupt("\"annotations\" is not an object");
  for (const auto& [key, value] : it->items()) {
    if (!value.is_string()) corrupt("an annotation is not a string");
    result.emplace(key, value.get<std::string>());
  }
  return result;
}

Descriptor read_descriptor(const Json& object) {
  if (!object.is_object()) corrupt("a descriptor is not an object");
  Descriptor result;
  result.media_type = json::get_string(object, "mediaType");
  result.digest = json::get_string(object, "digest");
  const std::int64_t size = json::get_int(object, "size", -1);
  if (!is_digest(result.digest)) corrupt(fmt::format("invalid or unsupported digest \"{}\"", result.digest));
  if (size < 0 || size > kMaxBlob) corrupt(fmt::format("invalid size of {}", result.digest));
  result.size = static_cast<std::uint64_t>(size);
  result.platform = read_platform(object);
  result.annotations = read_annotations(object);
  return result;
}

std::vector<Descriptor> read_descriptors(const Json& list, const char* what, std::size_t limit) {
  if (!list.is_array()) corrupt(fmt::format("\"{}\" is not a list", what));
  if (list.size() > limit) corrupt(fmt::format("more than {} {}", limit, what));
  std::vector<Descriptor> result;
  for (const Json& item : list) result.push_back(read_descriptor(item));
  return result;
}

Manifest read_manifest(const Json& document) {
  Manifest result;
  result.config = read_descriptor(document.at("config"));
  if (!is_one_of(result.config.media_type, kConfigTypes)) {
    throw Error(
        ErrorKind::unsupported,
        fmt::format("this is not a container image: its config has the media type \"{}\"", result.config.media_type));
  }
  if (result.config.size > kMaxDocument) {
    corrupt(fmt::format("config of {} bytes; at most {} are allowed", result.config.size, kMaxDocument));
  }
  const auto layers = document.find("layers");
  if (layers == document.end()) corrupt("\"layers\" is missing");
  result.layers = read_descriptors(*layers, "layers", kMaxLayers);
  for (const Descriptor& layer : result.layers) {
    if (!is_one_of(layer.media_type, kLayerTypes)) {
      throw Error(ErrorKind::unsupported,
                  fmt::format("layer {} has the unsupported media type \"{}\"", layer.digest, layer.media_type));
    }
  }
  return result;
}

bool is_schema1(const Json& document, std::string_view media_type) {
  constexpr std::string_view prefix = "application/vnd.docker.distribution.manifest.v1+";
  return media_type.substr(0, prefix.size()) == prefix || json::get_int(document, "schemaVersion", 2) == 1;
}

void check_media_types(const Json& document, std::string_view carrier, bool index) {
  const std::string own = json::get_string(document, "mediaType");
  for (const std::string_view type : {std::string_view(own), carrier}) {
    const bool wrong = index ? is_one_of(type, kManifestTypes) : is_one_of(type, kIndexTypes);
    if (wrong) corrupt(fmt::format("content does not match its media type \"{}\"", type));
  }
}

}  // namespace

Document parse_document(const std::string& text, std::string_view media_type) {
  if (text.size() > kMaxDocument) corrupt(fmt::format("larger than {} bytes", kMaxDocument));
  media_type = media_type.substr(0, media_type.find(';'));
  const Json document = json::parse(text, "manifest");
  if (!document.is_object()) corrupt("not an object");
  if (is_schema1(document, media_type)) {
    throw Error(ErrorKind::unsupported,
                "the image has a manifest of schema version 1, which is not supported; push it again with a current "
                "tool");
  }
  // Either key decides what the document is; with both, two readers could see two different images.
  const bool index = document.contains("manifests");
  if (index && (document.contains("layers") || document.contains("config"))) {
    corrupt("both an index (\"manifests\") and an image (\"layers\", \"config\")");
  }
  check_media_types(document, media_type, index);
  if (index) return Index{read_descriptors(document["manifests"], "manifests", kMaxManifests)};
  if (!document.contains("config")) corrupt("neither an image nor an index");
  return read_manifest(document);
}

const Descriptor& choose_platform(const Index& index, const Platform& wanted) {
  const Descriptor* best = nullptr;
  int best_fitness = -1;
  for (const Descriptor& candidate : index.manifests) {
    const bool says_nothing = candidate.platform.architecture.empty();
    // An entry without a platform is taken when it is the only one.
    const std::optional<int> fits = says_nothing ? (index.manifests.size() == 1 ? std::optional<int>(0) : std::nullopt)
                                                 : fitness(candidate.platform, wanted);
    if (fits && *fits > best_fitness) {
      best = &candidate;
      best_fitness = *fits;
    }
  }
  if (best == nullptr) {
    throw Error(ErrorKind::not_found,
                fmt::format("no matching manifest for {} in the manifest list entries", wanted.text()));
  }
  return *best;
}

}  // namespace minidock::image

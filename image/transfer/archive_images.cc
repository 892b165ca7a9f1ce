#include "image/transfer/archive_images.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/json.h"
#include "image/transfer/digest.h"
#include "image/transfer/manifest.h"

namespace minidock::image {
namespace {

constexpr int kMaxIndexDepth = 3;
constexpr std::size_t kMaxImages = 10'000;
constexpr char kContainerdName[] = "io.containerd.image.name";
constexpr char kRefName[] = "org.opencontainers.image.ref.name";

[[noreturn]] void corrupt(const std::string& why) { throw Error(ErrorKind::corrupt_data, "invalid archive: " + why); }

Reference parse_tag(const std::string& text) {
  Reference reference = parse_reference(text);
  if (!reference.digest.empty()) corrupt(fmt::format("\"{}\" is not a tag", text));
  return reference;
}

// ---- docker's manifest.json: [{"Config": NAME, "RepoTags": […], "Layers": [NAME…]}]

std::vector<ArchiveImage> read_docker(const Spool& spool, const std::string& text) {
  const Json document = json::parse(text, "manifest.json");
  if (!document.is_array() || document.size() > kMaxImages) corrupt("manifest.json is not a list of images");
  std::vector<ArchiveImage> result;
  for (const Json& item : document) {
    ArchiveImage image;
    image.config_text = spool.text(spool.get(json::get_string(item, "Config")));
    image.id = sha256_of(image.config_text);
    for (const std::string& layer : json::get_strings(item, "Layers")) image.layers.push_back(spool.get(layer));
    for (const std::string& tag : json::get_strings(item, "RepoTags")) image.names.push_back(parse_tag(tag));
    result.push_back(std::move(image));
  }
  return result;
}

// ---- OCI layout: index.json and blobs/sha256/…

const Spool::File& get_blob(const Spool& spool, const Descriptor& descriptor) {
  const Spool::File& file = spool.get("blobs/sha256/" + descriptor.digest.substr(descriptor.digest.find(':') + 1));
  if (file.digest != descriptor.digest || file.size != descriptor.size) {
    corrupt(fmt::format("blob {} has {} bytes and digest {}", descriptor.digest, file.size, file.digest));
  }
  return file;
}

Manifest find_manifest(const Spool& spool, Descriptor descriptor, const Platform& platform) {
  for (int depth = 0; depth <= kMaxIndexDepth; ++depth) {
    Document document = parse_document(spool.text(get_blob(spool, descriptor)), descriptor.media_type);
    if (Manifest* manifest = std::get_if<Manifest>(&document)) return std::move(*manifest);
    descriptor = Descriptor(choose_platform(std::get<Index>(document), platform));
  }
  corrupt("indexes are nested too deep");
}

// containerd writes the full name; others write the reference name, which may be no more than a tag.
std::vector<Reference> names_of(const Descriptor& descriptor) {
  for (const char* key : {kContainerdName, kRefName}) {
    const auto it = descriptor.annotations.find(key);
    if (it == descriptor.annotations.end() || it->second.find_first_of("/:") == std::string::npos) continue;
    return {parse_tag(it->second)};
  }
  return {};
}

std::vector<ArchiveImage> read_oci(const Spool& spool, const std::string& text, const Platform& platform) {
  Document document = parse_document(text, "");
  const Index* index = std::get_if<Index>(&document);
  if (index == nullptr) corrupt("index.json is not an index");
  std::vector<ArchiveImage> result;
  for (const Descriptor& descriptor : index->manifests) {
    if (descriptor.platform.os == "unknown") continue;  // an attestation, not an image
    const Manifest manifest = find_manifest(spool, descriptor, platform);
    ArchiveImage image;
    image.config_text = spool.text(get_blob(spool, manifest.config));
    image.id = manifest.config.digest;
    for (const Descriptor& layer : manifest.layers) image.layers.push_back(get_blob(spool, layer));
    image.names = names_of(descriptor);
    result.push_back(std::move(image));
  }
  return result;
}

}  // namespace

std::vector<ArchiveImage> read_archive_images(const Spool& spool, const Platform& platform) {
  // An archive of both kinds (docker 25 and later) names its images in manifest.json more exactly.
  if (const Spool::File* file = spool.find("manifest.json")) return read_docker(spool, spool.text(*file));
  if (const Spool::File* file = spool.find("index.json")) return read_oci(spool, spool.text(*file), platform);
  corrupt("neither manifest.json (docker save) nor index.json (OCI layout) is in it");
}

}  // namespace minidock::image

// Manifests and indexes: OCI image-spec (manifest.md, image-index.md) and docker's schema 2 and manifest list, which
// have the same shape. Foreign bytes: every number and name is checked before it is used (rules R8, R10).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "image/platform.h"

namespace minidock::image {

// Largest manifest, index or config that is read.
inline constexpr std::size_t kMaxDocument = 4 * 1024 * 1024;

// Value of the Accept header for what parse_document understands.
inline constexpr char kAcceptedDocuments[] =
    "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json";

struct Descriptor {
  std::string media_type;
  std::string digest;
  std::uint64_t size = 0;
  Platform platform;  // normalised; empty when the document says nothing
  std::map<std::string, std::string> annotations;
};

struct Manifest {
  Descriptor config;
  std::vector<Descriptor> layers;  // bottom layer first
};

struct Index {
  std::vector<Descriptor> manifests;
};

using Document = std::variant<Manifest, Index>;

// `media_type` is what the carrier said (Content-Type, or the descriptor that led here), "" for unknown. Ambiguous
// documents (CVE-2021-41190) and everything malformed are ErrorKind::corrupt_data; schema 1 and what is no image is
// ErrorKind::unsupported.
Document parse_document(const std::string& text, std::string_view media_type);

// The best fitting image; ErrorKind::not_found "no matching manifest for …" when none fits.
const Descriptor& choose_platform(const Index& index, const Platform& wanted);

}  // namespace minidock::image

// What an archive says about its images: docker's manifest.json, or an OCI layout (image-layout.md).
#pragma once

#include <string>
#include <vector>

#include "image/platform.h"
#include "image/reference.h"
#include "image/transfer/spool.h"

namespace minidock::image {

struct ArchiveImage {
  std::string config_text;
  std::string id;                   // digest of the config
  std::vector<Spool::File> layers;  // bottom layer first
  std::vector<Reference> names;
};

// ErrorKind::corrupt_data when it is neither kind, or a part is missing or has another digest than it should.
std::vector<ArchiveImage> read_archive_images(const Spool& spool, const Platform& platform);

}  // namespace minidock::image

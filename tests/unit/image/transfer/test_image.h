// Images made in memory.
#pragma once

#include <fmt/format.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "image/transfer/digest.h"

namespace minidock::image {

// One regular file of a tar (ustar).
inline std::string tar_file(const std::string& name, const std::string& content, char type = '0',
                            const std::string& link = "") {
  std::string header(512, '\0');
  const auto put = [&](std::size_t at, const std::string& text) { header.replace(at, text.size(), text); };
  put(0, name);
  put(100, "0000644");
  put(108, "0000000");
  put(116, "0000000");
  put(124, fmt::format("{:011o}", content.size()));
  put(136, "00000000000");
  put(148, "        ");
  header[156] = type;
  put(157, link);
  put(257, std::string("ustar\00000", 8));
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  put(148, fmt::format("{:06o}", sum) + std::string("\0 ", 2));
  return header + content + std::string((512 - content.size() % 512) % 512, '\0');
}

inline std::string tar_of(const std::string& entries) { return entries + std::string(1024, '\0'); }

struct TestImage {
  std::vector<std::string> layers;  // plain tars
  std::string config;
  std::string manifest;
  std::map<std::string, std::string> blobs;  // by digest

  explicit TestImage(std::vector<std::string> tars, const std::string& architecture = "amd64")
      : layers(std::move(tars)) {
    Json diff_ids = Json::array();
    Json descriptors = Json::array();
    for (const std::string& layer : layers) {
      const std::string digest = sha256_of(layer);
      blobs[digest] = layer;
      diff_ids.push_back(digest);
      descriptors.push_back(
          {{"mediaType", "application/vnd.oci.image.layer.v1.tar"}, {"digest", digest}, {"size", layer.size()}});
    }
    config = Json{{"architecture", architecture},
                  {"os", "linux"},
                  {"config", {{"Cmd", {"/hello"}}}},
                  {"rootfs", {{"type", "layers"}, {"diff_ids", diff_ids}}}}
                 .dump();
    blobs[id()] = config;
    manifest =
        Json{{"schemaVersion", 2},
             {"mediaType", "application/vnd.oci.image.manifest.v1+json"},
             {"config",
              {{"mediaType", "application/vnd.oci.image.config.v1+json"}, {"digest", id()}, {"size", config.size()}}},
             {"layers", descriptors}}
            .dump();
  }

  std::string id() const { return sha256_of(config); }
  std::string layer_digest(std::size_t position) const { return sha256_of(layers.at(position)); }
};

}  // namespace minidock::image

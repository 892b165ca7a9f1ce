// Images that are whole in this instance: the database's rows, read by `run` at every start.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "image/reference.h"
#include "storage/database.h"
#include "storage/instance.h"

namespace minidock::image {

// The part of an image's config that a container is made from (OCI image-spec, config.md; docker schema 2 is the same).
struct ImageConfig {
  std::string architecture;
  std::string os;
  std::string variant;
  std::string created;  // RFC 3339 as in the document
  std::string author;
  std::string user;
  std::vector<std::string> env;
  std::vector<std::string> entrypoint;
  std::vector<std::string> cmd;
  std::string working_dir;
  std::string stop_signal;
  std::vector<std::string> exposed_ports;  // "80/tcp"
  std::vector<std::string> volumes;        // absolute paths
  std::vector<std::pair<std::string, std::string>> labels;
  std::vector<std::string> shell;     // SHELL: what runs a command line; empty: /bin/sh -c
  Json healthcheck;                   // as in the document, null when absent
  std::vector<std::string> diff_ids;  // rootfs, bottom layer first
};

struct Image {
  std::string id;                         // "sha256:<hex>" of the config
  std::string config_text;                // the document itself
  std::int64_t size = 0;                  // bytes of all layers unpacked
  std::int64_t pulled = 0;                // ns since the epoch
  std::vector<std::string> diff_ids;      // bottom layer first
  std::vector<std::string> tags;          // canonical references, sorted
  std::vector<std::string> repo_digests;  // canonical references with digest, sorted
};

// Parses and checks a config document (limits of rule R8, R9). ErrorKind::corrupt_data.
ImageConfig parse_image_config(const std::string& text);

// By the full id alone.
bool has_image(storage::Database& database, const std::string& id);

// By reference (tag or digest), full id, or unique id prefix, in docker's order. Nothing when there is none;
// ErrorKind::conflict for a prefix of several.
std::optional<Image> find_image(storage::Database& database, const std::string& name);

// As find_image, but ErrorKind::not_found "No such image: NAME" when there is none.
Image get_image(storage::Database& database, const std::string& name);

std::vector<Image> list_images(storage::Database& database);

// What a finished pull, load or import hands in; `layers` must have rows in `layers` already.
struct NewImage {
  std::string id;
  std::string config_text;
  struct Layer {
    std::string diff_id;
    std::string blob_digest;  // "" when no blob is kept
  };
  std::vector<Layer> layers;
  std::string tag;          // canonical "docker.io/library/busybox:latest", "" for none
  std::string repo_digest;  // canonical "docker.io/library/busybox@sha256:…" without a tag, "" for none
};
// Inserts or completes the image and moves the tag to it. Must run in a transaction.
void commit_image(storage::Database& database, const NewImage& image);

void tag_image(storage::Database& database, const std::string& image_id, const Reference& target);

struct RemovedImage {
  std::vector<std::string> untagged;  // familiar names
  std::vector<std::string> deleted;   // "sha256:…" of images and layers
};
// docker rmi: untags, and deletes the image with the last name when no container uses it (ErrorKind::conflict with
// docker's words otherwise; `force` untags all and deletes even under stopped containers). Unused layers and blobs are
// removed from disk.
RemovedImage remove_image(storage::Database& database, const storage::Instance& instance, const std::string& name,
                          bool force);

}  // namespace minidock::image

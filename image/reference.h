// Image references as docker writes them (distribution/reference grammar): "busybox", "user/app:1", "host:5000/a/b:t",
// "name@sha256:<64 hex>". Rule R10: nothing is used as a path before it passed here.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace minidock::image {

struct Reference {
  std::string registry;    // "docker.io", "localhost:5000", "127.0.0.1:5000"
  std::string repository;  // "library/busybox", "user/app"
  std::string tag;         // "" when there is only a digest
  std::string digest;      // "sha256:<hex>" or ""

  // "docker.io/library/busybox:latest", or with "@sha256:…"
  std::string canonical() const;
  // As docker shows it: "busybox:latest", "localhost:5000/app:1".
  std::string familiar() const;
  // The same without tag and digest: "busybox".
  std::string familiar_name() const;
};

// Parses what a user typed; tag "latest" when neither tag nor digest is given. ErrorKind::invalid_argument "invalid
// reference format…" with docker's words.
Reference parse_reference(std::string_view text);

// True for "sha256:" + 64 lower-case hex digits.
bool is_digest(std::string_view text);

}  // namespace minidock::image

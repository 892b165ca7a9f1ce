// Manifests, indexes and configs: only Error may come out of foreign bytes.
#include <cstdint>
#include <string>

#include "base/error.h"
#include "image/image_store.h"
#include "image/transfer/manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  try {
    minidock::image::parse_image_config(text);
  } catch (const minidock::Error&) {
    // refused, as most inputs are
  }
  try {
    const minidock::image::Document document = minidock::image::parse_document(text, "");
    if (const auto* index = std::get_if<minidock::image::Index>(&document)) {
      minidock::image::choose_platform(*index, minidock::image::Platform{"linux", "amd64", ""});
    }
  } catch (const minidock::Error&) {
    // refused
  }
  return 0;
}

// Whatever parses must come out of its own canonical form unchanged.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/error.h"
#include "image/reference.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using minidock::image::parse_reference;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  minidock::image::Reference reference;
  try {
    reference = parse_reference(text);
  } catch (const minidock::Error&) {
    return 0;
  }
  const std::string canonical = reference.canonical();
  if (parse_reference(canonical).canonical() != canonical) std::abort();
  if (parse_reference(reference.familiar()).canonical() != canonical) std::abort();
  // A tag may contain "..", but no slash: it is one component.
  const std::string name = "/" + reference.registry + "/" + reference.repository + "/";
  if (name.find("/../") != std::string::npos || name.find("//") != std::string::npos) std::abort();
  if (reference.tag.find('/') != std::string::npos) std::abort();
  return 0;
}

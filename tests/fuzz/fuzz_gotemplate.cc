// Any text as a template: it renders or is refused, within the limits.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "base/gotemplate.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const minidock::OrderedJson document = minidock::OrderedJson::parse(
      R"({"ID": "abc", "A": ["x", 1, null], "M": {"k": "v", "n": {"p": [1.5, true]}}, "N": 7, "Z": null})");
  try {
    const auto parsed =
        minidock::gotemplate::Template::parse(std::string_view(reinterpret_cast<const char*>(data), size));
    parsed.execute(document);
  } catch (const minidock::Error& error) {
    if (error.kind() != minidock::ErrorKind::invalid_argument) __builtin_trap();
  }
  return 0;
}

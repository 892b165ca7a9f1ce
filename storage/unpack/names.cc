#include "storage/unpack/names.h"

#include <fmt/format.h>
#include <limits.h>

#include <vector>

#include "base/error.h"

namespace minidock::storage {
namespace {

constexpr std::string_view kWhiteoutPrefix = ".wh.";
constexpr std::string_view kMetadataPrefix = ".wh..wh.";
constexpr std::string_view kOpaqueName = ".wh..wh..opq";

std::string_view take_component(std::string_view& path) {
  const std::size_t slash = path.find('/');
  const std::string_view component = path.substr(0, slash);
  path = slash == std::string_view::npos ? std::string_view{} : path.substr(slash + 1);
  return component;
}

}  // namespace

std::string_view EntryName::parent() const {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string_view{} : std::string_view(path).substr(0, slash);
}

std::string EntryName::base() const {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

EntryName clean_name(std::string_view name, const UnpackLimits& limits) {
  std::vector<std::string_view> components;
  for (std::string_view rest = name; !rest.empty();) {
    const std::string_view component = take_component(rest);
    if (component.empty() || component == ".") continue;
    if (component == "..") {
      if (!components.empty()) components.pop_back();
      continue;
    }
    if (component.size() > NAME_MAX) {
      throw Error(ErrorKind::corrupt_data, fmt::format("archive: file name too long: {}", printable(name)));
    }
    components.push_back(component);
  }
  if (components.size() > limits.max_depth) {
    throw Error(ErrorKind::corrupt_data,
                fmt::format("archive: {} is deeper than {} directories", printable(name), limits.max_depth));
  }
  EntryName result;
  for (const std::string_view component : components) {
    if (!result.path.empty()) result.path += '/';
    result.path += component;
  }
  if (result.path.size() > limits.max_path) {
    throw Error(ErrorKind::corrupt_data,
                fmt::format("archive: path longer than {} bytes: {}", limits.max_path, printable(name)));
  }
  return result;
}

NameKind kind_of_name(std::string_view path) {
  NameKind kind = NameKind::plain;
  for (std::string_view rest = path; !rest.empty();) {
    const std::string_view component = take_component(rest);
    if (!component.starts_with(kWhiteoutPrefix)) continue;
    if (component == kOpaqueName && rest.empty()) return NameKind::opaque;
    if (component.starts_with(kMetadataPrefix)) return NameKind::ignored;
    const std::string_view name = component.substr(kWhiteoutPrefix.size());
    if (name.empty() || name == "." || name == ".." || !rest.empty()) {
      throw Error(ErrorKind::corrupt_data, fmt::format("archive: malformed whiteout {}", printable(path)));
    }
    kind = NameKind::whiteout;
  }
  return kind;
}

std::string whited_out_name(std::string_view base) { return std::string(base.substr(kWhiteoutPrefix.size())); }

std::string printable(std::string_view name) {
  constexpr std::size_t kShown = 200;
  std::string result = "\"";
  for (const char c : name.substr(0, kShown)) {
    const unsigned char byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f || c == '"' || c == '\\') {
      result += fmt::format("\\x{:02x}", byte);
    } else {
      result += c;
    }
  }
  return result + (name.size() > kShown ? "\"…" : "\"");
}

}  // namespace minidock::storage

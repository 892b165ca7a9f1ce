#include "engine/copy_paths.h"

#include "base/error.h"
#include "base/path.h"

namespace minidock::copy {
namespace {

// As filepath.Clean for a path that may be relative.
std::string clean(const std::string& path) {
  if (path.starts_with('/')) return path::clean_absolute(path);
  // Leading ".." of a relative path stay.
  std::string rest = path;
  std::string up;
  std::string result;
  while (!rest.empty()) {
    const std::size_t slash = rest.find('/');
    const std::string part = rest.substr(0, slash);
    rest = slash == std::string::npos ? "" : rest.substr(slash + 1);
    if (part.empty() || part == ".") continue;
    if (part == ".." && result.empty()) {
      up += up.empty() ? ".." : "/..";
    } else if (part == "..") {
      const std::size_t last = result.rfind('/');
      result = last == std::string::npos ? "" : result.substr(0, last);
    } else {
      result += (result.empty() ? "" : "/") + part;
    }
  }
  if (up.empty()) return result.empty() ? "." : result;
  return result.empty() ? up : up + "/" + result;
}

}  // namespace

Argument split_argument(const std::string& text) {
  const std::size_t colon = text.find(':');
  if (text.starts_with('/') || text.starts_with('.') || colon == std::string::npos) return {"", text};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

bool has_trailing_slash(std::string_view path) { return path.ends_with('/'); }

bool names_content(std::string_view path) { return path == "." || path.ends_with("/."); }

std::string keep_ending(const std::string& clean, const std::string& typed) {
  if (names_content(typed) && !names_content(clean)) return clean.ends_with('/') ? clean + "." : clean + "/.";
  if (has_trailing_slash(typed) && !has_trailing_slash(clean)) return clean + "/";
  return clean;
}

PathEntry split_entry(const std::string& path) {
  std::string cleaned = clean(path);
  if (names_content(path) && cleaned != ".") return {cleaned, "."};
  if (cleaned == "/" || cleaned == ".") return {cleaned, cleaned};
  return {path::parent_of(cleaned), path::base_name(cleaned)};
}

std::string entry_name(const std::string& path) { return split_entry(path).base; }

std::string behind_link(const std::string& path, const std::string& target) {
  if (target.starts_with('/')) return target;
  // Not cleaned: ".." behind a link is for the kernel to follow.
  const std::size_t slash = path.find_last_of('/');
  return slash == std::string::npos ? target : path.substr(0, slash + 1) + target;
}

Plan make_plan(const Source& source, const Destination& destination) {
  if (destination.exists && destination.is_directory) return {destination.path, source.name};
  if (destination.exists && source.is_directory) {
    throw Error(ErrorKind::invalid_argument, "cannot copy directory");
  }
  if (!source.is_directory && !destination.exists &&
      (has_trailing_slash(destination.path) || names_content(destination.path))) {
    throw Error(ErrorKind::invalid_argument, "no such directory");
  }
  const PathEntry entry = split_entry(destination.path);
  return {entry.directory, entry.base};
}

}  // namespace minidock::copy

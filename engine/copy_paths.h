// What the two paths of `cp` mean together: docker's rules about trailing slashes, "/.", what exists and what does not.
// Text and facts only; nothing here touches a file.
#pragma once

#include <string>
#include <string_view>

namespace minidock::copy {

// "CONTAINER:PATH", or a path of the host (an absolute one, one that begins with ".", one without a colon).
struct Argument {
  std::string container;  // "" for the host
  std::string path;
};
Argument split_argument(const std::string& text);

// "/a/b" → {"/a", "b"}; "/a/b/." → {"/a/b", "."}; "/" → {"/", "/"}. Lexically clean.
struct PathEntry {
  std::string directory;
  std::string base;
};
PathEntry split_entry(const std::string& path);

bool has_trailing_slash(std::string_view path);
// "x/." and ".": the content of a directory is meant.
bool names_content(std::string_view path);

// Lexically clean, with the "/" or "/." at the end that `typed` has.
std::string keep_ending(const std::string& clean, const std::string& typed);

// The last part of what the user typed, as an archive names it.
std::string entry_name(const std::string& path);

// The path behind a link, as text: what it says, relative to the directory of the link.
std::string behind_link(const std::string& path, const std::string& target);

struct Source {
  std::string name;  // entry_name of what was typed
  bool is_directory = false;
};
struct Destination {
  std::string path;  // links at its end resolved
  bool exists = false;
  bool is_directory = false;
};
// Where the archive is unpacked, and under which name its first entry stands in it.
struct Plan {
  std::string directory;
  std::string name;
};
// ErrorKind::invalid_argument "cannot copy directory" (onto a file) or "no such directory" (a file to "new/").
Plan make_plan(const Source& source, const Destination& destination);

}  // namespace minidock::copy

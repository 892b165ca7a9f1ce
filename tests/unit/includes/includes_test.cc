// Folders include each other in one direction only: the arrows of docs/ARCHITECTURE.md.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace minidock {
namespace {

namespace fs = std::filesystem;

// What each folder may include, itself apart. The longest name that a path starts with is the file's folder.
const std::map<std::string, std::set<std::string>> kArrows = {
    {"base", {}},
    {"storage", {"base"}},
    {"storage/unpack", {"storage", "base"}},
    {"storage/pack", {"storage/unpack", "storage", "base"}},
    {"network", {"storage", "base"}},
    {"names", {"base"}},
    {"image", {"storage", "base"}},
    {"image/transfer", {"image", "storage/pack", "storage/unpack", "storage", "base"}},
    {"engine/runtime", {"base"}},
    {"engine/seccomp", {"engine/runtime", "base"}},
    {"engine/shim", {"engine/runtime", "names", "base"}},
    {"engine/streams", {"engine/shim", "base"}},
    {"engine",
     {"engine/streams", "engine/shim", "engine/seccomp", "engine/runtime", "image", "names", "network", "storage",
      "base"}},
    {"cmd/minidock", {"engine", "base"}},
    {"cmd/minidock-shim", {"engine/shim", "engine/runtime", "base"}},
    {"cmd/minidock-image", {"image/transfer", "image", "storage/unpack", "storage", "base"}},
};

std::optional<std::string> folder_of(const std::string& path) {
  std::optional<std::string> best;
  for (const auto& [folder, arrows] : kArrows) {
    if (path.starts_with(folder + "/") && (!best || folder.size() > best->size())) best = folder;
  }
  return best;
}

// Quoted includes of a file; those in angle brackets are the system's.
std::vector<std::string> includes_of(const fs::path& file) {
  static const std::regex pattern("^\\s*#\\s*include\\s+\"([^\"]+)\"");
  std::vector<std::string> found;
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);) {
    std::smatch match;
    if (std::regex_search(line, match, pattern)) found.push_back(match[1]);
  }
  return found;
}

std::vector<fs::path> source_files(const fs::path& root) {
  std::vector<fs::path> files;
  for (const char* top : {"base", "storage", "network", "names", "image", "engine", "cmd"}) {
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root / top)) {
      const std::string extension = entry.path().extension();
      if (extension == ".h" || extension == ".cc") files.push_back(entry.path());
    }
  }
  return files;
}

// "a.cc includes b.h" for every include against the arrows.
std::vector<std::string> violations(const fs::path& root) {
  std::vector<std::string> found;
  for (const fs::path& file : source_files(root)) {
    const std::string name = file.lexically_relative(root);
    const std::optional<std::string> from = folder_of(name);
    for (const std::string& include : includes_of(file)) {
      const std::optional<std::string> to = folder_of(include);
      if (!from || !to) {
        // A generated header of a command ("version.h") is named without a folder.
        if (include.find('/') != std::string::npos) found.push_back(name + " includes " + include);
      } else if (*from != *to && !kArrows.at(*from).contains(*to)) {
        found.push_back(name + " includes " + include);
      }
    }
  }
  return found;
}

TEST(Includes, FollowTheArrows) { EXPECT_THAT(violations(MINIDOCK_SOURCE_DIR), testing::IsEmpty()); }

TEST(Includes, ThisTestSeesAViolation) {
  std::string scratch = testing::TempDir() + "includes-XXXXXX";
  ASSERT_NE(mkdtemp(scratch.data()), nullptr);
  for (const char* top : {"base", "storage", "network", "names", "image", "engine", "cmd"})
    fs::create_directories(scratch + "/" + top);
  std::ofstream(scratch + "/base/wrong.h") << "#include <vector>\n#include \"storage/database.h\"\n";
  std::ofstream(scratch + "/storage/right.h") << "#include \"base/fd.h\"\n";
  EXPECT_THAT(violations(scratch), testing::ElementsAre("base/wrong.h includes storage/database.h"));
  fs::remove_all(scratch);
}

TEST(Includes, ArrowsHaveNoCycle) {
  // Folders are removed as soon as everything that they may include is gone.
  std::map<std::string, std::set<std::string>> left = kArrows;
  for (bool removed = true; removed;) {
    removed = false;
    for (auto entry = left.begin(); entry != left.end(); ++entry) {
      const bool free = std::none_of(entry->second.begin(), entry->second.end(),
                                     [&](const std::string& folder) { return left.contains(folder); });
      if (!free) continue;
      left.erase(entry);
      removed = true;
      break;
    }
  }
  EXPECT_TRUE(left.empty());
}

}  // namespace
}  // namespace minidock

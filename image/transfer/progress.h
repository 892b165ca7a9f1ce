// What the user sees of a pull or load: docker's plain lines, bars on a terminal, or nothing.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace minidock::image {

enum class ProgressMode { plain, tty, quiet };

// ErrorKind::invalid_argument for another word than "plain", "tty", "quiet".
ProgressMode parse_progress_mode(std::string_view text);

class Progress {
 public:
  // Writes to `fd` (borrowed).
  Progress(ProgressMode mode, int fd);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  ProgressMode mode() const { return mode_; }
  // A line of its own, above the layers' lines on a terminal.
  void line(std::string_view text);
  // A layer (its short digest) has a new state, in docker's words: "Pulling fs layer", "Pull complete", ….
  void state(const std::string& layer, std::string_view state);
  // Bytes of a layer's step ("Downloading"); shown on a terminal only, ten times a second at most.
  void bytes(const std::string& layer, std::string_view step, std::uint64_t done, std::uint64_t total);
  // The layers' lines stay as they are; what comes next goes below.
  void end_of_layers();

 private:
  struct Row {
    std::string layer;
    std::string state;
    std::uint64_t done = 0;
    std::uint64_t total = 0;
    bool transfers = false;
  };
  Row& row(const std::string& layer);
  std::string render(const Row& row, std::size_t columns) const;
  void draw();

  ProgressMode mode_;
  int fd_;
  std::vector<Row> rows_;
  std::size_t drawn_ = 0;  // lines on the terminal that the next drawing replaces
  std::chrono::steady_clock::time_point last_drawing_;
};

}  // namespace minidock::image

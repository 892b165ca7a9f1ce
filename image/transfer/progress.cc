#include "image/transfer/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>

#include <algorithm>

#include "base/error.h"
#include "base/format.h"
#include "base/syscall.h"

namespace minidock::image {
namespace {

constexpr std::chrono::milliseconds kDrawingInterval(100);
constexpr std::size_t kDefaultRows = 24;
constexpr std::size_t kDefaultColumns = 80;
constexpr std::size_t kBar = 30;
constexpr char kClearLine[] = "\x1b[2K";

std::string bar(std::uint64_t done, std::uint64_t total) {
  const std::size_t filled = total == 0 ? 0 : static_cast<std::size_t>(std::min(done, total) * kBar / total);
  std::string result = "[" + std::string(filled, '=');
  if (filled < kBar) result += ">" + std::string(kBar - filled - 1, ' ');
  return result + "]";
}

bool is_final(const std::string& state) {
  return state == "Pull complete" || state == "Already exists" || state == "Loaded";
}

}  // namespace

ProgressMode parse_progress_mode(std::string_view text) {
  if (text == "plain") return ProgressMode::plain;
  if (text == "tty") return ProgressMode::tty;
  if (text == "quiet") return ProgressMode::quiet;
  throw Error(ErrorKind::invalid_argument, fmt::format("invalid progress mode \"{}\": use tty, plain or quiet", text));
}

Progress::Progress(ProgressMode mode, int fd) : mode_(mode), fd_(fd) {}

Progress::~Progress() {
  try {
    end_of_layers();
  } catch (const std::exception&) {
    // The terminal is gone; the job's own result says what happened.
  }
}

void Progress::line(std::string_view text) {
  if (mode_ == ProgressMode::quiet) return;
  end_of_layers();
  sys::write_all(fd_, fmt::format("{}\n", text));
}

void Progress::state(const std::string& layer, std::string_view state) {
  if (mode_ == ProgressMode::quiet) return;
  if (mode_ == ProgressMode::plain) {
    sys::write_all(fd_, fmt::format("{}: {}\n", layer, state));
    return;
  }
  Row& changed = row(layer);
  changed.state = state;
  changed.transfers = false;
  draw();
}

void Progress::bytes(const std::string& layer, std::string_view step, std::uint64_t done, std::uint64_t total) {
  if (mode_ != ProgressMode::tty) return;
  Row& changed = row(layer);
  changed.state = step;
  changed.transfers = true;
  changed.done = done;
  changed.total = total;
  if (std::chrono::steady_clock::now() - last_drawing_ >= kDrawingInterval) draw();
}

void Progress::end_of_layers() {
  if (mode_ != ProgressMode::tty || rows_.empty()) return;
  draw();
  rows_.clear();
  drawn_ = 0;
}

Progress::Row& Progress::row(const std::string& layer) {
  const auto it = std::find_if(rows_.begin(), rows_.end(), [&](const Row& row) { return row.layer == layer; });
  if (it != rows_.end()) return *it;
  return rows_.emplace_back(Row{layer, "", 0, 0, false});
}

std::string Progress::render(const Row& row, std::size_t columns) const {
  std::string text = fmt::format("{}: {}", row.layer, row.state);
  if (row.transfers) {
    text += fmt::format(" {} {}/{}", bar(row.done, row.total), format::human_size(static_cast<double>(row.done)),
                        format::human_size(static_cast<double>(row.total)));
  }
  // A line that wraps would be counted as one.
  return text.substr(0, columns > 1 ? columns - 1 : columns);
}

// Redraws all rows in place. When there are more than the terminal has lines, finished ones are left out first.
void Progress::draw() {
  last_drawing_ = std::chrono::steady_clock::now();
  struct winsize size {};
  const bool known = ioctl(fd_, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0;
  const std::size_t limit = std::max<std::size_t>((known ? size.ws_row : kDefaultRows) - 1, 1);
  const std::size_t columns = known ? size.ws_col : kDefaultColumns;
  std::size_t surplus = rows_.size() > limit ? rows_.size() - limit : 0;

  std::string text = drawn_ > 0 ? fmt::format("\x1b[{}A", drawn_) : "";
  std::size_t lines = 0;
  for (const Row& row : rows_) {
    if (lines == limit) break;
    if (surplus > 0 && is_final(row.state)) {
      --surplus;
      continue;
    }
    text += fmt::format("\r{}{}\n", kClearLine, render(row, columns));
    ++lines;
  }
  for (; lines < drawn_ && lines < limit; ++lines) text += fmt::format("\r{}\n", kClearLine);
  drawn_ = lines;
  sys::write_all(fd_, text);
}

}  // namespace minidock::image

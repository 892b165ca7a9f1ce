// The key sequence that ends an attachment and leaves the container running.
#pragma once

#include <string>
#include <string_view>

namespace minidock::streams {

// Looks for the sequence in what is typed. Bytes that may be its beginning are held back until it is clear that they
// are not.
class DetachKeys {
 public:
  // `sequence` as parse_detach_keys() gives it.
  explicit DetachKeys(std::string sequence) : sequence_(std::move(sequence)) {}

  // Appends to `out` what is to be passed on; true when the sequence is complete (what was typed after it is dropped).
  bool feed(std::string_view typed, std::string& out);

 private:
  std::string sequence_;
  std::string held_;  // always a proper beginning of the sequence
};

}  // namespace minidock::streams

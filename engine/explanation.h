// What `run --explain` shows.
#pragma once

#include <string>
#include <vector>

#include "base/explain.h"

namespace minidock {

// One line a step, in the order of their beginnings: process, kind, microseconds, words. The last line is the sum.
std::string explanation_text(const std::vector<explain::Record>& steps);

// Collects the steps of a start from its creation on, here and in the shim that is started meanwhile.
class Explanation {
 public:
  explicit Explanation(bool wanted);
  Explanation(const Explanation&) = delete;
  Explanation& operator=(const Explanation&) = delete;
  // Shows what there is unless that was done before: a start that fails is explained, too.
  ~Explanation();

  // Ends the collecting and shows it on standard error. To be called before the container's own output is.
  void show();

 private:
  Fd log_;
};

}  // namespace minidock

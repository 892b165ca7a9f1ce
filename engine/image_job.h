#pragma once

#include <string>
#include <vector>

#include "storage/instance.h"

namespace minidock {

// Runs minidock-image (which links the big libraries and handles foreign bytes) with `arguments` behind the instance's
// options, on this process's standard streams, and waits. Its error is thrown here. The result is the ids of the images
// that it has stored.
std::vector<std::string> run_image_job(const storage::Instance& instance, bool debug,
                                       const std::vector<std::string>& arguments);

}  // namespace minidock

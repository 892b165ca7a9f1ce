// How bytes go from one stage of unpacking to the next.
#pragma once

#include <functional>
#include <string_view>

namespace minidock::storage {

// Gives the next bytes, valid until the next call; an empty view at the end (and from then on). Throws Error.
using Chunks = std::function<std::string_view()>;

}  // namespace minidock::storage

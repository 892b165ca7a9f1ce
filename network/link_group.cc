#include "network/link_group.h"

#include <string>

namespace minidock::network {

std::uint32_t link_group(const storage::Instance& instance) {
  constexpr std::uint32_t kAboveHandmade = 1U << 30U;  // and still positive where programs print it as an int
  std::uint32_t hash = 0x811c9dc5U;                    // FNV-1a
  for (const char c : instance.nft_table) hash = (hash ^ static_cast<unsigned char>(c)) * 0x01000193U;
  return kAboveHandmade | (hash & (kAboveHandmade - 1));
}

}  // namespace minidock::network

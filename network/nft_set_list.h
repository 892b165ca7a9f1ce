// What is in a set or map of nf_tables.
#pragma once

#include <string>
#include <vector>

#include "network/nft_objects.h"

namespace minidock::network {

struct ListedElement {
  std::string key;   // as NftElements takes it
  std::string data;  // what a map's key leads to
};

// None of a set that is not there.
std::vector<ListedElement> list_elements(const NftTable& table, const char* set);

}  // namespace minidock::network

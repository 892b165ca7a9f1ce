#include "engine/name_generator.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/error.h"
#include "base/random.h"

namespace minidock {
namespace {

constexpr std::array<std::string_view, 72> kAdjectives{
    "able",    "agile",   "alert",  "amber",  "ample",  "apt",    "brave", "breezy",  "bright",  "brisk",  "calm",
    "candid",  "careful", "cheery", "civil",  "clear",  "clever", "cosy",  "curious", "daring",  "deft",   "eager",
    "earnest", "easy",    "exact",  "fair",   "fleet",  "fond",   "frank", "fresh",   "gentle",  "glad",   "golden",
    "handy",   "hardy",   "honest", "humble", "jolly",  "keen",   "kind",  "lively",  "loyal",   "lucid",  "lucky",
    "mellow",  "merry",   "mighty", "modest", "neat",   "nimble", "noble", "patient", "placid",  "plucky", "polite",
    "proud",   "quick",   "quiet",  "ready",  "robust", "serene", "sharp", "silent",  "sincere", "steady", "sunny",
    "swift",   "tidy",    "upbeat", "vivid",  "warm",   "witty"};

// People of computing, mathematics and the sciences.
constexpr std::array<std::string_view, 64> kSurnames{
    "abel",     "allen",     "ampere",  "babbage",   "backus",  "bell",     "bernoulli", "bohr",
    "boole",    "cantor",    "cerf",    "chomsky",   "church",  "codd",     "cray",      "curie",
    "darwin",   "dijkstra",  "easley",  "engelbart", "erdos",   "euclid",   "euler",     "faraday",
    "fermat",   "fermi",     "floyd",   "franklin",  "galileo", "gauss",    "germain",   "goedel",
    "hamilton", "hamming",   "hilbert", "hoare",     "hopper",  "huffman",  "huygens",   "hypatia",
    "kepler",   "kernighan", "knuth",   "lamarr",    "lamport", "liskov",   "lovelace",  "maxwell",
    "mccarthy", "meitner",   "mendel",  "minsky",    "naur",    "newton",   "noether",   "pascal",
    "perlman",  "ramanujan", "ritchie", "shannon",   "tarjan",  "thompson", "turing",    "wirth"};

template <std::size_t Size>
std::string_view pick(const std::array<std::string_view, Size>& words) {
  return words[random::below(Size)];
}

}  // namespace

std::string random_container_name(int attempt) {
  std::string name = fmt::format("{}_{}", pick(kAdjectives), pick(kSurnames));
  if (attempt > 0) name += std::to_string(random::below(10));
  return name;
}

void check_container_name(const std::string& name) {
  const auto alphanumeric = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  const bool valid = name.size() >= 2 && name.size() <= 253 && alphanumeric(name.front()) &&
                     std::all_of(name.begin(), name.end(),
                                 [&](char c) { return alphanumeric(c) || c == '_' || c == '.' || c == '-'; });
  if (!valid) {
    throw Error(ErrorKind::invalid_argument,
                fmt::format("Invalid container name ({}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed", name));
  }
}

}  // namespace minidock

#include "cmd/minidock/words.h"

#include <fmt/format.h>

#include <cstdio>
#include <iostream>

namespace minidock::cmd {

std::map<std::string, std::string> key_value_map(const std::vector<std::string>& words) {
  std::map<std::string, std::string> map;
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    map.insert_or_assign(word.substr(0, equals), equals == std::string::npos ? "" : word.substr(equals + 1));
  }
  return map;
}

bool confirms(const std::string& warning) {
  fmt::print("WARNING! {}\nAre you sure you want to continue? [y/N] ", warning);
  std::fflush(stdout);
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y";
}

}  // namespace minidock::cmd

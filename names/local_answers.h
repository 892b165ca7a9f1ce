// What the server answers by itself.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "names/directory.h"
#include "names/message.h"

namespace minidock::names {

class LocalAnswers {
 public:
  // Borrows `directory`.
  explicit LocalAnswers(Directory& directory) : directory_(directory) {}

  // The records of a known name or address, none when it has none of the asked type; nothing when others are to be
  // asked. Several addresses come in rotating order.
  std::optional<std::vector<Record>> records(const Question& question);

 private:
  static void add_addresses(std::vector<Record>& records, RecordType type, const std::vector<std::string>& addresses,
                            std::uint32_t turn);

  Directory& directory_;
  // How often names were asked, by a hash of name and type: with one count for all, a program that asks for A and AAAA
  // in turn would get each of two addresses at the same place for ever.
  std::array<std::uint32_t, 64> turns_{};
};

}  // namespace minidock::names

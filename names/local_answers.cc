#include "names/local_answers.h"

#include <functional>

#include "names/address_text.h"

namespace minidock::names {
namespace {

bool asks_for(const Question& question, RecordType type) {
  return question.type == static_cast<std::uint16_t>(type) ||
         question.type == static_cast<std::uint16_t>(RecordType::any);
}

bool is_localhost(const std::string& name) { return name == "localhost" || name.ends_with(".localhost"); }

}  // namespace

std::optional<std::vector<Record>> LocalAnswers::records(const Question& question) {
  std::vector<Record> records;
  if (const std::optional<std::string> address = address_of_pointer(question.name)) {
    const std::optional<std::string> name = directory_.name_of(*address);
    if (!name) return std::nullopt;
    if (asks_for(question, RecordType::ptr)) records.push_back({RecordType::ptr, {}, *name});
    return records;
  }
  const std::optional<Directory::Found> found =
      is_localhost(question.name) ? Directory::Found{{"127.0.0.1"}, {"::1"}} : directory_.find(question.name);
  if (!found) return std::nullopt;
  std::uint32_t& turns = turns_[(std::hash<std::string>()(question.name) + question.type) % turns_.size()];
  const std::uint32_t turn = turns++;
  if (asks_for(question, RecordType::a)) add_addresses(records, RecordType::a, found->ipv4, turn);
  if (asks_for(question, RecordType::aaaa)) add_addresses(records, RecordType::aaaa, found->ipv6, turn);
  return records;
}

void LocalAnswers::add_addresses(std::vector<Record>& records, RecordType type,
                                 const std::vector<std::string>& addresses, std::uint32_t turn) {
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    records.push_back({type, address_bytes(addresses[(i + turn) % addresses.size()]), {}});
  }
}

}  // namespace minidock::names

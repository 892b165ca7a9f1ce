// Whatever is understood as a query has an answer that answers it, within the size that is allowed, and whose question
// is the query's own.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "names/message.h"

namespace {

using namespace minidock::names;

void require(bool condition) {
  if (!condition) std::abort();
}

bool has_question_of(const Bytes& message, BytesView asked, std::size_t size) {
  return message.size() >= kHeaderSize + size &&
         std::equal(message.begin() + kHeaderSize, message.begin() + static_cast<std::ptrdiff_t>(kHeaderSize + size),
                    asked.begin() + kHeaderSize);
}

void check_query(BytesView message, const Query& query) {
  const std::vector<Record> records(40, Record{RecordType::aaaa, Bytes(16, 1), {}});
  for (const std::size_t largest : {query.largest_udp_answer(), kPlainUdpSize, kLargestMessage}) {
    Bytes answered = answer(message, query, ResponseCode::no_error, records, largest);
    require(answered.size() <= largest);
    require(answers(answered, query.id, query.question));
    require(has_question_of(answered, message, query.question_size));
    require(!parse_query(answered).query && !parse_query(answered).error);
    const Bytes cut = truncated(answered, query.question_size);
    require(cut.size() <= kPlainUdpSize && answers(cut, query.id, query.question));
    set_id(answered, static_cast<std::uint16_t>(query.id + 1));
    require(!answers(answered, query.id, query.question));
  }
  if (const std::optional<std::string> address = address_of_pointer(query.question.name)) {
    require(address->size() >= 2 && address->size() <= 39);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView message(data, size);
  const ParsedQuery parsed = parse_query(message);
  require(!parsed.query || !parsed.error);
  if (parsed.query) check_query(message, *parsed.query);
  if (parsed.error) require(error_answer(message, *parsed.error).size() == kHeaderSize);
  // As another server's answer.
  if (size >= kHeaderSize) answers(message, message_id(message), {"example.com", 1, 1});
  for (const AnsweredAddress& answered : addresses_in(message)) {
    require((answered.address.size() == 4 || answered.address.size() == 16) && answered.ttl <= 0x7fffffff);
  }
  // As the text of a name.
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Bytes question = query_message(7, std::string(text), RecordType::a);
  require(question.empty() || parse_query(question).query);
  if (const std::optional<std::string> address = address_of_pointer(text)) require(!address->empty());
  return 0;
}

#include "names/learnt_addresses.h"

#include <algorithm>
#include <array>
#include <utility>

namespace minidock::names {
namespace {

bool matches(std::string_view pattern, std::string_view name) {
  if (pattern == "*") return !name.empty();
  if (!pattern.starts_with("*.")) return !pattern.empty() && pattern == name;
  const std::string_view ending = pattern.substr(1);
  return name.size() > ending.size() && name.ends_with(ending);
}

bool begins_with(const Bytes& address, std::size_t bits, std::initializer_list<std::uint8_t> prefix) {
  std::size_t at = 0;
  for (const std::uint8_t byte : prefix) {
    const std::size_t left = std::min<std::size_t>(bits - 8 * at, 8);
    const auto mask = static_cast<std::uint8_t>(0xff00U >> left);
    if ((address[at] & mask) != byte) return false;
    ++at;
  }
  return true;
}

bool is_ipv4_host(const Bytes& address) {
  return !begins_with(address, 8, {0}) && !begins_with(address, 8, {127}) && !begins_with(address, 16, {169, 254}) &&
         address[0] < 224;
}

// Addresses that have an IPv4 address inside are what that one is.
bool is_host(const Bytes& address) {
  constexpr std::size_t kIpv4Size = 4;
  if (address.size() == kIpv4Size) return is_ipv4_host(address);
  const bool has_ipv4 = begins_with(address, 80, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
  if (has_ipv4) {
    const Bytes ipv4(address.end() - kIpv4Size, address.end());
    return begins_with(address, 96, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}) && is_ipv4_host(ipv4);
  }
  return !begins_with(address, 10, {0xfe, 0x80}) && !begins_with(address, 8, {0xff});
}

}  // namespace

LearntAddresses::LearntAddresses(std::vector<std::string> patterns, Change allow, Change forbid)
    : patterns_(std::move(patterns)), allow_(std::move(allow)), forbid_(std::move(forbid)) {}

bool LearntAddresses::may_ask(std::string_view name) const {
  return std::any_of(patterns_.begin(), patterns_.end(),
                     [&](const std::string& pattern) { return matches(pattern, name); });
}

bool LearntAddresses::is_allowed(std::size_t pattern, const Bytes& address) const {
  return std::any_of(entries_.begin(), entries_.end(),
                     [&](const Entry& entry) { return entry.pattern == pattern && entry.address == address; });
}

void LearntAddresses::forget(std::size_t index) {
  const Entry gone = std::move(entries_[index]);
  entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(index));
  if (!is_allowed(gone.pattern, gone.address)) forbid_(gone.pattern, gone.address);
}

void LearntAddresses::learn_one(std::size_t pattern, const Question& question, const Bytes& address,
                                Clock::time_point end) {
  const auto known = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return entry.pattern == pattern && entry.address == address && entry.question == question;
  });
  if (known != entries_.end()) {
    known->end = std::max(known->end, end);
    known->is_asked_again = false;
    return;
  }
  if (entries_.size() == kMostLearnt) {
    const auto first = std::min_element(entries_.begin(), entries_.end(),
                                        [](const Entry& a, const Entry& b) { return a.end < b.end; });
    forget(static_cast<std::size_t>(first - entries_.begin()));
  }
  const bool is_new = !is_allowed(pattern, address);
  entries_.push_back({pattern, question, address, end, false});
  if (is_new) allow_(pattern, address);
}

void LearntAddresses::learn(const Question& question, const std::vector<AnsweredAddress>& addresses, bool is_own,
                            Clock::time_point now) {
  for (std::size_t pattern = 0; pattern < patterns_.size(); ++pattern) {
    if (!matches(patterns_[pattern], question.name)) continue;
    for (const auto& [address, ttl] : addresses) {
      if (!is_own && !is_host(address)) continue;
      const std::chrono::seconds time =
          std::clamp<std::chrono::seconds>(std::chrono::seconds(ttl), kLeastLearntTime, kMostLearntTime);
      learn_one(pattern, question, address, now + time);
    }
  }
}

void LearntAddresses::repeat() const {
  for (const Entry& entry : entries_) allow_(entry.pattern, entry.address);
}

LearntAddresses::Clock::time_point LearntAddresses::deadline() const {
  Clock::time_point first = Clock::time_point::max();
  for (const Entry& entry : entries_) {
    first = std::min(first, entry.is_asked_again ? entry.end : entry.end - kAskAgainBefore);
  }
  return first;
}

std::vector<Question> LearntAddresses::on_time(Clock::time_point now) {
  std::vector<Question> questions;
  for (std::size_t i = 0; i < entries_.size();) {
    Entry& entry = entries_[i];
    if (entry.end <= now) {
      forget(i);
      continue;
    }
    const bool is_due = !entry.is_asked_again && entry.end - kAskAgainBefore <= now;
    if (is_due) {
      entry.is_asked_again = true;
      if (std::find(questions.begin(), questions.end(), entry.question) == questions.end()) {
        questions.push_back(entry.question);
      }
    }
    ++i;
  }
  return questions;
}

}  // namespace minidock::names

// What a container that may speak to certain hosts alone has learnt of them: the addresses in the answers to its own
// queries. Each is allowed for as long as the answer said, and for an hour at least, since programs keep addresses for
// longer than they may; shortly before, the name is asked for again, so that what still holds goes on being allowed
// without the program asking. Nothing here looks at a clock.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "names/message.h"

namespace minidock::names {

// With one more the one that would be forgotten first goes.
inline constexpr std::size_t kMostLearnt = 1024;
inline constexpr std::chrono::seconds kLeastLearntTime = std::chrono::hours(1);
inline constexpr std::chrono::seconds kMostLearntTime = std::chrono::hours(24);
// So long before its end a name is asked for again.
inline constexpr std::chrono::seconds kAskAgainBefore{60};

class LearntAddresses {
 public:
  using Clock = std::chrono::steady_clock;
  // `pattern`: its number; `address`: 4 or 16 bytes. Called once each time that an address begins or ceases to be
  // allowed.
  using Change = std::function<void(std::size_t pattern, const Bytes& address)>;

  // A pattern is a name in lower case, "*.<name>" for each name below one, or "*"; "" is none.
  LearntAddresses(std::vector<std::string> patterns, Change allow, Change forbid);

  // Whether others are asked for a name: what a query says leaves the container, too.
  bool may_ask(std::string_view name) const;
  // `is_own`: the answer is of the container's networks. Of others' answers loopback, link-local (where clouds have
  // their metadata servers), multicast and unspecified addresses are not learnt: no host on the net has them, and
  // whoever has a name could make it lead there.
  void learn(const Question& question, const std::vector<AnsweredAddress>& addresses, bool is_own,
             Clock::time_point now);
  // Calls `allow` for all there is, for whoever has forgotten it.
  void repeat() const;

  // Of on_time(); Clock::time_point::max() while nothing is learnt.
  Clock::time_point deadline() const;
  // Forgets what is over; the questions that are to be asked again.
  std::vector<Question> on_time(Clock::time_point now);

 private:
  struct Entry {
    std::size_t pattern = 0;
    Question question;
    Bytes address;
    Clock::time_point end;
    bool is_asked_again = false;
  };
  void learn_one(std::size_t pattern, const Question& question, const Bytes& address, Clock::time_point end);
  bool is_allowed(std::size_t pattern, const Bytes& address) const;
  void forget(std::size_t index);

  std::vector<std::string> patterns_;
  Change allow_;
  Change forbid_;
  std::vector<Entry> entries_;
};

}  // namespace minidock::names

#include "engine/streams/detach_keys.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "engine/streams/client_streams.h"

namespace minidock::streams {
namespace {

TEST(ParseDetachKeys, KnowsCharactersAndControlKeys) {
  EXPECT_EQ(parse_detach_keys("ctrl-p,ctrl-q"), "\x10\x11");
  EXPECT_EQ(parse_detach_keys(""), "\x10\x11");
  EXPECT_EQ(parse_detach_keys("a"), "a");
  EXPECT_EQ(parse_detach_keys("ctrl-@,x,ctrl-[,ctrl-\\,ctrl-],ctrl-^,ctrl-_"),
            std::string("\0x\x1b\x1c\x1d\x1e\x1f", 7));
}

TEST(ParseDetachKeys, RefusesTheRest) {
  for (const char* keys : {"ctrl-", "ctrl-A", "ab", "a,,b", "a,", ",", "ctrl-?", "ctrl-pq", "Ctrl-p"}) {
    try {
      parse_detach_keys(keys);
      ADD_FAILURE() << keys;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::invalid_argument) << keys;
      EXPECT_TRUE(error.message().starts_with(std::string("Invalid detach keys (") + keys + ") provided")) << keys;
    }
  }
}

struct Typed {
  std::string passed;
  bool detached = false;
};

// Typed as one piece and byte by byte: no difference.
Typed type(const std::string& sequence, const std::string& keys) {
  DetachKeys whole(sequence);
  Typed result;
  result.detached = whole.feed(keys, result.passed);
  DetachKeys bytewise(sequence);
  Typed same;
  for (const char key : keys) {
    if (same.detached) break;
    same.detached = bytewise.feed({&key, 1}, same.passed);
  }
  EXPECT_EQ(result.passed, same.passed);
  EXPECT_EQ(result.detached, same.detached);
  return result;
}

TEST(DetachKeysTest, FindsTheSequence) {
  const Typed typed = type("\x10\x11", "ls\n\x10\x11more");
  EXPECT_TRUE(typed.detached);
  EXPECT_EQ(typed.passed, "ls\n");
}

TEST(DetachKeysTest, HoldsABeginningUntilItBreaks) {
  DetachKeys keys("\x10\x11");
  std::string passed;
  EXPECT_FALSE(keys.feed("a\x10", passed));
  EXPECT_EQ(passed, "a");
  EXPECT_FALSE(keys.feed("b", passed));
  EXPECT_EQ(passed,
            "a\x10"
            "b");
}

TEST(DetachKeysTest, ABrokenBeginningMayContainTheNextOne) {
  EXPECT_TRUE(type("aab", "aaab").detached);
  EXPECT_EQ(type("aab", "aaab").passed, "a");
  EXPECT_TRUE(type("\x10\x11", "\x10\x10\x11").detached);
  EXPECT_EQ(type("abab", "abaab").passed, "aba");
}

TEST(DetachKeysTest, AnEmptySequenceIsNeverTyped) {
  EXPECT_FALSE(type("", "anything\x10\x11").detached);
  EXPECT_EQ(type("", "abc").passed, "abc");
}

}  // namespace
}  // namespace minidock::streams

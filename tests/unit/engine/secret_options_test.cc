#include "engine/secret_options.h"

#include <gmock/gmock.h>

#include "base/error.h"

namespace minidock::options {
namespace {

TEST(ParseSecret, Defaults) {
  const SecretRequest secret = parse_secret("password");
  EXPECT_EQ(secret.source, "password");
  EXPECT_EQ(secret.target, "password");
  EXPECT_EQ(secret.type, "mount");
  EXPECT_EQ(secret.mode, 0444u);
}

TEST(ParseSecret, EveryKey) {
  const SecretRequest secret = parse_secret("source=password,target=/etc//key,uid=5,gid=6,mode=0400");
  EXPECT_EQ(secret.source, "password");
  EXPECT_EQ(secret.target, "/etc/key");
  EXPECT_EQ(secret.uid, 5u);
  EXPECT_EQ(secret.gid, 6u);
  EXPECT_EQ(secret.mode, 0400u);
  EXPECT_EQ(parse_secret("password,type=env").target, "password");
}

TEST(ParseSecret, WrongOnes) {
  for (const char* text : {"", "target=x", "p,uid=x", "p,mode=9", "p,mode=01777", "p,type=foo", "p,foo=1", "p,q",
                           "p,type=env,uid=1", "p,target=a/b", "p,target=..", "p,type=env,target=A=B", "p,target=/"}) {
    EXPECT_THROW(parse_secret(text), Error) << text;
  }
}

}  // namespace
}  // namespace minidock::options

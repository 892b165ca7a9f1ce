#include "network/egress_rule.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace minidock::network {
namespace {

TEST(EgressRule, IsWrittenInOneWay) {
  const std::pair<const char*, const char*> forms[] = {
      {"api.example.com:443", "api.example.com:443"},
      {"API.Example.com.", "api.example.com"},
      {"*.example.com:80-90/tcp", "*.example.com:80-90/tcp"},
      {"*:443", "*:443"},
      {"db", "db"},
      {"my_service-1:5432/TCP", "my_service-1:5432/tcp"},
      {"10.1.2.3", "10.1.2.3/32"},
      {"10.1.2.3:53/udp", "10.1.2.3/32:53/udp"},
      {"10.1.2.3/8", "10.0.0.0/8"},
      {"0.0.0.0/0:443", "0.0.0.0/0:443"},
      {"2001:db8::/32", "2001:db8::/32"},
      {"2001:DB8::5", "2001:db8::5/128"},
      {"[2001:db8::5]:8000-8010", "[2001:db8::5/128]:8000-8010"},
      {"[2001:db8::/64]", "2001:db8::/64"},
      {"host:80-80", "host:80"},
  };
  for (const auto& [typed, text] : forms) {
    EXPECT_EQ(parse_egress_rule(typed).text(), text) << typed;
    EXPECT_EQ(parse_egress_rule(text).text(), text) << "stored";
  }
}

TEST(EgressRule, AllPortsAreAllProtocols) {
  const EgressRule all = parse_egress_rule("10.0.0.0/8");
  EXPECT_EQ(all.first_port, 0);
  EXPECT_EQ(all.protocol, "");
  const EgressRule some = parse_egress_rule("10.0.0.0/8:1-65535");
  EXPECT_EQ(some.first_port, 1);
  EXPECT_EQ(some.last_port, 65535);
  EXPECT_EQ(some.protocol, "");
}

TEST(EgressRule, WhatIsNoneIsRefused) {
  for (const char* text : {"",           ":443",        "host:",        "host:0",         "host:65536",
                           "host:90-80", "host:http",   "host:80/icmp", "host:80/",       "a..b",
                           "10.1.2",     "10.0.0.0/33", "256.1.1.1",    "a*.example.com", "*.",
                           "*.*.com",    "ex ample",    "host name:80", "[2001:db8::5",   "[2001:db8::5]80",
                           "[host!]:80", "http://host", "a;b",          "a:b:c",          "2001:db8::/129",
                           "host:80:90"}) {
    try {
      const EgressRule rule = parse_egress_rule(text);
      ADD_FAILURE() << text << " is taken for " << rule.text();
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::invalid_argument) << text;
      EXPECT_THAT(error.message(), testing::StartsWith("invalid --egress-allow \"" + std::string(text) + "\": "));
    }
  }
}

TEST(EgressRule, RulesAreStoredAndRead) {
  EXPECT_EQ(egress_text({}), "deny");
  EXPECT_TRUE(stored_egress_rules("deny").empty());
  const std::vector<EgressRule> rules{parse_egress_rule("db:5432"), parse_egress_rule("[fd00::1]:80/tcp")};
  EXPECT_EQ(egress_text(rules), "deny db:5432 [fd00::1/128]:80/tcp");
  EXPECT_EQ(stored_egress_rules(egress_text(rules)), rules);
}

TEST(EgressRule, DamagedTextIsToldOf) {
  for (const char* text : {"", "allow", "deny  db", "deny db:99999"}) {
    try {
      stored_egress_rules(text);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::corrupt_data) << text;
    }
  }
}

}  // namespace
}  // namespace minidock::network

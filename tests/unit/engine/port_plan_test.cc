#include "engine/port_plan.h"

#include <gmock/gmock.h>

#include "base/error.h"

namespace minidock {
namespace {

using network::PublishedPort;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string text_of(const PublishedPort& port) {
  std::string host = std::to_string(port.host_port);
  if (port.host_port_last != 0) host += "-" + std::to_string(port.host_port_last);
  return port.host_ip + ":" + host + ":" + std::to_string(port.container_port) + "/" + port.protocol;
}

std::vector<std::string> texts_of(const std::vector<PublishedPort>& ports) {
  std::vector<std::string> texts;
  for (const PublishedPort& port : ports) texts.push_back(text_of(port));
  return texts;
}

PortChanges removal(const std::string& text) { return {{}, options::parse_unpublish(text)}; }

std::string refusal(const PortChanges& changes, const std::vector<PublishedPort>& requested,
                    const std::vector<PublishedPort>& published) {
  try {
    plan_port_changes(changes, requested, published, "web");
    return "";
  } catch (const Error& error) {
    return error.message();
  }
}

std::string parse_failure(const std::string& text) {
  try {
    options::parse_unpublish(text);
    return "";
  } catch (const Error& error) {
    return error.message();
  }
}

TEST(PortSelector, SaysWhatWasSaid) {
  const PortSelector all = options::parse_unpublish("127.0.0.1:8080:80/udp").at(0);
  EXPECT_EQ(all.host_ip, "127.0.0.1");
  EXPECT_EQ(all.host_port, 8080);
  EXPECT_EQ(all.container_port, 80);
  EXPECT_EQ(all.protocol, "udp");
  EXPECT_EQ(options::parse_unpublish("[::1]:8080:80").at(0).host_ip, "::1");
  EXPECT_EQ(options::parse_unpublish("[::1]:8080").at(0).host_port, 8080);
  EXPECT_EQ(options::parse_unpublish("10.0.0.1:8080").at(0).host_port, 8080);
  EXPECT_EQ(options::parse_unpublish("8080").at(0).container_port, 0);
  EXPECT_EQ(options::parse_unpublish(":80").at(0).host_port, 0);
  EXPECT_EQ(options::parse_unpublish("8000-8002:80-82").size(), 3U);
  EXPECT_EQ(options::parse_unpublish("8000-8002").back().host_port, 8002);
  EXPECT_EQ(options::parse_unpublish("8000-8002:80").size(), 1U);
}

TEST(PortSelector, MalformedOnesAreRefused) {
  EXPECT_THAT(parse_failure("eighty"), HasSubstr("Invalid hostPort: eighty"));
  EXPECT_THAT(parse_failure("0"), HasSubstr("Invalid hostPort: 0"));
  EXPECT_THAT(parse_failure("8080:eighty"), HasSubstr("Invalid containerPort: eighty"));
  EXPECT_THAT(parse_failure("8000-8002:80-81"), HasSubstr("Invalid ranges"));
  EXPECT_THAT(parse_failure("1:2:3:4"), HasSubstr("Invalid ip address"));
  EXPECT_THAT(parse_failure("[::1"), HasSubstr("Invalid ip address"));
  EXPECT_THAT(parse_failure(""), HasSubstr("No port specified"));
  EXPECT_THAT(parse_failure("80/icmp"), HasSubstr("Invalid proto: icmp"));
}

TEST(PortPlan, WhatIsPublishedGoesWithItsRequest) {
  const std::vector<PublishedPort> requested = {{"tcp", "", 0, 80}, {"tcp", "", 8080, 80}};
  const std::vector<PublishedPort> published = {{"tcp", "0.0.0.0", 32768, 80}, {"tcp", "0.0.0.0", 8080, 80}};
  const PortPlan fixed = plan_port_changes(removal("8080"), requested, published, "web");
  EXPECT_THAT(texts_of(fixed.requested), ElementsAre(":0:80/tcp"));
  EXPECT_THAT(texts_of(fixed.removed), ElementsAre("0.0.0.0:8080:80/tcp"));
  EXPECT_THAT(texts_of(fixed.kept), ElementsAre("0.0.0.0:32768:80/tcp"));
  const PortPlan ephemeral = plan_port_changes(removal("32768"), requested, published, "web");
  EXPECT_THAT(texts_of(ephemeral.requested), ElementsAre(":8080:80/tcp"));
  const PortPlan both = plan_port_changes(removal(":80"), requested, published, "web");
  EXPECT_THAT(both.requested, IsEmpty());
  EXPECT_THAT(both.kept, IsEmpty());
}

TEST(PortPlan, EphemeralOnesGoOneByOne) {
  const std::vector<PublishedPort> requested = {{"tcp", "", 0, 80}, {"tcp", "", 0, 80}};
  const std::vector<PublishedPort> published = {{"tcp", "0.0.0.0", 32768, 80}, {"tcp", "0.0.0.0", 32769, 80}};
  EXPECT_EQ(plan_port_changes(removal("32769"), requested, published, "web").requested.size(), 1U);
  EXPECT_EQ(plan_port_changes(removal("32768-32769"), requested, published, "web").requested.size(), 0U);
}

TEST(PortPlan, AChoiceIsOneRequest) {
  const std::vector<PublishedPort> requested = {{"tcp", "", 8000, 80, 8010}};
  const std::vector<PublishedPort> published = {{"tcp", "0.0.0.0", 8003, 80}};
  for (const char* text : {"8003", "8000-8010:80"}) {
    const PortPlan plan = plan_port_changes(removal(text), requested, published, "web");
    EXPECT_THAT(plan.requested, IsEmpty()) << text;
    EXPECT_EQ(plan.removed.size(), 1U) << text;
  }
  EXPECT_THAT(plan_port_changes(removal("8000-8010:80"), requested, {}, "web").requested, IsEmpty());
  EXPECT_THAT(refusal(removal("8003"), requested, {}), HasSubstr("No public port '8003/tcp'"));
}

TEST(PortPlan, OneRequestMayStandForTwoAddresses) {
  const std::vector<PublishedPort> requested = {{"tcp", "", 8080, 80}};
  const std::vector<PublishedPort> published = {{"tcp", "0.0.0.0", 8080, 80}, {"tcp", "::", 8080, 80}};
  const PortPlan plan = plan_port_changes(removal("8080"), requested, published, "web");
  EXPECT_THAT(plan.requested, IsEmpty());
  EXPECT_EQ(plan.removed.size(), 2U);
  EXPECT_EQ(plan_port_changes(removal("0.0.0.0:8080"), requested, published, "web").removed.size(), 2U);
  EXPECT_THAT(plan_port_changes(removal("[::]:8080"), requested, {}, "web").requested, IsEmpty());
}

TEST(PortPlan, EachNamedPortHasToBeThere) {
  const std::vector<PublishedPort> requested = {{"tcp", "", 8080, 80}};
  EXPECT_THAT(refusal(removal("8080-8081"), requested, requested), HasSubstr("No public port '8081/tcp'"));
  EXPECT_THAT(refusal(removal("10.0.0.1:8080"), requested, requested), HasSubstr("No public port '8080/tcp'"));
}

TEST(PortPlan, WhatAllPublishesIsNotTakenAway) {
  const std::vector<PublishedPort> published = {{"tcp", "0.0.0.0", 32768, 90}};
  EXPECT_THAT(refusal(removal("32768"), {}, published), HasSubstr("is published by --publish-all"));
}

TEST(PortPlan, APortOfTheHostIsAskedForOnce) {
  const std::vector<PublishedPort> requested = {{"tcp", "127.0.0.1", 8080, 80}};
  const auto adding = [](const PublishedPort& port) { return PortChanges{{port}, {}}; };
  EXPECT_THAT(refusal(adding({"tcp", "", 8080, 81}), requested, {}), HasSubstr("port is already allocated"));
  EXPECT_EQ(refusal(adding({"tcp", "10.0.0.1", 8080, 81}), requested, {}), "");
  EXPECT_EQ(refusal(adding({"udp", "", 8080, 81}), requested, {}), "");
  EXPECT_EQ(refusal(adding({"tcp", "", 0, 80}), requested, {}), "");
  EXPECT_EQ(refusal(adding({"tcp", "::", 8080, 80}), requested, {}), "");
}

}  // namespace
}  // namespace minidock

#include "engine/port_options.h"

#include <gmock/gmock.h>

#include "base/error.h"

namespace minidock {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Each as "ip:host[-last]:container/protocol".
std::vector<std::string> published(const std::string& text) {
  std::vector<std::string> result;
  for (const network::PublishedPort& port : options::parse_publish(text)) {
    const std::string last = port.host_port_last == 0 ? "" : "-" + std::to_string(port.host_port_last);
    result.push_back(port.host_ip + ":" + std::to_string(port.host_port) + last + ":" +
                     std::to_string(port.container_port) + "/" + port.protocol);
  }
  return result;
}

std::string refusal(const std::string& text) {
  try {
    options::parse_publish(text);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::invalid_argument);
    return error.message();
  }
  return "";
}

TEST(PortOptions, PublishAsDockerReadsIt) {
  EXPECT_THAT(published("80"), ElementsAre(":0:80/tcp"));
  EXPECT_THAT(published("8080:80/UDP"), ElementsAre(":8080:80/udp"));
  EXPECT_THAT(published("127.0.0.1::80"), ElementsAre("127.0.0.1:0:80/tcp"));
  EXPECT_THAT(published("[::1]:8080:80"), ElementsAre("::1:8080:80/tcp"));
  EXPECT_THAT(published("[FD00:0::1]::80/udp"), ElementsAre("fd00::1:0:80/udp"));
  EXPECT_THAT(published("8000-8001:80-81"), ElementsAre(":8000:80/tcp", ":8001:81/tcp"));
  EXPECT_THAT(published("80-81"), ElementsAre(":0:80/tcp", ":0:81/tcp"));
  EXPECT_THAT(published("published=8080,target=80,protocol=udp"), ElementsAre(":8080:80/udp"));
}

TEST(PortOptions, ManyPortsOfTheHostForOneOfTheContainerAreAChoice) {
  EXPECT_THAT(published("8000-8010:80"), ElementsAre(":8000-8010:80/tcp"));
  EXPECT_THAT(published("127.0.0.1:8000-8001:80/udp"), ElementsAre("127.0.0.1:8000-8001:80/udp"));
}

TEST(PortOptions, WhatIsWrongIsToldInDockersWords) {
  EXPECT_EQ(refusal("abc"), "Invalid containerPort: abc");
  EXPECT_EQ(refusal("80:x"), "Invalid containerPort: x");
  EXPECT_EQ(refusal("0"), "Invalid containerPort: 0");
  EXPECT_EQ(refusal("99999:80"), "Invalid hostPort: 99999");
  EXPECT_EQ(refusal("8000-8002:80-81"), "Invalid ranges specified for container and host Ports: 80-81 and 8000-8002");
  EXPECT_EQ(refusal("80/icmp"), "Invalid proto: icmp");
  EXPECT_EQ(refusal("1.2.3:80:80"), "Invalid ip address: 1.2.3");
  EXPECT_EQ(refusal("[::1:8080:80"), "Invalid ip address: [::1:8080:80");
  EXPECT_EQ(refusal("[127.0.0.1]:8080:80"), "Invalid ip address: 127.0.0.1");
  EXPECT_EQ(refusal("::1:8080:80"), "Invalid ip address: ::1");
  EXPECT_EQ(refusal("8080:"), "No port specified: 8080:<empty>");
  EXPECT_EQ(refusal(""), "No port specified: <empty>");
}

TEST(PortOptions, WhatIsExposedOnlyIsWhatNothingPublishes) {
  const std::vector<network::PublishedPort> rest =
      unpublished_ports({"80/tcp", "80/udp", "443/tcp"}, options::parse_publish("8080:80"));
  ASSERT_EQ(rest.size(), 2U);
  EXPECT_EQ(rest[0].protocol, "udp");
  EXPECT_EQ(rest[0].host_port, 0);
  EXPECT_THAT(rest[0].host_ip, IsEmpty());
  EXPECT_EQ(rest[1].container_port, 443);
}

TEST(PortOptions, ExposeRangesAreSinglePorts) {
  EXPECT_THAT(options::parse_expose("8000-8001/udp"), ElementsAre("8000/udp", "8001/udp"));
  EXPECT_THROW(options::parse_expose("80:81"), Error);
  EXPECT_THROW(options::parse_expose("90-80"), Error);
}

}  // namespace
}  // namespace minidock

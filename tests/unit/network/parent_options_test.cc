#include "network/parent_options.h"

#include <gmock/gmock.h>
#include <linux/if_link.h>

#include "base/error.h"
#include "network/parent_link.h"

namespace minidock::network {
namespace {

using testing::HasSubstr;

using Options = std::map<std::string, std::string>;

std::string refusal(const std::string& driver, const Options& options) {
  try {
    parse_parent_options(driver, options);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::invalid_argument);
    return error.message();
  }
  return "";
}

TEST(ParentOptions, HaveDockersDefaults) {
  const ParentOptions macvlan = parse_parent_options("macvlan", {});
  EXPECT_EQ(macvlan.interface, "");
  EXPECT_EQ(macvlan.mtu, 0u);
  EXPECT_EQ(macvlan.mode, "bridge");
  EXPECT_EQ(macvlan.mode_number, static_cast<std::uint32_t>(MACVLAN_MODE_BRIDGE));
  const ParentOptions ipvlan = parse_parent_options("ipvlan", {});
  EXPECT_EQ(ipvlan.mode, "l2");
  EXPECT_EQ(ipvlan.mode_number, static_cast<std::uint32_t>(IPVLAN_MODE_L2));
  EXPECT_EQ(ipvlan.ipvlan_flags, 0u);
}

TEST(ParentOptions, AreWhatTheKernelCallsThem) {
  const auto macvlan_mode = [](const char* mode) {
    return parse_parent_options("macvlan", {{"macvlan_mode", mode}}).mode_number;
  };
  EXPECT_EQ(macvlan_mode("private"), static_cast<std::uint32_t>(MACVLAN_MODE_PRIVATE));
  EXPECT_EQ(macvlan_mode("vepa"), static_cast<std::uint32_t>(MACVLAN_MODE_VEPA));
  EXPECT_EQ(macvlan_mode("passthru"), static_cast<std::uint32_t>(MACVLAN_MODE_PASSTHRU));
  const ParentOptions ipvlan = parse_parent_options("ipvlan", {{"parent", "eth0.50"},
                                                               {"ipvlan_mode", "l3s"},
                                                               {"ipvlan_flag", "private"},
                                                               {"com.docker.network.driver.mtu", "1400"},
                                                               {"com.docker.network.bridge.name", "nobody's here"}});
  EXPECT_EQ(ipvlan.interface, "eth0.50");
  EXPECT_EQ(ipvlan.mode, "l3s");
  EXPECT_EQ(ipvlan.mode_number, static_cast<std::uint32_t>(IPVLAN_MODE_L3S));
  EXPECT_EQ(ipvlan.ipvlan_flags, IPVLAN_F_PRIVATE);
  EXPECT_EQ(ipvlan.mtu, 1400u);
}

TEST(ParentOptions, WhatCannotBeIsRefused) {
  EXPECT_EQ(refusal("macvlan", {{"macvlan_mode", "Bridge"}}),
            "requested macvlan mode 'Bridge' is not valid: it is one of bridge, private, vepa, passthru");
  EXPECT_EQ(refusal("ipvlan", {{"ipvlan_mode", ""}}),
            "requested ipvlan mode '' is not valid: it is one of l2, l3, l3s");
  EXPECT_THAT(refusal("ipvlan", {{"ipvlan_flag", "passthru"}}), HasSubstr("ipvlan flag 'passthru' is not valid"));
  EXPECT_EQ(refusal("macvlan", {{"parent", "lo"}}), "loopback interface is not a valid macvlan parent link");
  EXPECT_THAT(refusal("macvlan", {{"parent", ""}}), HasSubstr("invalid value for parent"));
  EXPECT_THAT(refusal("macvlan", {{"parent", "../eth0"}}), HasSubstr("invalid value for parent"));
  EXPECT_THAT(refusal("macvlan", {{"parent", "an-interface-of-16"}}), HasSubstr("invalid value for parent"));
  EXPECT_THAT(refusal("macvlan", {{"com.docker.network.driver.mtu", "67"}}), HasSubstr("invalid value"));
  // Of the other driver, or nobody's: not to be passed over in silence.
  EXPECT_EQ(refusal("macvlan", {{"ipvlan_mode", "l2"}}),
            "network driver macvlan has no option ipvlan_mode: it has parent, macvlan_mode");
  EXPECT_THAT(refusal("ipvlan", {{"parnet", "eth0"}}), HasSubstr("network driver ipvlan has no option parnet"));
}

TEST(Vlans, AreNamedAfterTheirInterface) {
  const auto text = [](const std::string& name) -> std::string {
    const std::optional<Vlan> vlan = vlan_of(name);
    return vlan ? vlan->interface + " " + std::to_string(vlan->number) : "none";
  };
  EXPECT_EQ(text("eth0.50"), "eth0 50");
  EXPECT_EQ(text("en.p1.4094"), "en.p1 4094");
  for (const char* name : {"eth0", "eth0.", ".50", "eth0.5x", "eth0.-5", "eth0.x"})
    EXPECT_EQ(text(name), "none") << name;
  for (const char* name : {"eth0.0", "eth0.4095", "eth0.99999999999"}) EXPECT_THROW(vlan_of(name), Error) << name;
}

}  // namespace
}  // namespace minidock::network

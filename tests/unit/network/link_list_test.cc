#include <gmock/gmock.h>

#include "network/host_check.h"
#include "network/link_group.h"
#include "network/link_list.h"
#include "tests/unit/network/test_host.h"

namespace minidock::network {
namespace {

using testing::Contains;
using testing::IsEmpty;

MATCHER_P4(IsLink, name, kind, master, group, "") {
  return arg.name == name && arg.kind == kind && arg.master == master && arg.group == group;
}

using LinkList = HostTest;

TEST_F(LinkList, TellsWhoseInterfacesAre) {
  start_network();
  const Container web = start_container("web");
  output_of("ip link add foreign type bridge");
  const std::uint32_t group = link_group(instance_);
  EXPECT_THAT(list_links(),
              testing::AllOf(Contains(IsLink(network_.interface, "bridge", "", group)),
                             Contains(IsLink(web.endpoint.host_interface, "veth", network_.interface, group)),
                             Contains(IsLink("foreign", "bridge", "", 0U))));
  EXPECT_NE(link_group(storage::make_instance("/a", "/b")), link_group(storage::make_instance("/a", "/c")));
}

// A bridge that an earlier minidock has made gets its group when it is mended.
TEST_F(LinkList, KnowsABridgeAgainThatIsMadeReady) {
  start_network();
  output_of("ip link set " + network_.interface + " down group 0");
  ensure_host_state(*database_, instance_, {network_});
  EXPECT_THAT(list_links(), Contains(IsLink(network_.interface, "bridge", "", link_group(instance_))));
}

TEST_F(LinkList, ABridgeInUseIsNotRemoved) {
  start_network();
  output_of("ip link add left type bridge");
  EXPECT_FALSE(remove_unused_bridge(*database_, instance_, network_.interface, true));
  EXPECT_TRUE(remove_unused_bridge(*database_, instance_, "left", false));
  EXPECT_THAT(output_of("ip -o link show left"), testing::HasSubstr("left"));
  EXPECT_TRUE(remove_unused_bridge(*database_, instance_, "left", true));
  EXPECT_THAT(output_of("ip -o link | grep left || true"), IsEmpty());
  EXPECT_THAT(output_of("ip -o link show " + network_.interface), testing::HasSubstr(network_.interface));
}

}  // namespace
}  // namespace minidock::network

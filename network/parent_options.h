// docker's options of the drivers whose containers stand on an interface of the host, their parent (-o parent=eth0 …).
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace minidock::network {

struct ParentOptions {
  std::string interface;  // parent: "eth0", or "eth0.50" for a VLAN; "": one of the network's own, which leads nowhere
  std::uint32_t mtu = 0;  // com.docker.network.driver.mtu; 0: the parent's
  std::string mode;       // macvlan_mode ("bridge", "private", "vepa", "passthru"), ipvlan_mode ("l2", "l3", "l3s")
  std::uint32_t mode_number = 0;   // as the kernel has it
  std::uint16_t ipvlan_flags = 0;  // ipvlan_flag ("bridge", "private", "vepa"), as the kernel has it
};

// The one mode in which a parent carries one container alone.
inline constexpr char kPassthru[] = "passthru";

// driver: "macvlan" or "ipvlan". ErrorKind::invalid_argument for a value that cannot be, with docker's words where it
// has some, and for an option of one word that is not the driver's (a typing error in "parent" would make a network
// that leads nowhere). Longer names are nobody's here, as with bridges.
ParentOptions parse_parent_options(const std::string& driver, const std::map<std::string, std::string>& options);

}  // namespace minidock::network

#include "network/parent_options.h"

#include <fmt/format.h>
#include <linux/if_link.h>

#include <array>
#include <span>

#include "base/error.h"
#include "network/option_values.h"

namespace minidock::network {
namespace {

struct Word {
  const char* text;
  std::uint32_t number;
};

// The first of each is docker's default.
constexpr std::array kMacvlanModes{Word{"bridge", MACVLAN_MODE_BRIDGE}, Word{"private", MACVLAN_MODE_PRIVATE},
                                   Word{"vepa", MACVLAN_MODE_VEPA}, Word{kPassthru, MACVLAN_MODE_PASSTHRU}};
constexpr std::array kIpvlanModes{Word{"l2", IPVLAN_MODE_L2}, Word{"l3", IPVLAN_MODE_L3}, Word{"l3s", IPVLAN_MODE_L3S}};
constexpr std::array kIpvlanFlags{Word{"bridge", 0}, Word{"private", IPVLAN_F_PRIVATE}, Word{"vepa", IPVLAN_F_VEPA}};

[[noreturn]] void invalid(const std::string& message) { throw Error(ErrorKind::invalid_argument, message); }

const Word& find_word(std::span<const Word> words, const std::string& driver, const char* what,
                      const std::string& text) {
  for (const Word& word : words) {
    if (text == word.text) return word;
  }
  std::string known;
  for (const Word& word : words) known += fmt::format("{}{}", known.empty() ? "" : ", ", word.text);
  invalid(fmt::format("requested {} {} '{}' is not valid: it is one of {}", driver, what, text, known));
}

void set_mode(ParentOptions& options, const Word& mode) {
  options.mode = mode.text;
  options.mode_number = mode.number;
}

// Of the options that a driver of this name has; false for another one.
bool take_option(ParentOptions& result, const std::string& driver, const std::string& key, const std::string& value) {
  const bool is_macvlan = driver == "macvlan";
  if (key == "parent") {
    if (value == "lo") invalid(fmt::format("loopback interface is not a valid {} parent link", driver));
    result.interface = parse_interface(key, value);
  } else if (key == "com.docker.network.driver.mtu") {
    result.mtu = parse_mtu(key, value);
  } else if (is_macvlan && key == "macvlan_mode") {
    set_mode(result, find_word(kMacvlanModes, driver, "mode", value));
  } else if (!is_macvlan && key == "ipvlan_mode") {
    set_mode(result, find_word(kIpvlanModes, driver, "mode", value));
  } else if (!is_macvlan && key == "ipvlan_flag") {
    result.ipvlan_flags = static_cast<std::uint16_t>(find_word(kIpvlanFlags, driver, "flag", value).number);
  } else {
    return false;
  }
  return true;
}

}  // namespace

ParentOptions parse_parent_options(const std::string& driver, const std::map<std::string, std::string>& options) {
  ParentOptions result;
  set_mode(result, driver == "macvlan" ? kMacvlanModes.front() : kIpvlanModes.front());
  for (const auto& [key, value] : options) {
    if (take_option(result, driver, key, value) || key.find('.') != std::string::npos) continue;
    invalid(fmt::format("network driver {} has no option {}: it has parent, {}", driver, key,
                        driver == "macvlan" ? "macvlan_mode" : "ipvlan_mode and ipvlan_flag"));
  }
  return result;
}

}  // namespace minidock::network

// Where a container finds its name server.
#pragma once

#include <cstdint>

namespace minidock::names {

// docker's: what resolv.conf names. Queries there are redirected to the port below, so that a program of the container
// may itself bind port 53 of all addresses.
inline constexpr char kServerAddress[] = "127.0.0.11";
inline constexpr std::uint16_t kQueryPort = 53;
// Beyond the kernel's usual range of ephemeral ports, and nobody's.
inline constexpr std::uint16_t kServerPort = 61053;

}  // namespace minidock::names

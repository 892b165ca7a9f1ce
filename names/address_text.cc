#include "names/address_text.h"

#include <arpa/inet.h>

#include <array>

namespace minidock::names {

Bytes address_bytes(const std::string& text) {
  Bytes bytes(text.find(':') == std::string::npos ? 4 : 16);
  if (inet_pton(bytes.size() == 4 ? AF_INET : AF_INET6, text.c_str(), bytes.data()) != 1) bytes.clear();
  return bytes;
}

std::string address_text(const Bytes& bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(bytes.size() == 4 ? AF_INET : AF_INET6, bytes.data(), text.data(), text.size());
  return text.data();
}

}  // namespace minidock::names

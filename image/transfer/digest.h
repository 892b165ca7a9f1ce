// SHA-256 over what passes by.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>
#include <string_view>

namespace minidock::image {

class Sha256 {
 public:
  Sha256();
  void update(std::string_view data);
  // "sha256:<hex>" of all that was given; the object starts anew.
  std::string finish();

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const noexcept;
  };
  std::unique_ptr<EVP_MD_CTX, Free> context_;
};

std::string sha256_of(std::string_view data);

// First twelve hex digits, as docker shows layers.
std::string short_digest(std::string_view digest);

}  // namespace minidock::image

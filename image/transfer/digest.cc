#include "image/transfer/digest.h"

#include <openssl/evp.h>

#include <array>

#include "base/error.h"

namespace minidock::image {
namespace {

void require(int result) {
  if (result != 1) throw Error(ErrorKind::internal, "OpenSSL cannot compute SHA-256");
}

}  // namespace

void Sha256::Free::operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  if (!context_) throw std::bad_alloc();
  require(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr));
}

void Sha256::update(std::string_view data) { require(EVP_DigestUpdate(context_.get(), data.data(), data.size())); }

std::string Sha256::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> raw{};
  unsigned size = 0;
  require(EVP_DigestFinal_ex(context_.get(), raw.data(), &size));
  require(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr));
  constexpr char digits[] = "0123456789abcdef";
  std::string text = "sha256:";
  for (unsigned at = 0; at < size; ++at) {
    text += digits[raw[at] >> 4U];
    text += digits[raw[at] & 0xfU];
  }
  return text;
}

std::string sha256_of(std::string_view data) {
  Sha256 hash;
  hash.update(data);
  return hash.finish();
}

std::string short_digest(std::string_view digest) {
  const std::size_t colon = digest.find(':');
  return std::string(digest.substr(colon == std::string_view::npos ? 0 : colon + 1, 12));
}

}  // namespace minidock::image

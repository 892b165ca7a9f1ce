// Tar archives byte by byte, so that a test can say what no well-behaved program would write.
#pragma once

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace minidock::storage {

struct TarAttributes {
  unsigned mode = 0644;
  std::uint64_t uid = 0;
  std::uint64_t gid = 0;
  std::int64_t mtime = 1'700'000'000;
};

class TarBuilder {
 public:
  TarBuilder& file(std::string_view name, std::string_view content = "", const TarAttributes& attributes = {}) {
    header(name, '0', "", content.size(), attributes);
    return body(content);
  }
  TarBuilder& directory(std::string_view name, const TarAttributes& attributes = {0755}) {
    return header(name, '5', "", 0, attributes);
  }
  TarBuilder& symlink(std::string_view name, std::string_view target) { return header(name, '2', target, 0, {0777}); }
  TarBuilder& hardlink(std::string_view name, std::string_view target) { return header(name, '1', target, 0, {}); }
  TarBuilder& node(std::string_view name, char type, unsigned major, unsigned minor, unsigned mode = 0600) {
    return header(name, type, "", 0, {mode}, major, minor);
  }
  // A pax record for the next entry.
  TarBuilder& pax(std::string_view key, std::string_view value) {
    // The length counts itself.
    const std::size_t rest = key.size() + value.size() + 3;
    std::size_t length = rest + 1;
    while (std::to_string(length).size() + rest != length) ++length;
    records_ += fmt::format("{} {}=", length, key);
    records_ += value;
    records_ += '\n';
    return *this;
  }
  TarBuilder& raw(std::string_view bytes) {
    bytes_ += bytes;
    return *this;
  }
  // The archive with its end mark.
  std::string finish() const { return bytes_ + std::string(1024, '\0'); }
  // Without.
  const std::string& bytes() const { return bytes_; }

 private:
  TarBuilder& header(std::string_view name, char type, std::string_view target, std::size_t size,
                     const TarAttributes& attributes, unsigned major = 0, unsigned minor = 0) {
    if (name.size() > 100) long_field('L', name);
    if (target.size() > 100) long_field('K', target);
    if (!records_.empty()) {
      const std::string records = std::exchange(records_, {});
      write_header("PaxHeader", 'x', "", records.size(), {}, 0, 0);
      body(records);
    }
    write_header(name, type, target, size, attributes, major, minor);
    return *this;
  }

  void long_field(char type, std::string_view value) {
    write_header("././@LongLink", type, "", value.size() + 1, {}, 0, 0);
    body(std::string(value) + '\0');
  }

  void write_header(std::string_view name, char type, std::string_view target, std::size_t size,
                    const TarAttributes& attributes, unsigned major, unsigned minor) {
    std::array<char, 512> block{};
    name.substr(0, 100).copy(block.data(), 100);
    number(&block[100], 8, attributes.mode);
    number(&block[108], 8, attributes.uid);
    number(&block[116], 8, attributes.gid);
    number(&block[124], 12, size);
    number(&block[136], 12, static_cast<std::uint64_t>(attributes.mtime));
    std::memset(&block[148], ' ', 8);
    block[156] = type;
    target.substr(0, 100).copy(&block[157], 100);
    std::memcpy(&block[257], "ustar  ", 8);
    number(&block[329], 8, major);
    number(&block[337], 8, minor);
    unsigned sum = 0;
    for (const char c : block) sum += static_cast<unsigned char>(c);
    fmt::format("{:06o}", sum).copy(&block[148], 6);
    block[154] = '\0';
    bytes_.append(block.data(), block.size());
  }

  // Octal where it fits, else GNU's base-256.
  static void number(char* field, std::size_t width, std::uint64_t value) {
    const std::string octal = fmt::format("{:0{}o}", value, width - 1);
    if (octal.size() < width) {
      octal.copy(field, width);
      return;
    }
    for (std::size_t i = width; i-- > 0; value >>= 8U) field[i] = static_cast<char>(value & 0xffU);
    field[0] = static_cast<char>(0x80);
  }

  TarBuilder& body(std::string_view content) {
    bytes_ += content;
    bytes_.append((512 - content.size() % 512) % 512, '\0');
    return *this;
  }

  std::string bytes_;
  std::string records_;
};

}  // namespace minidock::storage

#pragma once

#include <locale.h>

namespace minidock::storage {

// Names in pax headers are UTF-8: keeps the thread in such a locale while it lives. Opens files, so it is made before a
// jail is entered.
class Utf8Locale {
 public:
  Utf8Locale();
  ~Utf8Locale();
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;

 private:
  locale_t utf8_;
  locale_t before_ = nullptr;
};

}  // namespace minidock::storage

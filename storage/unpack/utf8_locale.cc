#include "storage/unpack/utf8_locale.h"

#include "base/error.h"

namespace minidock::storage {

Utf8Locale::Utf8Locale() : utf8_(newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
  if (utf8_ == nullptr) throw SysError("newlocale(\"C.UTF-8\")");
  before_ = uselocale(utf8_);
}

Utf8Locale::~Utf8Locale() {
  uselocale(before_);
  freelocale(utf8_);
}

}  // namespace minidock::storage

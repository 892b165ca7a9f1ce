#include "base/error_report.h"

#include "base/json.h"

namespace minidock {

std::string error_report(const Error& error) {
  return json::dump(
      Json{{"kind", to_string(error.kind())}, {"errno", error.error_number()}, {"message", error.message()}});
}

Error error_from_report(std::string_view report, std::string_view what) {
  const Json document = json::parse(report, what);
  return Error(error_kind_from_string(json::get_string(document, "kind")), json::get_string(document, "message"),
               static_cast<int>(json::get_int(document, "errno")));
}

}  // namespace minidock

// An error on its way from one process to another: {"kind", "errno", "message"}.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace minidock {

std::string error_report(const Error& error);

// The error of a report; `what` names the report should it be damaged.
Error error_from_report(std::string_view report, std::string_view what);

}  // namespace minidock

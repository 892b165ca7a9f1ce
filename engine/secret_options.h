#pragma once

#include <string>

#include "engine/definition.h"

namespace minidock::options {

// --secret: "name[,type=mount|env][,target=…][,uid=…][,gid=…][,mode=…]". A target is a file's name below /run/secrets,
// an absolute path, or the variable's name. ErrorKind::invalid_argument.
SecretRequest parse_secret(const std::string& text);

}  // namespace minidock::options

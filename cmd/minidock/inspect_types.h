// What templates know of docker's types behind the documents of `inspect`.
#pragma once

#include "base/gotemplate.h"

namespace minidock::cmd {

// By the kind of document: a container's, an image's or a volume's.
gotemplate::Options inspect_options(const OrderedJson& document);

}  // namespace minidock::cmd

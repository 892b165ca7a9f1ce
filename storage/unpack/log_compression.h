// Rotated log files (base/rotated_files.h) as gzip, which docker and zcat(1) read.
#pragma once

#include <string>

namespace minidock::storage {

// Compresses each predecessor of the log `path` that is not compressed yet, the oldest first. The log's writer goes on
// meanwhile: it rotates and drops files, and what is dropped while it is compressed is not kept.
void compress_predecessors(const std::string& path);

// Writes the text of the compressed log `in` to `out`. ErrorKind::corrupt_data for a damaged one.
void read_compressed_log(int in, int out);

}  // namespace minidock::storage

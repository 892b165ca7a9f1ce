// Owner, mode, extended attributes and times of an entry that was created.
#pragma once

#include <string>

#include "storage/unpack/tar_reader.h"

namespace minidock::storage {

// For a regular file or a directory, by its descriptor: everything but the times. What only the engine may say
// (trusted.*, overlayfs' own attributes) and what belongs to the host's policy (other security.*) is dropped.
void set_metadata(int fd, const Entry& entry);

// For what cannot be opened (links, devices, FIFOs): owner and time.
void set_metadata_at(int parent, const std::string& name, const Entry& entry);

void set_time(int fd, const timespec& mtime);

}  // namespace minidock::storage

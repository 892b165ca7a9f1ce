// What a volume's options mount at its _data: there while a container runs with it. It belongs to the mount namespace
// of the commands (as everything below --root does), and nobody counts its users: the rows of the containers that run
// tell. So a shim that is killed leaves no count behind; the command that finds out ends the mount.
#pragma once

#include <string>

#include "engine/context.h"
#include "engine/volume_store.h"

namespace minidock {

// Makes the directory of a volume (owned by the root of its owner's maps, with its quota) when it is missing.
// ErrorKind::unsupported for a quota that the file system cannot keep.
void make_volume_directory(const storage::Instance& instance, const Volume& volume);

// Mounts what the options name unless that is done. The caller's container has its row (starting) already, so that
// nobody unmounts it again. docker's words when mount(2) fails.
void mount_volume(const EngineContext& context, const Volume& volume);

// Unmounts what its options have mounted, unless a container other than `except` runs with the volume.
void unmount_unused_volume(EngineContext& context, const std::string& name, const std::string& except);
// After the end of a container: unmounts its volumes that no other container runs with.
void unmount_unused_volumes(EngineContext& context, const std::string& container_id);

// Removes directories of volumes whose rows are gone. A volume is renamed out of its name's way in the transaction that
// deletes its row (discard_volume), and removed when nobody waits for the database.
void discard_volume(const storage::Instance& instance, const std::string& name);
void remove_discarded_volumes(const storage::Instance& instance);

}  // namespace minidock

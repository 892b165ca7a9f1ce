// Processes that a command leaves behind.
#pragma once

#include <span>

namespace minidock {

// To be called by a process that was just forked: it leaves the terminal and its signals, and keeps no descriptor of
// the command's open but `kept`, which get new numbers. Standard streams lead to /dev/null.
void become_background(std::span<int> kept);

}  // namespace minidock

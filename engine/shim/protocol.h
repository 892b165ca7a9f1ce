// What the shim and the commands say to each other. Two channels:
//
// 1. The start channel (SOCK_SEQPACKET, descriptor 3 of a new shim): JSON messages.
//
//      command                          shim
//      (spawns it) ───────────────────► starts up, while the command decides what the container is
//      (explain [log] when the steps are to be told)
//      assignment{container dir} [attach channel, kept descriptors]
//                  ───────────────────► reads <container dir>/shim.json
//                      ◄─ created{pid}  the child exists in its namespaces, cgroup joined
//      attaches network, publishes
//      network_ready ─────────────────► lets the child go
//                      ◄─ started       exec succeeded; state file written
//                       or failed{kind, errno, message}: the shim has undone everything and exits
//                      ◄─ exited{code}  (only while the command still holds the channel) exit record written, output
//                                       delivered; the command answers `removing` when it cleans up itself. When the
//                                       container is restarted it says so, and the command goes.
//      End of file from the command before the assignment: nothing was begun. Before network_ready: the shim kills the
//      child, undoes everything and exits.
//
// 2. The attach channel (SOCK_STREAM): frames of a 5 byte header — type, payload length (32 bit, big endian) — and
//    payload. One comes with the assignment when the starting command is attached; later ones through the socket
//    <container state dir>/attach.sock.
//      to the shim: stdin_data, stdin_end, resize{u16 rows, u16 columns}
//      from the shim: stdout_data, stderr_data, then exit_code{u32} after all output; the shim closes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/process.h"
#include "engine/runtime/spec.h"
#include "engine/shim/health_settings.h"
#include "engine/shim/restart_policy.h"

namespace minidock::shim {

inline constexpr int kStartChannelFd = 3;
// --preserve-fds: what the program is to get from descriptor 3 on, a new shim has from here on.
inline constexpr int kFirstPreservedFd = 4;
// argv[1] of a shim has so many characters, over which it writes its container's id: what ps(1) shows.
inline constexpr std::size_t kIdSize = 64;

enum class FrameType : std::uint8_t {
  stdin_data = 0,
  stdout_data = 1,
  stderr_data = 2,
  stdin_end = 3,
  resize = 4,
  exit_code = 5
};

inline constexpr std::size_t kFrameHeaderSize = 5;
// A frame that is moved from pipe to pipe may be long; whoever has to copy has buffers of kFrameBuffer.
inline constexpr std::size_t kMaxFramePayload = 1024 * 1024;
inline constexpr std::size_t kFrameBuffer = 64 * 1024;
// Less than this is copied: moved, each piece would take a page's place in the pipe, however small it is.
inline constexpr std::size_t kLeastMoved = 16 * 1024;

std::array<char, kFrameHeaderSize> frame_header(FrameType type, std::size_t payload_size);

// Takes the frames off a channel without ever holding stream data of its own: a long payload comes in pieces, straight
// into the caller's space, so that either side can stop reading in the middle of a frame.
class FrameReader {
 public:
  enum class What { data, nothing_yet, end_of_file };
  struct Piece {
    What what = What::nothing_yet;
    FrameType type = FrameType::stdin_data;
    // stdin_data, stdout_data, stderr_data: (a part of) the payload in the caller's space. resize, exit_code: the whole
    // payload, in the reader. Valid until the next call.
    std::string_view data;
  };
  // Never blocks. A reset connection is its end. ErrorKind::corrupt_data for an unknown type or a wrong length. Without
  // any space it stops before stream data, with an empty piece of that type: payload_left() bytes are next on the
  // channel, and the caller takes them off itself.
  Piece receive(int channel, std::span<char> space);
  std::size_t payload_left() const { return header_size_ < header_.size() ? 0 : remaining_; }
  void payload_taken(std::size_t size);

 private:
  bool receive_header(int channel, Piece& piece);
  Piece receive_control(int channel);

  std::array<char, kFrameHeaderSize> header_{};
  std::size_t header_size_ = 0;
  std::size_t remaining_ = 0;  // of the payload
  FrameType type_ = FrameType::stdin_data;
  std::array<char, 4> control_{};
};

// Payloads of the control frames. The decoders expect the four bytes that FrameReader has checked.
std::string encode_window_size(std::uint16_t rows, std::uint16_t columns);
std::pair<std::uint16_t, std::uint16_t> decode_window_size(std::string_view payload);
std::string encode_exit_code(int code);
int decode_exit_code(std::string_view payload);

// How a container's output is kept; the engine has understood docker's options.
struct LogConfig {
  std::string driver = "none";  // "json-file", "local", "journald", "none"
  std::string file;             // json-file, local: the current file; its directory exists
  std::int64_t max_size = 0;    // bytes of a file that is to be rotated; 0: never
  unsigned max_files = 1;       // the current one included
  // json-file: "attrs" of each entry; journald: fields of each entry.
  std::map<std::string, std::string> attributes;
  // argv of the helper that compresses rotated files; empty: they stay as they are.
  std::vector<std::string> compress_command;
};

// Of a container that may begin connections to certain destinations alone: the names among these, and the sets of the
// nft table `inet <table>` where the addresses go that a name leads to; those of pattern n are the nth. All are empty
// where there are only addresses.
struct LearntNames {
  bool restricted = false;
  std::string table;
  std::vector<std::string> patterns;  // names/learnt_addresses.h
  std::vector<std::string> ipv4_sets;
  std::vector<std::string> ipv6_sets;
};

// What the container's name server reads (names/directory.h); both "": there is none.
struct NameServiceConfig {
  std::string view;
  std::string networks;
  LearntNames learnt;
};

// <container dir>/shim.json, written by the engine before it spawns the shim.
struct ShimConfig {
  std::string id;
  std::string container_dir;  // exit.json is written here
  std::string state_dir;      // state.json and attach.sock
  std::string name_link;      // <state>/names/<name>, a link to the id while the container runs
  std::string netns_link;     // /run/netns/<name>, a link to /proc/PID/ns/net while the container runs; "" for none
  runtime::Spec spec;
  bool open_stdin = false;  // -i: keep standard input; else /dev/null
  bool stdin_once = false;  // end of the first attached client's input ends the container's
  LogConfig log;
  RestartSettings restart;
  HealthSettings health;
  int stop_signal = 15;   // how the shim itself asks the main process to end
  int stop_timeout = 10;  // seconds until it is killed; negative: for ever
  int timeout = 0;        // seconds that the container may run; 0: no limit
  std::string pid_file;   // "" for none
  NameServiceConfig name_service;
  // argv that attaches the network of a child, whose pid comes behind it, when the shim starts the container again;
  // empty when there is none to attach.
  std::vector<std::string> network_command;
  // The nft tables whose loss the shim notices, and argv of what restores them (engine/shim/firewall_watch.h). Empty
  // for a container without an address of a network.
  std::string firewall_table;
  std::vector<std::string> firewall_command;
  // argv that has systemd make the container's cgroup, a scope, and keeps it until its standard input ends
  // (engine/shim/scope_keeper.h); empty where the shim makes the cgroup itself.
  std::vector<std::string> scope_command;
  // argv of the clean-up command that the shim starts after the exit, unless the starting command said `removing`.
  std::vector<std::string> cleanup_command;
  bool debug = false;      // trace to the starting command's standard error until started
  std::string state_root;  // where its events go (event_log.h); "" for none
  std::map<std::string, std::string> event_attributes;
};
Json to_json(const ShimConfig& config);
ShimConfig shim_config_from_json(const Json& document);
bool has_config(const std::string& container_dir);
ShimConfig read_config(const std::string& container_dir);
// Replaces the file: who reads it finds the old one or the new one.
void write_config(const ShimConfig& config);

// <state dir>/state.json: there while the container runs.
struct RunningState {
  ProcessId shim;
  ProcessId init;
  std::int64_t started_at = 0;  // ns since the epoch
  int restart_count = 0;
  // Between two runs: the shim waits to start the container again. `init` is nobody, and the last run's end is:
  bool restarting = false;
  int exit_code = 0;
  bool oom_killed = false;
  std::int64_t finished_at = 0;
};
Json to_json(const RunningState& state);
RunningState running_state_from_json(const Json& document);

// <container dir>/exit.json: written (atomically) when the main process has ended.
struct ExitRecord {
  int exit_code = 0;
  bool oom_killed = false;
  std::int64_t started_at = 0;
  std::int64_t finished_at = 0;
  int restart_count = 0;
  bool stopped_by_user = false;
  std::string error;  // why a restart failed
};
// docker's exit code of a container whose program could not be started.
int exit_code_of_failed_start(const Error& error);
Json to_json(const ExitRecord& record);
ExitRecord exit_record_from_json(const Json& document);

// The first thing on the start channel.
struct Assignment {
  std::string container_dir;
  Fd attach;             // invalid: nobody is attached
  std::vector<Fd> kept;  // reserved ports and the container's lock: only kept open
  Fd explain;            // where the steps are told (base/explain.h); invalid: nowhere
  int preserved = 0;     // number of descriptors that the shim has for the program from kFirstPreservedFd on
};
// Descriptors are borrowed.
struct AssignmentToSend {
  const std::string& container_dir;
  int attach = -1;  // -1: nobody is attached
  const std::vector<Fd>& kept;
  int explain = -1;  // -1: nowhere
  int preserved = 0;
};
void send_assignment(int channel, const AssignmentToSend& assignment);
// Nothing at end of file.
std::optional<Assignment> receive_assignment(int channel);

// Messages on the start channel from then on.
struct Created {
  Fd netns;  // the child's network namespace, which outlives a child that fails meanwhile
};
struct NetworkReady {};
struct Started {
  RunningState state;
};
struct Failed {
  ErrorKind kind = ErrorKind::internal;
  int error_number = 0;
  std::string message;
};
struct Exited {
  ExitRecord record;
  bool restarting = false;  // the shim goes on: nothing is to be cleaned up, no answer is waited for
};
struct Removing {};
using StartMessage = std::variant<Created, NetworkReady, Started, Failed, Exited, Removing>;

// Descriptors in the message stay the caller's.
void send(int channel, const StartMessage& message);
// Nothing at end of file.
std::optional<StartMessage> receive(int channel);

}  // namespace minidock::shim

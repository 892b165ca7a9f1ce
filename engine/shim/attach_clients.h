// The commands that are attached to a container. All get the same output from one buffer, and it is filled again only
// when everyone has taken what was in it: a slow reader holds the container back (as with docker) instead of making the
// shim grow.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "engine/shim/container_input.h"
#include "engine/shim/poller.h"
#include "engine/shim/protocol.h"

namespace minidock::shim {

// Whose end of input ends the container's own (docker's StdinOnce).
enum class ClientRole { starter, visitor };

class AttachClients {
 public:
  static constexpr std::size_t kMaxClients = 64;

  struct Callbacks {
    std::function<void(std::uint16_t rows, std::uint16_t columns)> resize;
    std::function<void()> input_ended;
  };
  // `input` is borrowed.
  AttachClients(ContainerInput& input, Callbacks callbacks) : input_(input), callbacks_(std::move(callbacks)) {}

  void add(Fd channel, ClientRole role);
  bool empty() const { return clients_.empty(); }
  bool full() const { return clients_.size() >= kMaxClients; }
  // Closes everyone's channel, delivered or not.
  void drop_all(Poller& poller);

  // True while somebody has not taken the last frame.
  bool busy() const;
  // Where to put the payload of the next frame; not while busy().
  std::span<char> space() { return {frame_.data() + kFrameHeaderSize, kFrameBuffer}; }
  // Sends the first `size` bytes of space() to everyone.
  void publish(FrameType type, std::size_t size);
  void publish(FrameType type, std::string_view payload);
  // Whether publish_from() may be used: nobody else wants the same bytes.
  bool can_move() const { return clients_.size() == 1; }
  // Sends the next `size` bytes that are in a pipe, without copying them; at most kMaxFramePayload. The pipe is
  // borrowed until busy() is false, and nobody else may read it meanwhile. Of a client that goes away the rest stays in
  // the pipe.
  void publish_from(int pipe, FrameType type, std::size_t size);

  // Handles an event of a client's channel. False when `fd` is none of them.
  bool handle(int fd, std::uint32_t events);
  // Brings what is waited for up to date and closes who is finished. `take_input` is false once the container has
  // ended.
  void update(Poller& poller, bool take_input);

 private:
  struct Client {
    Fd channel;
    ClientRole role;
    FrameReader reader;
    std::size_t sent = 0;     // of the current frame
    std::size_t to_move = 0;  // of moved_pipe_, behind that
    bool is_served(std::size_t frame_size) const { return gone || (sent == frame_size && to_move == 0); }
    bool gave_input = false;
    bool input_ended = false;
    bool gone = false;
  };

  void begin_frame(FrameType type, std::size_t payload_size);
  void send(Client& client);
  bool send_frame(Client& client);
  bool move(Client& client);
  void receive(Client& client);
  bool take_frame(Client& client);
  bool move_input(Client& client);
  void end_input(Client& client);

  ContainerInput& input_;
  Callbacks callbacks_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::size_t frame_size_ = 0;
  int moved_pipe_ = -1;
  // Its pages are used from the first output on.
  std::array<char, kFrameHeaderSize + kFrameBuffer> frame_;
};

}  // namespace minidock::shim

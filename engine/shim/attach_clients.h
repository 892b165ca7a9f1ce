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
  std::span<char> space() { return {frame_.data() + kFrameHeaderSize, kMaxFramePayload}; }
  // Sends the first `size` bytes of space() to everyone.
  void publish(FrameType type, std::size_t size);
  void publish(FrameType type, std::string_view payload);

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
    std::size_t sent = 0;  // of the current frame
    bool gave_input = false;
    bool input_ended = false;
    bool gone = false;
  };

  void send(Client& client);
  void receive(Client& client);
  void end_input(Client& client);

  ContainerInput& input_;
  Callbacks callbacks_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::size_t frame_size_ = 0;
  // Its pages are used from the first output on.
  std::array<char, kFrameHeaderSize + kMaxFramePayload> frame_;
};

}  // namespace minidock::shim

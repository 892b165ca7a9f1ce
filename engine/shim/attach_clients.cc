#include "engine/shim/attach_clients.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "engine/shim/nonblocking.h"

namespace minidock::shim {

void AttachClients::add(Fd channel, ClientRole role) {
  auto client = std::make_unique<Client>();
  client->channel = std::move(channel);
  set_nonblocking(client->channel.get());  // splice(2) knows no other way
  client->role = role;
  client->sent = frame_size_;  // output that is under way to others was before its time
  clients_.push_back(std::move(client));
}

void AttachClients::drop_all(Poller& poller) {
  for (const auto& client : clients_) client->gone = true;
  update(poller, false);
}

bool AttachClients::busy() const {
  return std::any_of(clients_.begin(), clients_.end(),
                     [&](const auto& client) { return !client->is_served(frame_size_); });
}

void AttachClients::begin_frame(FrameType type, std::size_t payload_size) {
  const std::array<char, kFrameHeaderSize> header = frame_header(type, payload_size);
  std::copy(header.begin(), header.end(), frame_.begin());
  for (const auto& client : clients_) client->sent = 0;
}

void AttachClients::publish(FrameType type, std::size_t size) {
  begin_frame(type, size);
  frame_size_ = kFrameHeaderSize + size;
  for (const auto& client : clients_) send(*client);
}

void AttachClients::publish(FrameType type, std::string_view payload) {
  std::copy(payload.begin(), payload.end(), space().begin());
  publish(type, payload.size());
}

void AttachClients::publish_from(int pipe, FrameType type, std::size_t size) {
  size = std::min(size, kMaxFramePayload);
  moved_pipe_ = pipe;
  clients_.front()->to_move = size;
  begin_frame(type, size);
  frame_size_ = kFrameHeaderSize;
  send(*clients_.front());
}

void AttachClients::send(Client& client) {
  while (!client.is_served(frame_size_)) {
    if (!(client.sent < frame_size_ ? send_frame(client) : move(client))) return;
  }
}

// Both: false when the channel takes nothing more at the moment.
bool AttachClients::send_frame(Client& client) {
  const ssize_t sent =
      ::send(client.channel.get(), frame_.data() + client.sent, frame_size_ - client.sent, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent >= 0) {
    client.sent += static_cast<std::size_t>(sent);
  } else if (errno == EAGAIN) {
    return false;
  } else if (errno != EINTR) {
    client.gone = true;
  }
  return true;
}

bool AttachClients::move(Client& client) {
  const ssize_t moved =
      ::splice(moved_pipe_, nullptr, client.channel.get(), nullptr, client.to_move, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  if (moved > 0) {
    client.to_move -= static_cast<std::size_t>(moved);
  } else if (moved < 0 && errno == EAGAIN) {
    return false;
  } else if (moved == 0 || errno != EINTR) {
    client.gone = true;
  }
  return true;
}

void AttachClients::receive(Client& client) {
  while (!client.gone && input_.has_room()) {
    try {
      if (!take_frame(client)) return;
    } catch (const Error&) {
      client.gone = true;  // it does not speak the protocol: there is nobody to tell
    }
  }
}

// False when the channel has nothing more at the moment.
bool AttachClients::take_frame(Client& client) {
  FrameReader::Piece piece = client.reader.receive(client.channel.get(), {});
  if (piece.what == FrameReader::What::data && piece.type == FrameType::stdin_data) {
    client.gave_input = true;
    if (client.reader.payload_left() >= kLeastMoved && input_.can_move() && !client.input_ended) {
      return move_input(client);
    }
    if (client.reader.payload_left() > 0) piece = client.reader.receive(client.channel.get(), input_.space());
  }
  if (piece.what == FrameReader::What::nothing_yet) return false;
  if (piece.what == FrameReader::What::end_of_file) {
    client.gone = true;
  } else if (piece.type == FrameType::stdin_data) {
    if (!client.input_ended) input_.put(piece.data.size());
  } else if (piece.type == FrameType::stdin_end) {
    client.gave_input = true;
    end_input(client);
  } else if (piece.type == FrameType::resize) {
    const auto [rows, columns] = decode_window_size(piece.data);
    callbacks_.resize(rows, columns);
  }
  return true;
}

bool AttachClients::move_input(Client& client) {
  const std::optional<std::size_t> moved = input_.move_from(client.channel.get(), client.reader.payload_left());
  if (!moved) return !input_.can_move();  // by copying, then
  if (*moved == 0) client.gone = true;
  client.reader.payload_taken(*moved);
  return true;
}

// A visitor that only watched leaves the container's input alone.
void AttachClients::end_input(Client& client) {
  if (client.input_ended) return;
  client.input_ended = true;
  if (client.gave_input || client.role == ClientRole::starter) callbacks_.input_ended();
}

bool AttachClients::handle(int fd, std::uint32_t events) {
  const auto found =
      std::find_if(clients_.begin(), clients_.end(), [&](const auto& client) { return client->channel.get() == fd; });
  if (found == clients_.end()) return false;
  Client& client = **found;
  if ((events & EPOLLOUT) != 0) send(client);
  if ((events & EPOLLIN) != 0) receive(client);
  // A peer that died while the container takes no input cannot be read to its end; what it still had to say is lost.
  const bool unreadable = (events & EPOLLIN) == 0 || !input_.has_room();
  if ((events & (EPOLLERR | EPOLLHUP)) != 0 && unreadable) client.gone = true;
  return true;
}

void AttachClients::update(Poller& poller, bool take_input) {
  for (const auto& client : clients_) {
    if (client->gone) {
      poller.forget(client->channel.get());
      end_input(*client);
      continue;
    }
    // EPOLLHUP is always reported; naming it keeps a client watched of which nothing else is wanted.
    std::uint32_t events = EPOLLHUP;
    if (take_input && input_.has_room()) events |= EPOLLIN;
    if (!client->is_served(frame_size_)) events |= EPOLLOUT;
    poller.watch(client->channel.get(), events);
  }
  std::erase_if(clients_, [](const auto& client) { return client->gone; });
}

}  // namespace minidock::shim

// rtnetlink: requests built with libnl, several of them in one sendmsg.
#pragma once

#include <netlink/msg.h>
#include <netlink/socket.h>

#include <memory>
#include <string>
#include <vector>

namespace minidock::network {

// One rtnetlink message with what it is for, in the words of an error message ("cannot <what>: <errno text>").
class RouteRequest {
 public:
  // type: RTM_*; NLM_F_REQUEST and NLM_F_ACK are added to `flags`. `header` is the family's own (ifinfomsg, …).
  template <typename Header>
  RouteRequest(std::string what, int type, int flags, const Header& header)
      : RouteRequest(std::move(what), type, flags) {
    append(&header, sizeof(header));
  }

  RouteRequest& put(int attribute, const void* data, std::size_t size);
  RouteRequest& put_string(int attribute, const std::string& text);
  RouteRequest& put_u8(int attribute, std::uint8_t value);
  RouteRequest& put_u32(int attribute, std::uint32_t value);
  // Bytes without an attribute header: the header of a nested message (veth's peer).
  RouteRequest& append(const void* data, std::size_t size);
  // Attributes put between open() and the matching close() are nested in `attribute`.
  RouteRequest& open(int attribute);
  RouteRequest& close();
  // This errno counts as success.
  RouteRequest& tolerate(int error_number);

 private:
  friend class RouteSocket;
  RouteRequest(std::string what, int type, int flags);
  void check(int libnl_result) const;

  struct Free {
    void operator()(nl_msg* message) const { nlmsg_free(message); }
  };
  std::string what_;
  std::unique_ptr<nl_msg, Free> message_;
  std::vector<nlattr*> open_;
  int tolerated_ = 0;
};

class RouteSocket {
 public:
  // Bound to the network namespace that the caller is in now; it stays there when the caller leaves.
  RouteSocket();

  // Sends all requests at once; the kernel works on them in order, and goes on after one that failed. Throws a SysError
  // for the first that failed.
  void send(const std::vector<RouteRequest>& requests);

  // The same, tried again for up to five seconds while it fails with one of these: interfaces of a network namespace
  // that has ended are in the way until the kernel gets to them.
  void send_patiently(const std::vector<RouteRequest>& requests, const std::vector<int>& error_numbers);

  nl_sock* get() const { return socket_.get(); }  // borrowed, for libnl-route's own calls

 private:
  void receive_answers(const std::vector<RouteRequest>& requests, std::uint32_t first_sequence);

  struct Free {
    void operator()(nl_sock* socket) const { nl_socket_free(socket); }
  };
  std::unique_ptr<nl_sock, Free> socket_;
  std::uint32_t next_sequence_ = 1;
};

}  // namespace minidock::network

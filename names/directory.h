// What a container's name server knows: two kinds of small text files that the engine rewrites atomically (a new file
// renamed over the old one). Fields are separated by single spaces.
//
//   <networks>/<network id>     who is on a network, a line each; names in lower case, the container's own name first
//     172.18.0.2 - <container id> web 3f4e5a6b7c8d frontend
//     172.18.0.3 fd00::3 <container id> db 1a2b3c4d5e6f
//   <container's file>          what this container sees
//     network <network id> <network name> <open|internal>      in the order of its interfaces
//     link <alias> <container id>                              a name that only this container has for the other
//     server <address> <inside|outside>                        whom to ask for other names, and from which namespace
//
// A line that is damaged (a word or the line's end is missing, an address is none) counts for nothing, as does one
// longer than kLongestLine; what is behind the first kLargestNetworkFile bytes of a network's file is not read.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"

namespace minidock::names {

inline constexpr std::size_t kLongestLine = 16 * 1024;
inline constexpr std::size_t kLargestNetworkFile = 4 * 1024 * 1024;
inline constexpr std::size_t kLargestViewFile = 256 * 1024;

// The engine's half: the texts of the files. Names come out in lower case, addresses in their shortest form. What a
// line cannot hold is left out: an address that is none, an empty name or one with a blank, names past kLongestLine, a
// link or a server without its words.
struct NamedEndpoint {
  std::string ipv4;  // "" when it has none
  std::string ipv6;
  std::string container_id;
  std::vector<std::string> names;
};
std::string network_file(const std::vector<NamedEndpoint>& endpoints);

struct Upstream {
  std::string address;  // IPv4 or IPv6, no port: 53. An outside one may have "%<interface of the host>" behind.
  bool inside = false;  // asked from the container's network namespace, else from the host's
};
struct SeenNetwork {
  std::string id;
  std::string name;
  bool internal = false;
};
struct SeenLink {
  std::string alias;
  std::string container_id;
};
struct View {
  std::vector<SeenNetwork> networks;
  std::vector<SeenLink> links;
  std::vector<Upstream> upstreams;
};
std::string view_file(const View& view);

// The server's half. The container's own file is small: what it says is kept, and read again when it is another file
// than last time (inode, modification time or size). Of a network's file nothing is kept: each question reads it from
// start to end, in pieces. A network of 1,000 endpoints is some 100 KB, which takes some 50 us; an index of it would be
// private memory of each shim on it. Nothing here throws for what is in a file or that there is none.
class Directory {
 public:
  // `resolver_file`: the host's resolv.conf, whose servers are asked where the view names none; read for each question
  // that needs them, since a host moves from one network to another. "": there is none.
  Directory(std::string view_path, std::string networks_directory, std::string resolver_file = "");

  struct Found {
    std::vector<std::string> ipv4;
    std::vector<std::string> ipv6;
  };
  // By name (in lower case), alias or short id, or one of them with ".<network name>" behind; of the first network that
  // knows it, all addresses. A link comes before them: its alias is the other container's addresses in the first
  // network that has that container; while none has it, the alias is a name like others. Nothing when nobody has the
  // name (or a file is damaged or missing: then it knows nobody).
  std::optional<Found> find(const std::string& name);
  // The "<name>.<network name>" of an address in its shortest form.
  std::optional<std::string> name_of(const std::string& address);
  // False when all networks are internal, or there is none: then nobody is to be asked for other names.
  bool forwards();
  // Whom to ask, in this order. Nobody unless forwards().
  std::vector<Upstream> upstreams();

 private:
  // What tells one file from another.
  struct Version {
    ino_t inode = 0;
    dev_t device = 0;
    off_t size = 0;
    std::int64_t seconds = 0;  // of the modification time
    std::int64_t nanoseconds = 0;
    bool operator==(const Version&) const = default;
  };
  static Version version_of(const struct stat& status);
  const View& view();
  std::string network_path(const SeenNetwork& network) const;
  std::optional<Found> find_linked(const std::string& name);
  std::vector<Upstream> hosts_resolvers() const;

  std::string view_path_;
  std::string networks_directory_;
  std::string resolver_file_;
  // The file that view_ is of. It is kept open: a new file can then not get its inode's number.
  Fd view_file_;
  Version version_;
  View view_;
};

}  // namespace minidock::names

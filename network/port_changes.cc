// Ports of a container that lives, changed: rows of the database, and elements of the firewall's maps.
#include <fmt/format.h>
#include <linux/netfilter/nf_tables.h>

#include <cerrno>

#include "base/error.h"
#include "base/explain.h"
#include "network/firewall_internal.h"

namespace minidock::network {

void release_ports(storage::Database& database, const std::string& container_id,
                   const std::vector<PublishedPort>& ports) {
  for (const PublishedPort& port : ports) {
    database.prepare("DELETE FROM ports WHERE protocol = ? AND host_port = ? AND host_ip = ? AND container_id = ?")
        .bind(port.protocol)
        .bind(static_cast<std::int64_t>(port.host_port))
        .bind(port.host_ip)
        .bind(container_id)
        .run();
  }
}

void change_container_port(storage::Database& database, const PublishedPort& port) {
  database.prepare("UPDATE ports SET container_port = ? WHERE protocol = ? AND host_port = ? AND host_ip = ?")
      .bind(static_cast<std::int64_t>(port.container_port))
      .bind(port.protocol)
      .bind(static_cast<std::int64_t>(port.host_port))
      .bind(port.host_ip)
      .run();
}

void change_published_ports(const storage::Instance& instance, const PortTarget& target,
                            const std::vector<PublishedPort>& removed, const std::vector<PublishedPort>& added) {
  if (removed.empty() && added.empty()) return;
  const explain::Step step("rule", [&] {
    return fmt::format("published: {} no more, {} leads to {}", port_list(removed), port_list(added), text_of(target));
  });
  NftBatch batch;
  add_elements(batch, instance.nft_table, NFT_MSG_DELSETELEM, publications_of(removed, target));
  add_elements(batch, instance.nft_table, NFT_MSG_NEWSETELEM, publications_of(added, target));
  const int err = batch.commit(fmt::format("unpublish {}, publish {}", port_list(removed), port_list(added)));
  if (err == 0) return;
  if (err == ENOENT && !removed.empty()) {
    throw Error(ErrorKind::unavailable,
                fmt::format("cannot unpublish {}: nft table inet {} is not as minidock left it; run `minidock network "
                            "reload` and try again",
                            port_list(removed), instance.nft_table),
                err);
  }
  throw_publish_error(err, instance.nft_table, added);
}

}  // namespace minidock::network

#include "network/nft_set_list.h"

#include <fmt/format.h>
#include <libmnl/libmnl.h>
#include <libnftnl/common.h>
#include <libnftnl/set.h>
#include <linux/netfilter/nf_tables.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>
#include <optional>

#include "base/error.h"
#include "base/fd.h"
#include "base/syscall.h"

namespace minidock::network {

namespace {

// The kernel's messages of a dump are shorter.
constexpr std::size_t kReceived = 64 * 1024;
constexpr int kDumpAttempts = 100;

struct FreeSet {
  void operator()(nftnl_set* set) const { nftnl_set_free(set); }
};
using SetObject = std::unique_ptr<nftnl_set, FreeSet>;

SetObject set_object() {
  SetObject object(nftnl_set_alloc());
  if (!object) throw SysError(ENOMEM, "cannot read the firewall");
  return object;
}

std::string bytes_of(nftnl_set_elem* element, std::uint16_t attribute) {
  std::uint32_t size = 0;
  if (!nftnl_set_elem_is_set(element, attribute)) return "";
  const void* bytes = nftnl_set_elem_get(element, attribute, &size);
  return bytes == nullptr ? "" : std::string(static_cast<const char*>(bytes), size);
}

int take_element(nftnl_set_elem* element, void* elements) {
  static_cast<std::vector<ListedElement>*>(elements)->push_back(
      {bytes_of(element, NFTNL_SET_ELEM_KEY), bytes_of(element, NFTNL_SET_ELEM_DATA)});
  return 0;
}

int take_elements(const nlmsghdr* message, void* elements) {
  const SetObject part(nftnl_set_alloc());
  if (!part || nftnl_set_elems_nlmsg_parse(message, part.get()) < 0) return MNL_CB_OK;
  nftnl_set_elem_foreach(part.get(), take_element, elements);
  return MNL_CB_OK;
}

// Nothing when the set changed meanwhile.
std::optional<std::vector<ListedElement>> try_list_elements(const NftTable& table, const char* set) {
  const std::string what = fmt::format("list set {} of table {}", set, table.text());
  const SetObject wanted = set_object();
  nftnl_set_set_str(wanted.get(), NFTNL_SET_TABLE, table.name.c_str());
  nftnl_set_set_str(wanted.get(), NFTNL_SET_NAME, set);
  std::vector<char> buffer(kReceived);
  constexpr unsigned kSequence = 1;
  nlmsghdr* question = nftnl_nlmsg_build_hdr(buffer.data(), NFT_MSG_GETSETELEM, table.family, NLM_F_DUMP, kSequence);
  nftnl_set_elems_nlmsg_build_payload(question, wanted.get());
  const Fd socket = send_to_nftables(buffer, question->nlmsg_len, what);
  std::vector<ListedElement> elements;
  for (;;) {
    const auto size = sys::checked([] { return std::string("recv(nf_tables)"); },
                                   [&] { return ::recv(socket.get(), buffer.data(), buffer.size(), 0); });
    const int result =
        mnl_cb_run(buffer.data(), static_cast<std::size_t>(size), kSequence, 0, take_elements, &elements);
    if (result == MNL_CB_STOP) return elements;
    if (result < 0 && errno == EINTR) return std::nullopt;
    if (result < 0 && errno == ENOENT) return std::vector<ListedElement>{};
    if (result < 0) throw SysError("cannot " + what);
  }
}

}  // namespace

std::vector<ListedElement> list_elements(const NftTable& table, const char* set) {
  for (int attempt = 0; attempt < kDumpAttempts; ++attempt) {
    if (std::optional<std::vector<ListedElement>> elements = try_list_elements(table, set)) return std::move(*elements);
  }
  throw Error(ErrorKind::unavailable,
              fmt::format("nft table {} changes all the time: another program works on it", table.text()));
}

}  // namespace minidock::network

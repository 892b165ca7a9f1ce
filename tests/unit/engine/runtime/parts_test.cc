// Parts that need no container.
#include <gmock/gmock.h>
#include <linux/bpf.h>
#include <linux/mount.h>

#include <array>
#include <limits>
#include <tuple>

#include "base/error.h"
#include "engine/runtime/capabilities.h"
#include "engine/runtime/device_filter.h"
#include "engine/runtime/mounts.h"
#include "engine/runtime/spec.h"
#include "engine/runtime/user_lookup.h"
#include "engine/runtime/userns.h"

namespace minidock::runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

TEST(SpecTest, SurvivesJson) {
  Spec spec;
  spec.process.args = {"a", "b"};
  spec.process.user = "app:users";
  spec.process.additional_groups = {"audio"};
  spec.process.rlimits = {{"RLIMIT_NOFILE", 1, std::numeric_limits<std::uint64_t>::max()}};
  spec.process.oom_score_adj = -5;
  spec.process.terminal = true;
  spec.process.console_rows = 24;
  spec.process.capabilities.bounding = {"CAP_CHOWN"};
  spec.rootfs = {"/store", {"x", "y"}, "/u", "/w", true};
  spec.readonly_rootfs = true;
  spec.mounts = {{"/proc", "proc", "proc", {"nosuid"}}};
  spec.namespaces = {{"user", ""}, {"network", "/proc/1/ns/net"}};
  spec.uid_mappings = {{0, 100000, 65536}};
  spec.sysctl = {{"net.a", "1"}};
  spec.device_rules = {{true, "c", 1, {}, "rw"}};
  spec.seccomp_bpf_file = "/f";
  spec.cgroups_path = "/minidock/x";
  const Json document = to_json(spec);
  const Spec copy = spec_from_json(json::parse(json::dump(document), "test"));
  EXPECT_EQ(to_json(copy), document);
  EXPECT_EQ(copy.process.rlimits[0].hard, std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(copy.rootfs.layers, spec.rootfs.layers);
  EXPECT_FALSE(copy.device_rules[0].minor.has_value());
  EXPECT_EQ(copy.process.oom_score_adj, -5);
}

TEST(SpecTest, RefusesWhatIsNone) {
  for (const char* text : {"[]", "{}", R"({"process":3})", R"({"annotations":{"org.minidock.rootfs":"{"}})",
                           R"({"annotations":{"org.minidock.rootfs":"{}"},"linux":{"uidMappings":[{"hostID":-1}]}})"}) {
    EXPECT_THROW(spec_from_json(json::parse(text, "test")), Error) << text;
  }
}

constexpr const char* kPasswd =
    "root:x:0:0:root:/root:/bin/sh\nbroken\napp:x:1000:100::/home/app:\n2147483648:x:0:0::/:\nbad:x:zz:0::/:\n";
constexpr const char* kGroup = "root:x:0:\nusers:x:100:\naudio:x:29:app,other\nwheel:x:10:root\n";

TEST(UserLookupTest, FollowsDockersForms) {
  const auto ids = [](const char* wanted) {
    const User user = resolve_user(wanted, {}, kPasswd, kGroup);
    return std::make_tuple(user.uid, user.gid, user.groups, user.home);
  };
  using Groups = std::vector<gid_t>;
  EXPECT_EQ(ids(""), std::make_tuple(0U, 0U, Groups{0, 10}, "/root"));
  EXPECT_EQ(ids("0"), std::make_tuple(0U, 0U, Groups{0, 10}, "/root"));
  EXPECT_EQ(ids("app"), std::make_tuple(1000U, 100U, Groups{100, 29}, "/home/app"));
  EXPECT_EQ(ids("1000"), std::make_tuple(1000U, 100U, Groups{100, 29}, "/home/app"));
  EXPECT_EQ(ids("01000"), std::make_tuple(1000U, 100U, Groups{100, 29}, "/home/app"));
  EXPECT_EQ(ids("app:users"), std::make_tuple(1000U, 100U, Groups{100}, "/home/app"));
  EXPECT_EQ(ids("77"), std::make_tuple(77U, 0U, Groups{0}, "/"));
  EXPECT_EQ(ids("77:88"), std::make_tuple(77U, 88U, Groups{88}, "/"));
  EXPECT_EQ(ids("2147483647"), std::make_tuple(2147483647U, 0U, Groups{0}, "/"));
}

TEST(UserLookupTest, AnOddNumberIsNeverRoot) {
  for (const char* wanted : {"-1", "2147483648", "4294967296", "99999999999999999999", "0:2147483648"}) {
    EXPECT_THAT([&] { resolve_user(wanted, {}, kPasswd, kGroup); },
                ThrowsMessage<Error>(HasSubstr("uids and gids must be in range 0-2147483647")));
  }
  for (const char* wanted : {"+1", "nobody", " 0", "bad"}) {
    EXPECT_THAT([&] { resolve_user(wanted, {}, kPasswd, kGroup); },
                ThrowsMessage<Error>(HasSubstr("unable to find user")));
  }
  EXPECT_THAT([&] { resolve_user("0:nogroup", {}, kPasswd, kGroup); },
              ThrowsMessage<Error>("unable to find group nogroup: no matching entries in group file"));
}

TEST(UserLookupTest, AddsGroups) {
  EXPECT_THAT(resolve_user("0", {"audio", "555"}, kPasswd, kGroup).groups, ElementsAre(0, 10, 29, 555));
}

TEST(CapabilitiesTest, NamesAreNumbers) {
  EXPECT_EQ(capability_set({"CAP_CHOWN", "CAP_CHECKPOINT_RESTORE"}), (std::uint64_t{1} << 40) | 1);
  EXPECT_EQ(capability_set({"CAP_SYS_ADMIN"}), std::uint64_t{1} << 21);
  EXPECT_THAT([] { capability_set({"CAP_X"}); }, ThrowsMessage<Error>(HasSubstr("invalid capability")));
}

TEST(UsernsTest, MapsIds) {
  const std::vector<IdMapping> mappings = {{0, 1000, 10}, {10, 5000, 1}};
  EXPECT_EQ(to_host_id(mappings, 9), 1009U);
  EXPECT_EQ(to_host_id(mappings, 10), 5000U);
  EXPECT_FALSE(to_host_id(mappings, 11).has_value());
  EXPECT_EQ(to_host_id({}, 7), 7U);
}

TEST(MountWordsTest, LaterWordsWin) {
  const MountWords words =
      parse_mount_words({"/x", "bind", "/y", {"rbind", "ro", "rw", "nosuid", "rslave", "mode=755"}});
  EXPECT_TRUE(words.is_recursive_bind);
  EXPECT_EQ(words.attributes_set, std::uint64_t{MOUNT_ATTR_NOSUID});
  EXPECT_EQ(words.attributes_cleared, std::uint64_t{MOUNT_ATTR_RDONLY});
  ASSERT_EQ(words.data.size(), 1U);
  EXPECT_EQ(words.data[0].first, "mode");
}

// Interprets the few instructions that the filter is made of.
bool allows(const std::vector<bpf_insn>& program, std::uint32_t access, char type, std::uint32_t major,
            std::uint32_t minor) {
  std::array<std::uint64_t, 11> r{};
  const std::uint32_t type_bits = type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR;
  const std::array<std::uint32_t, 3> context = {(access << 16) | type_bits, major, minor};
  for (std::size_t at = 0; at < program.size(); ++at) {
    const bpf_insn& i = program[at];
    const std::uint64_t operand = BPF_SRC(i.code) == BPF_X ? r[i.src_reg] : static_cast<std::uint64_t>(i.imm);
    switch (i.code) {
      case BPF_LDX | BPF_MEM | BPF_W:
        r[i.dst_reg] = context[static_cast<std::size_t>(i.off) / 4];
        break;
      case BPF_ALU64 | BPF_MOV | BPF_K:
      case BPF_ALU | BPF_MOV | BPF_X:
        r[i.dst_reg] = operand;
        break;
      case BPF_ALU | BPF_AND | BPF_K:
        r[i.dst_reg] &= operand;
        break;
      case BPF_ALU | BPF_RSH | BPF_K:
        r[i.dst_reg] >>= operand;
        break;
      case BPF_JMP | BPF_JNE | BPF_K:
      case BPF_JMP | BPF_JNE | BPF_X:
        at += r[i.dst_reg] != operand ? static_cast<std::size_t>(i.off) : 0;
        break;
      case BPF_JMP | BPF_JEQ | BPF_K:
        at += r[i.dst_reg] == operand ? static_cast<std::size_t>(i.off) : 0;
        break;
      case BPF_JMP | BPF_EXIT:
        return r[0] != 0;
      default:
        ADD_FAILURE() << "unknown instruction " << int{i.code};
        return false;
    }
  }
  ADD_FAILURE() << "no exit";
  return false;
}

TEST(DeviceFilterTest, TheLastMatchDecides) {
  const std::vector<bpf_insn> program = assemble_device_filter({{false, "a", {}, {}, "rwm"},
                                                                {true, "c", {}, {}, "m"},
                                                                {true, "c", 1, 3, "rwm"},
                                                                {true, "c", 136, {}, "rw"},
                                                                {false, "c", 136, 7, "w"}});
  constexpr std::uint32_t kRead = BPF_DEVCG_ACC_READ;
  constexpr std::uint32_t kWrite = BPF_DEVCG_ACC_WRITE;
  constexpr std::uint32_t kMknod = BPF_DEVCG_ACC_MKNOD;
  EXPECT_TRUE(allows(program, kRead | kWrite, 'c', 1, 3));
  EXPECT_FALSE(allows(program, kRead, 'b', 1, 3));
  EXPECT_TRUE(allows(program, kMknod, 'c', 8, 0));
  EXPECT_FALSE(allows(program, kMknod, 'b', 8, 0));
  EXPECT_FALSE(allows(program, kRead, 'c', 8, 0));
  EXPECT_TRUE(allows(program, kRead | kWrite, 'c', 136, 1));
  EXPECT_TRUE(allows(program, kRead, 'c', 136, 7));
  EXPECT_FALSE(allows(program, kRead | kWrite, 'c', 136, 7));
}

TEST(DeviceFilterTest, AllOrNothing) {
  EXPECT_TRUE(allows(assemble_device_filter({{false, "b", 8, 0, "r"}, {true, "a", {}, {}, "rwm"}}), 1, 'b', 8, 0));
  EXPECT_FALSE(allows(assemble_device_filter({}), 1, 'c', 1, 3));
  EXPECT_THROW(assemble_device_filter({{true, "x", {}, {}, "r"}}), Error);
  EXPECT_THROW(assemble_device_filter({{true, "c", {}, {}, "q"}}), Error);
}

}  // namespace
}  // namespace minidock::runtime

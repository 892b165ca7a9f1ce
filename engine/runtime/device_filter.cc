#include "engine/runtime/device_filter.h"

#include <fmt/format.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <string>

#include "base/syscall.h"

namespace minidock::runtime {
namespace {

// Registers of the program: r1 is the context at the start.
constexpr int kContext = BPF_REG_1;
constexpr int kType = BPF_REG_2;
constexpr int kAccess = BPF_REG_3;
constexpr int kMajor = BPF_REG_4;
constexpr int kMinor = BPF_REG_5;
constexpr int kScratch = BPF_REG_1;  // the context is not needed after the loads

bpf_insn instruction(int code, int dst, int src, int offset, int immediate) {
  bpf_insn result{};
  result.code = static_cast<__u8>(code);
  result.dst_reg = static_cast<__u8>(dst & 0xf);
  result.src_reg = static_cast<__u8>(src & 0xf);
  result.off = static_cast<__s16>(offset);
  result.imm = immediate;
  return result;
}

bpf_insn load_word(int dst, std::size_t offset) {
  return instruction(BPF_LDX | BPF_MEM | BPF_W, dst, kContext, static_cast<int>(offset), 0);
}
bpf_insn move_value(int dst, int value) { return instruction(BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, value); }
bpf_insn move_register(int dst, int src) { return instruction(BPF_ALU | BPF_MOV | BPF_X, dst, src, 0, 0); }
bpf_insn and_value(int dst, int value) { return instruction(BPF_ALU | BPF_AND | BPF_K, dst, 0, 0, value); }
bpf_insn shift_right(int dst, int bits) { return instruction(BPF_ALU | BPF_RSH | BPF_K, dst, 0, 0, bits); }
// The offset (instructions to skip) is filled in when the rule's length is known.
bpf_insn skip_unless_equal(int dst, int value) { return instruction(BPF_JMP | BPF_JNE | BPF_K, dst, 0, 0, value); }
bpf_insn skip_unless_same(int dst, int src) { return instruction(BPF_JMP | BPF_JNE | BPF_X, dst, src, 0, 0); }
bpf_insn leave() { return instruction(BPF_JMP | BPF_EXIT, 0, 0, 0, 0); }

int access_bits(const std::string& access) {
  int bits = 0;
  for (const char letter : access) {
    switch (letter) {
      case 'r':
        bits |= BPF_DEVCG_ACC_READ;
        break;
      case 'w':
        bits |= BPF_DEVCG_ACC_WRITE;
        break;
      case 'm':
        bits |= BPF_DEVCG_ACC_MKNOD;
        break;
      default:
        throw Error(ErrorKind::invalid_argument, fmt::format("invalid device access \"{}\"", access));
    }
  }
  return bits;
}

int device_type(const std::string& type) {
  if (type == "b") return BPF_DEVCG_DEV_BLOCK;
  if (type == "c") return BPF_DEVCG_DEV_CHAR;
  throw Error(ErrorKind::invalid_argument, fmt::format("invalid device type \"{}\"", type));
}

void append_rule(std::vector<bpf_insn>& program, const DeviceRule& rule) {
  std::vector<bpf_insn> code;
  if (rule.type != "a") code.push_back(skip_unless_equal(kType, device_type(rule.type)));
  constexpr int kAll = BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE | BPF_DEVCG_ACC_MKNOD;
  if (const int bits = access_bits(rule.access); bits != kAll) {
    // An allowing rule has to cover every access asked for; a denying one has to touch any of them.
    code.push_back(move_register(kScratch, kAccess));
    code.push_back(and_value(kScratch, bits));
    code.push_back(rule.allow ? skip_unless_same(kScratch, kAccess)
                              : instruction(BPF_JMP | BPF_JEQ | BPF_K, kScratch, 0, 0, 0));
  }
  if (rule.major) code.push_back(skip_unless_equal(kMajor, static_cast<int>(*rule.major)));
  if (rule.minor) code.push_back(skip_unless_equal(kMinor, static_cast<int>(*rule.minor)));
  code.push_back(move_value(BPF_REG_0, rule.allow ? 1 : 0));
  code.push_back(leave());
  for (std::size_t at = 0; at < code.size(); ++at) {
    const bool is_jump = BPF_CLASS(code[at].code) == BPF_JMP && BPF_OP(code[at].code) != BPF_EXIT;
    if (is_jump) code[at].off = static_cast<__s16>(code.size() - at - 1);
  }
  program.insert(program.end(), code.begin(), code.end());
}

int bpf(int command, union bpf_attr& attributes) {
  return static_cast<int>(syscall(SYS_bpf, command, &attributes, sizeof attributes));
}

}  // namespace

std::vector<bpf_insn> assemble_device_filter(const std::vector<DeviceRule>& rules) {
  // access_type: the device's type in the low half, the access asked for in the high half.
  std::vector<bpf_insn> program = {load_word(kType, offsetof(bpf_cgroup_dev_ctx, access_type)),
                                   load_word(kMajor, offsetof(bpf_cgroup_dev_ctx, major)),
                                   load_word(kMinor, offsetof(bpf_cgroup_dev_ctx, minor)),
                                   move_register(kAccess, kType),
                                   shift_right(kAccess, 16),
                                   and_value(kType, 0xffff)};
  for (auto rule = rules.rbegin(); rule != rules.rend(); ++rule) {
    append_rule(program, *rule);
    // What decides everything hides the rules before it, which the verifier would refuse as unreachable.
    if (rule->type == "a" && !rule->major && !rule->minor && access_bits(rule->access) == access_bits("rwm")) {
      return program;
    }
  }
  program.push_back(move_value(BPF_REG_0, 0));
  program.push_back(leave());
  return program;
}

void parent_attach_device_filter(int cgroup, const std::vector<DeviceRule>& rules) {
  const std::vector<bpf_insn> program = assemble_device_filter(rules);
  union bpf_attr load {};
  load.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  load.expected_attach_type = BPF_CGROUP_DEVICE;
  load.insns = reinterpret_cast<std::uint64_t>(program.data());
  load.insn_cnt = static_cast<__u32>(program.size());
  load.license = reinterpret_cast<std::uint64_t>("MIT");
  const Fd loaded(sys::checked([&] { return fmt::format("bpf(BPF_PROG_LOAD, {} device rules)", rules.size()); },
                               [&] { return bpf(BPF_PROG_LOAD, load); }));
  union bpf_attr attach {};
  attach.target_fd = static_cast<__u32>(cgroup);
  attach.attach_bpf_fd = static_cast<__u32>(loaded.get());
  attach.attach_type = BPF_CGROUP_DEVICE;
  attach.attach_flags = BPF_F_ALLOW_MULTI;
  sys::checked([&] { return fmt::format("bpf(BPF_PROG_ATTACH, cgroup {})", cgroup); },
               [&] { return bpf(BPF_PROG_ATTACH, attach); });
}

}  // namespace minidock::runtime

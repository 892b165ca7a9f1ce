// Real containers from busybox-static: one layer in a temporary directory, a document with docker's defaults.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "base/process.h"
#include "engine/runtime/container_process.h"
#include "engine/runtime/exec_process.h"
#include "engine/runtime/spec.h"

namespace minidock::runtime::test {

struct Result {
  int exit_code = -1;
  std::string output;  // standard output and error
};

// The host's first id of the tests' user namespaces.
inline constexpr std::uint32_t kHostId = 500000;

class ContainerTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite();
  void SetUp() override;
  void TearDown() override;

  // docker's defaults, with a user namespace; `script` runs in sh.
  Spec make_spec(const std::string& script) const;
  // The same without a user namespace.
  Spec make_host_user_spec(const std::string& script) const;

  // Starts it, reads all output, reaps it.
  Result run(const Spec& spec, const PreservedDescriptors& preserved = {}) const;
  // Starts one that waits for its standard input to end.
  struct Running {
    ContainerProcess process;
    ProcessId id;
    Fd input;
  };
  Running start(Spec spec) const;
  Result finish(Running& running) const;
  Result exec(const Spec& spec, const Running& container, const Process& process) const;

  // The error's message; fails the test when there is none.
  std::string error_of(const Spec& spec, ErrorKind kind) const;

  std::string path(const std::string& name) const { return directory_ + "/" + name; }
  std::string layer(const std::string& name = "") const { return directory_ + "/layers/base" + name; }
  // A host directory owned by root inside.
  std::string make_volume(const std::string& name) const;

  std::string directory_;
  std::string cgroup_parent_;
};

std::string read_until_end(int fd);

}  // namespace minidock::runtime::test

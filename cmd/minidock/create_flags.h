// The options that `run` and `create` share: how a container is to be.
#pragma once

#include "cmd/minidock/command.h"
#include "cmd/minidock/health_flags.h"

namespace minidock::cmd {

class CreateFlags {
 public:
  // Adds the options; `app` must live as long.
  explicit CreateFlags(CLI::App& app);
  // What the words mean, after the parse. `positionals` are the image and the command line. ErrorKind::invalid_argument
  // with docker's words.
  CreateOptions understand(const std::vector<std::string>& positionals) const;

  bool attach_given() const { return !attach_.empty(); }
  bool is_interactive() const { return interactive_; }

 private:
  void add_process_flags();
  void add_storage_flags();
  void add_network_flags();
  void add_security_flags();
  void add_life_flags();
  void add_refused_flags();
  bool given(const char* flag) const { return app_.count(flag) > 0; }

  void understand_process(ContainerConfig& config, LogSettings& log) const;
  void understand_streams(ContainerConfig& config) const;
  void understand_storage(HostConfig& host) const;
  static void understand_rootfs(const std::string& typed, HostConfig& host);
  void understand_network(CreateOptions& options) const;
  std::vector<NetworkAttachment> network_attachments(HostConfig& host) const;
  void check_network_flags(const std::vector<NetworkAttachment>& networks, const std::string& mode) const;
  void understand_security(HostConfig& host) const;
  void understand_life(CreateOptions& options) const;
  void refuse_unsupported() const;

  CLI::App& app_;
  CreateOptions options_;
  using Words = std::vector<std::string>;
  Words env_, env_files_, labels_, label_files_, attach_, annotations_, log_options_;
  Words volumes_, mounts_, tmpfs_, secrets_, storage_options_;
  Words publish_, expose_, networks_, network_aliases_, link_local_ips_, dns_, dns_options_, dns_search_, add_hosts_;
  Words security_options_, devices_, device_rules_, sysctls_, ulimits_;
  std::string entrypoint_, restart_, shm_size_, ip_, ip6_, mac_address_, umask_;
  HealthFlags health_;
  std::string isolation_ = "default", gpus_;
  Words ignored_;
  int stop_timeout_ = 0;
  bool interactive_ = false, tty_ = false, init_ = false, env_host_ = false;
  bool rootfs_ = false, use_api_socket_ = false, disable_content_trust_ = true;
};

}  // namespace minidock::cmd

#include "engine/secrets.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"
#include "engine/secret_store.h"
#include "engine/spec_builder.h"

namespace minidock {
namespace {

constexpr char kDirectory[] = "/run/secrets";

void add_variable(const std::string& source, const SecretRequest& request, runtime::Spec& spec) {
  const std::string value = file::read(source);
  if (value.find('\0') != std::string::npos) {
    throw Error(
        ErrorKind::invalid_argument,
        fmt::format("secret {} holds a zero byte, which no environment variable can: use type=mount", request.source));
  }
  spec.process.env = merge_environment(spec.process.env, {request.target + "=" + value});
}

}  // namespace

void check_secrets(const EngineContext& context, const HostConfig& host) {
  for (const SecretRequest& request : host.secrets) get_secret(context.database, request.source);
}

void add_secrets(const EngineContext& context, const HostConfig& host, runtime::Spec& spec) {
  runtime::Mount common{kDirectory, "files", "secrets", {}};
  for (const SecretRequest& request : host.secrets) {
    const std::string source = secret_file(context.instance, get_secret(context.database, request.source).id);
    if (request.type == "env") {
      add_variable(source, request, spec);
    } else if (request.target.starts_with('/')) {
      runtime::Mount own{request.target, "files", "secrets", {}};
      own.files.push_back({source, "", request.uid, request.gid, request.mode});
      spec.mounts.push_back(std::move(own));
    } else {
      common.files.push_back({source, request.target, request.uid, request.gid, request.mode});
    }
  }
  if (!common.files.empty()) spec.mounts.push_back(std::move(common));
}

}  // namespace minidock

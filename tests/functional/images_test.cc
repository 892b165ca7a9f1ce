// load, import, tag, rmi, image inspect, and pull from a registry on loopback.
#include <gmock/gmock.h>
#include <unistd.h>

#include <csignal>

#include "tests/functional/sandbox.h"

namespace minidock::functional {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::MatchesRegex;

class Images : public FunctionalTest {};

TEST_F(Images, LoadFromFileAndStandardInput) {
  const std::string archive = images_directory() + "/busybox.tar";
  EXPECT_THAT(box.minidock_ok({"load", "-i", archive}), HasSubstr("Loaded image: busybox:latest"));
  box.minidock_ok({"rmi", "busybox"});
  box.minidock_ok({"load"}, read_file(archive));
  EXPECT_EQ(box.minidock_ok({"images", "--format", "{{.Repository}}:{{.Tag}}"}), "busybox:latest");
}

TEST_F(Images, Table) {
  box.load("busybox");
  const std::vector<std::string> lines = lines_of(box.minidock_ok({"images"}));
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_THAT(lines[0], MatchesRegex("REPOSITORY +TAG +IMAGE ID +CREATED +SIZE"));
  EXPECT_THAT(lines[1], MatchesRegex("busybox +latest +[0-9a-f]+ +.* ago +[0-9.]+MB"));
  EXPECT_THAT(box.minidock_ok({"images", "-q", "--no-trunc"}), MatchesRegex("sha256:[0-9a-f]{64}"));
}

TEST_F(Images, Import) {
  box.shell("mkdir -p " + box.path("tree/bin") + " && cp /bin/busybox " + box.path("tree/bin/") + " && cd " +
            box.path("tree") + " && ln bin/busybox bin/sh && tar -cf " + box.path("tree.tar") + " .");
  EXPECT_THAT(box.minidock_ok({"import", box.path("tree.tar"), "imported:1"}), MatchesRegex("sha256:[0-9a-f]{64}"));
  EXPECT_EQ(box.minidock_ok({"run", "--rm", "imported:1", "/bin/sh", "-c", "echo works"}), "works");
  box.minidock_ok({"import", "-", "imported:2"}, read_file(box.path("tree.tar")));
  EXPECT_EQ(box.minidock_ok({"run", "--rm", "imported:2", "/bin/sh", "-c", "echo works"}), "works");
}

TEST_F(Images, TagAndRemove) {
  box.load("busybox");
  box.minidock_ok({"tag", "busybox", "other/name:v1"});
  EXPECT_THAT(box.minidock_ok({"rmi", "busybox"}), HasSubstr("Untagged: busybox:latest"));
  EXPECT_EQ(box.minidock_ok({"run", "--rm", "other/name:v1", "echo", "works"}), "works");
  EXPECT_THAT(box.minidock_ok({"rmi", "other/name:v1"}), HasSubstr("Deleted: sha256:"));
  EXPECT_EQ(box.minidock_ok({"images", "-q"}), "");
  EXPECT_EQ(box.shell("ls -A " + box.path("root") + "/layers " + box.path("root") +
                      "/blobs/sha256 | grep -v : | grep . || true"),
            "");
}

TEST_F(Images, ImageInUseIsNotRemoved) {
  box.run_detached({"--name", "cx"}, {"sleep", "600"});
  const Result result = box.minidock({"rmi", "busybox"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err,
              HasSubstr("conflict: unable to remove repository reference \"busybox\" (must force) - container"));
}

TEST_F(Images, AContainerKeepsItsLayersWhenTheImageGoes) {
  box.load("busybox");
  box.minidock_ok({"run", "--name", "cx", "busybox", "true"});
  EXPECT_THAT(box.minidock_ok({"rmi", "-f", "busybox"}), HasSubstr("Deleted: sha256:"));
  const std::string layers = "ls -A " + box.path("root") + "/layers";
  EXPECT_NE(box.shell(layers), "");
  box.minidock_ok({"rm", "cx"});
  EXPECT_EQ(box.shell(layers), "") << "nobody uses them any more";
}

TEST_F(Images, ImageOfARunningContainerCannotBeForcedAway) {
  box.run_detached({"--name", "cx", "--rm"}, {"sleep", "600"});
  const std::string id = box.inspect("cx", "{{.Image}}");
  const Result result = box.minidock({"rmi", "-f", id});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("image is being used by running container"));
}

TEST_F(Images, NoSuchImage) {
  const Result result = box.minidock({"rmi", "missing"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("No such image: missing"));
}

TEST_F(Images, Inspect) {
  box.load("webapp");
  EXPECT_EQ(box.minidock_ok({"image", "inspect", "--format",
                             "{{json .Config.Cmd}} {{.Config.WorkingDir}} {{.Architecture}}", "training/webapp"}),
            "[\"python\",\"app.py\"] /opt/webapp amd64");
  EXPECT_EQ(box.minidock_ok({"image", "inspect", "--format", "{{len .RootFS.Layers}}", "training/webapp"}), "5");
}

TEST_F(Images, WhiteoutsAreApplied) {
  box.load("webapp");
  EXPECT_EQ(box.minidock({"run", "--rm", "training/webapp", "ls", "/var/log/dpkg.log"}).exit_code, 2);
  EXPECT_EQ(box.minidock_ok({"run", "--rm", "training/webapp", "sh", "-c", "ls -A /var/cache/apt"}), "");
}

class Registry : public FunctionalTest {
 protected:
  ~Registry() override { registry({"stop", box.path("registry")}); }
  void registry(const Arguments& arguments) {
    Arguments command = {source_directory() + "/tests/images/registry"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    box.host_ok(command);
  }
  void start_with(const std::string& image, const std::string& name, const Arguments& copy_options = {}) {
    registry({"start", box.path("registry"), "5000"});
    copy(image, name, copy_options);
  }
  void copy(const std::string& image, const std::string& name, const Arguments& options = {}) {
    Arguments command = {"skopeo", "--insecure-policy", "copy", "--quiet", "--dest-tls-verify=false"};
    command.insert(command.end(), options.begin(), options.end());
    command.push_back("oci-archive:" + images_directory() + "/" + image + ".tar");
    command.push_back("docker://127.0.0.1:5000/" + name);
    box.host_ok(command);
  }
};

TEST_F(Registry, PullAndRun) {
  start_with("busybox", "team/busybox:1");
  const std::string output = box.minidock_ok({"pull", "127.0.0.1:5000/team/busybox:1"});
  EXPECT_THAT(output, ContainsRegex("Digest: sha256:[0-9a-f]{64}"));
  EXPECT_THAT(output, HasSubstr("Status: Downloaded newer image for 127.0.0.1:5000/team/busybox:1"));
  EXPECT_EQ(box.minidock_ok({"run", "--rm", "127.0.0.1:5000/team/busybox:1", "echo", "works"}), "works");
  EXPECT_THAT(box.minidock_ok({"pull", "127.0.0.1:5000/team/busybox:1"}), HasSubstr("Image is up to date"));
}

TEST_F(Registry, QuietPrintsOneLine) {
  start_with("busybox", "busybox:1");
  EXPECT_EQ(lines_of(box.minidock_ok({"pull", "-q", "127.0.0.1:5000/busybox:1"})).size(), 1u);
}

TEST_F(Registry, RunPullsAMissingImage) {
  start_with("busybox", "busybox:1");
  const Result result = box.minidock({"run", "--rm", "127.0.0.1:5000/busybox:1", "echo", "works"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out, "works\n");
  EXPECT_THAT(result.err, HasSubstr("Unable to find image '127.0.0.1:5000/busybox:1' locally"));
}

TEST_F(Registry, PullByDigest) {
  start_with("busybox", "busybox:1");
  const std::string digest = box.host_ok(
      {"skopeo", "inspect", "--tls-verify=false", "--format", "{{.Digest}}", "docker://127.0.0.1:5000/busybox:1"});
  box.minidock_ok({"pull", "-q", "127.0.0.1:5000/busybox@" + digest});
  EXPECT_EQ(box.minidock_ok({"run", "--rm", "127.0.0.1:5000/busybox@" + digest, "echo", "works"}), "works");
}

TEST_F(Registry, DockerSchemaTwoManifests) {
  start_with("busybox", "busybox:v2s2", {"--format", "v2s2"});
  box.minidock_ok({"pull", "-q", "127.0.0.1:5000/busybox:v2s2"});
  EXPECT_EQ(box.minidock_ok({"run", "--rm", "127.0.0.1:5000/busybox:v2s2", "echo", "works"}), "works");
}

TEST_F(Registry, ZstdLayers) {
  start_with("busybox", "busybox:zstd", {"--dest-compress-format", "zstd", "--format", "oci"});
  box.minidock_ok({"pull", "-q", "127.0.0.1:5000/busybox:zstd"});
  EXPECT_EQ(box.minidock_ok({"run", "--rm", "127.0.0.1:5000/busybox:zstd", "echo", "works"}), "works");
}

TEST_F(Registry, SharedLayersAreStoredOnce) {
  start_with("busybox", "one:1");
  copy("busybox", "two:1");
  box.minidock_ok({"pull", "-q", "127.0.0.1:5000/one:1"});
  box.minidock_ok({"pull", "-q", "127.0.0.1:5000/two:1"});
  EXPECT_EQ(box.shell("ls " + box.path("root") + "/layers | wc -l"), "1");
}

TEST_F(Registry, MissingTagAndUnreachableRegistry) {
  start_with("busybox", "busybox:1");
  const Result missing = box.minidock({"pull", "127.0.0.1:5000/busybox:2"});
  EXPECT_EQ(missing.exit_code, 1);
  EXPECT_THAT(missing.err, HasSubstr("manifest"));
  const Result unreachable = box.minidock({"pull", "127.0.0.1:5999/busybox:2"});
  EXPECT_EQ(unreachable.exit_code, 1);
  EXPECT_THAT(unreachable.err, HasSubstr("127.0.0.1:5999"));
}

TEST_F(Registry, CorruptBlobLeavesNothing) {
  start_with("busybox", "busybox:1");
  // The largest blob is the layer; its bytes change, its length stays.
  box.shell("f=$(find " + box.path("registry/data") +
            " -name data -size +100k | head -1); printf corrupt | dd of=$f bs=1 seek=5000 conv=notrunc status=none");
  const Result result = box.minidock({"pull", "127.0.0.1:5000/busybox:1"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("digest"));
  EXPECT_EQ(box.minidock_ok({"images", "-q"}), "");
  EXPECT_EQ(box.shell("ls -A " + box.path("root") + "/layers " + box.path("root") +
                      "/blobs/sha256 | grep -v : | grep . || true"),
            "");
}

TEST_F(Registry, KilledPullLeavesAUsableStore) {
  start_with("webapp", "webapp:1");
  for (int attempt = 0; attempt < 5; ++attempt) {
    Background pull = box.start({"pull", "-q", "127.0.0.1:5000/webapp:1"});
    usleep(static_cast<useconds_t>(20'000 + attempt * 60'000));
    pull.signal(SIGKILL);
    pull.wait();
  }
  box.minidock_ok({"pull", "-q", "127.0.0.1:5000/webapp:1"});
  EXPECT_EQ(box.minidock_ok({"run", "--rm", "127.0.0.1:5000/webapp:1", "python", "-c", "print('works')"}), "works");
  EXPECT_EQ(box.shell("ls -A " + box.path("root") + "/layers | grep -c '^\\.' || true"), "0");
}

TEST_F(Registry, BasicAuthenticationIsAsked) {
  registry({"start", box.path("registry"), "5000", "user", "secret"});
  copy("busybox", "busybox:1", {"--dest-creds", "user:secret"});
  const Result refused = box.minidock({"pull", "127.0.0.1:5000/busybox:1"});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.err, testing::AnyOf(HasSubstr("unauthorized"), HasSubstr("authentication required"),
                                          HasSubstr("no basic auth credentials")));
}

TEST_F(Registry, PlainHttpOnlyForLoopbackAndListedRegistries) {
  start_with("busybox", "busybox:1");
  box.shell(
      "ip link add other0 type bridge && ip addr add 10.77.0.1/24 dev other0 && ip link set other0 up && sed -i "
      "'s/127.0.0.1:5000/:5000/' " +
      box.path("registry/config.yml") + " && kill $(cat " + box.path("registry/pid") + ")");
  Background server({"docker-registry", "serve", box.path("registry/config.yml")}, "", box.path(""));
  ASSERT_TRUE(Sandbox::eventually([&] {
    return box.host({"curl", "-s", "--noproxy", "*", "http://10.77.0.1:5000/v2/"}).exit_code == 0;
  }));
  EXPECT_NE(box.minidock({"pull", "10.77.0.1:5000/busybox:1"}).exit_code, 0);
  const std::string file = box.write_file("daemon.json", R"({"insecure-registries": ["10.77.0.1:5000"]})");
  box.minidock_ok({"--config-file", file, "pull", "-q", "10.77.0.1:5000/busybox:1"});
}

}  // namespace
}  // namespace minidock::functional

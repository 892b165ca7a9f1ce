// container, image, volume and system prune; system df; ps --size; info; the exists verbs.
#include <gmock/gmock.h>

#include "tests/functional/sandbox.h"

namespace minidock::functional {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

class Prune : public FunctionalTest {
 protected:
  std::string stopped(const std::string& name, const std::string& script, const Arguments& options = {}) {
    Arguments all = options;
    all.insert(all.end(), {"--name", name});
    const std::string id = box.run_detached(all, {"sh", "-c", script});
    box.minidock_ok({"wait", name});
    return id;
  }
  std::string containers() { return box.minidock_ok({"ps", "-a", "--format", "{{.Names}}"}); }
  std::string volumes() { return box.minidock_ok({"volume", "ls", "-q"}); }
  std::string error_of(const Arguments& arguments) {
    const Result result = box.minidock(arguments);
    EXPECT_EQ(result.exit_code, 1) << result.out;
    return trimmed(result.err);
  }
};

TEST_F(Prune, ContainersThatDoNotRun) {
  const std::string id = stopped("down", "echo hello > /file");
  box.run_detached({"--name", "up"}, {"sleep", "600"});
  EXPECT_EQ(box.minidock_ok({"container", "prune", "-f"}),
            "Deleted Containers:\n" + id + "\n\nTotal reclaimed space: 6B");
  EXPECT_EQ(containers(), "up");
  EXPECT_EQ(box.minidock_ok({"container", "prune", "-f"}), "Total reclaimed space: 0B");
}

TEST_F(Prune, AsksFirst) {
  stopped("down", "true");
  const std::string question =
      "WARNING! This will remove all stopped containers.\nAre you sure you want to continue? [y/N] ";
  EXPECT_EQ(box.minidock_ok({"container", "prune"}, "N\n"), question + "Total reclaimed space: 0B");
  EXPECT_EQ(containers(), "down");
  EXPECT_THAT(box.minidock_ok({"container", "prune"}, "y\n"), HasSubstr(question + "Deleted Containers:\n"));
  EXPECT_EQ(containers(), "");
}

TEST_F(Prune, ContainersByFilter) {
  stopped("labelled", "true", {"--label", "keep=yes"});
  stopped("plain", "true");
  EXPECT_EQ(box.minidock_ok({"container", "prune", "-f", "--filter", "until=24h"}), "Total reclaimed space: 0B");
  box.minidock_ok({"container", "prune", "-f", "--filter", "label!=keep"});
  EXPECT_EQ(containers(), "labelled");
  EXPECT_EQ(error_of({"container", "prune", "-f", "--filter", "until=abc"}),
            "Error: failed to parse value as time or duration: \"abc\"");
  EXPECT_EQ(error_of({"container", "prune", "-f", "--filter", "foo=1"}), "Error: Invalid filter 'foo'");
  box.minidock_ok({"container", "prune", "-f", "--filter", "label=keep=yes", "--filter", "until=0s"});
  EXPECT_EQ(containers(), "");
}

TEST_F(Prune, DryRunTellsAndTouchesNothing) {
  const std::string id = stopped("down", "echo hello > /file; echo 12345 > /anonymous/file", {"-v", "/anonymous"});
  box.minidock_ok({"volume", "create", "named"});
  EXPECT_EQ(box.minidock_ok({"container", "prune", "--dry-run"}),
            "Would delete Containers:\n" + id + "  6B\n\nTotal reclaimable space: 6B");
  const std::string system = box.minidock_ok({"system", "prune", "-a", "--volumes", "--dry-run"});
  EXPECT_THAT(system, HasSubstr("Would delete Containers:\n" + id + "  6B\n"));
  EXPECT_THAT(system, testing::ContainsRegex("Would delete Volumes:\n[0-9a-f]{64}  6B\n"));
  EXPECT_THAT(system, testing::ContainsRegex(
                          "Would delete Images:\nuntagged: busybox:latest  0B\ndeleted: sha256:[0-9a-f]{64}  "));
  EXPECT_EQ(containers(), "down");
  EXPECT_EQ(lines_of(volumes()).size(), 2u);
  EXPECT_EQ(box.minidock({"image", "exists", "busybox"}).exit_code, 0);
  EXPECT_EQ(box.minidock_ok({"volume", "prune", "-a", "--dry-run"}),
            "Would delete Volumes:\nnamed  0B\n\nTotal reclaimable space: 0B");
}

TEST_F(Prune, AnonymousVolumesAndWithAllTheNamedOnes) {
  stopped("down", "echo 12345 > /anonymous/file", {"-v", "/anonymous"});
  box.minidock_ok({"volume", "create", "--label", "keep", "kept"});
  box.minidock_ok({"volume", "create", "named"});
  box.minidock_ok({"volume", "create", "-o", "type=tmpfs", "-o", "device=tmpfs", "mounted"});
  EXPECT_EQ(box.minidock_ok({"volume", "prune", "-f"}), "Total reclaimed space: 0B");
  box.minidock_ok({"rm", "down"});
  EXPECT_THAT(box.minidock_ok({"volume", "prune", "-f"}),
              MatchesRegex("Deleted Volumes:\n[0-9a-f]{64}\n\nTotal reclaimed space: 6B"));
  EXPECT_EQ(box.minidock_ok({"volume", "prune", "-af", "--filter", "label!=keep"}),
            "Deleted Volumes:\nnamed\n\nTotal reclaimed space: 0B");
  EXPECT_EQ(volumes(), "kept\nmounted");
  EXPECT_EQ(error_of({"volume", "prune", "-f", "--filter", "until=1h"}), "Error: Invalid filter 'until'");
  EXPECT_THAT(box.minidock_ok({"volume", "prune"}, "n\n"),
              HasSubstr("WARNING! This will remove anonymous local volumes not used by at least one container.\n"));
}

TEST_F(Prune, ImagesThatNobodyUses) {
  const std::string up = box.run_detached({"--name", "up"}, {"sleep", "600"});
  EXPECT_EQ(box.minidock_ok({"image", "prune", "-af"}), "Total reclaimed space: 0B");
  box.minidock_ok({"rm", "-f", "up"});
  EXPECT_EQ(box.minidock_ok({"image", "prune", "-f"}), "Total reclaimed space: 0B");
  EXPECT_THAT(box.minidock_ok({"image", "prune", "-af"}),
              MatchesRegex("Deleted Images:\nuntagged: busybox:latest\ndeleted: sha256:[0-9a-f]{64}\ndeleted: "
                           "sha256:[0-9a-f]{64}\n\nTotal reclaimed space: [0-9.]+MB"));
  EXPECT_EQ(box.minidock({"image", "exists", "busybox"}).exit_code, 1);
}

TEST_F(Prune, SystemTakesAllKindsInDockersOrder) {
  stopped("down", "echo hello > /file", {"-v", "/anonymous"});
  box.minidock_ok({"rm", "-f", box.run_detached({"-v", "/anonymous"}, {"true"})});
  EXPECT_THAT(
      box.minidock_ok({"system", "prune", "-a", "--volumes"}, ""),
      HasSubstr("WARNING! This will remove:\n  - all stopped containers\n  - all networks not used by at least one "
                "container\n  - all anonymous volumes not used by at least one container\n  - all images without "
                "at least one container associated to them\n  - all build cache\n\nAre you sure"));
  EXPECT_THAT(box.minidock_ok({"system", "prune", "--filter", "until=24h", "--filter", "label=a"}, ""),
              HasSubstr("\n  Items to be pruned will be filtered with:\n  - label=a\n  - until=24h\n\nAre you sure"));
  EXPECT_EQ(error_of({"system", "prune", "--volumes", "--filter", "until=24h", "-f"}),
            "Error: The \"until\" filter is not supported with \"--volumes\"");
  EXPECT_THAT(
      box.minidock_ok({"system", "prune", "-f", "-a", "--volumes"}),
      MatchesRegex("Deleted Containers:\n[0-9a-f]{64}\n\nDeleted Volumes:\n[0-9a-f]{64}\n[0-9a-f]{64}\n\nDeleted "
                   "Images:\nuntagged: busybox:latest\n(.|\n)*\nTotal reclaimed space: [0-9.]+MB"));
}

// ---- sizes

using Sizes = Prune;

TEST_F(Sizes, OfContainersInPsAndInspect) {
  stopped("down", "echo hello > /file");
  const std::string size = box.minidock_ok({"ps", "-a", "--format", "{{.Size}}"});
  EXPECT_THAT(size, MatchesRegex("6B \\(virtual [0-9.]+MB\\)"));
  const std::vector<std::string> lines = lines_of(box.minidock_ok({"ps", "-as"}));
  EXPECT_THAT(lines[0], MatchesRegex(".* NAMES +SIZE"));
  EXPECT_THAT(lines[1], testing::EndsWith(size));
  EXPECT_THAT(lines_of(box.minidock_ok({"ps", "-a"}))[0], Not(HasSubstr("SIZE")));
  const std::string image = box.inspect("busybox", "{{.Size}}");
  EXPECT_EQ(box.minidock_ok({"inspect", "--size", "-f", "{{.SizeRw}} {{.SizeRootFs}}", "down"}),
            "6 " + std::to_string(std::stoll(image) + 6));
  EXPECT_THAT(box.minidock_ok({"inspect", "down"}), Not(HasSubstr("SizeRw")));
}

TEST_F(Sizes, SystemDfCountsLikeDocker) {
  stopped("down", "echo hello > /file");
  box.run_detached({"--name", "up", "-v", "used:/data"},
                   {"sh", "-c", "echo 12345 > /data/file; echo hi > /x; sleep 600"});
  box.minidock_ok({"volume", "create", "free"});
  ASSERT_TRUE(Sandbox::eventually([&] { return box.minidock({"exec", "up", "cat", "/x"}).out == "hi\n"; }));
  const std::vector<std::string> lines = lines_of(box.minidock_ok({"system", "df"}));
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_THAT(lines[0], MatchesRegex("TYPE +TOTAL +ACTIVE +SIZE +RECLAIMABLE"));
  EXPECT_THAT(lines[1], MatchesRegex("Images +1 +1 +[0-9.]+MB +0B \\(0%\\)"));
  EXPECT_THAT(lines[2], MatchesRegex("Containers +2 +1 +9B +6B \\(66%\\)"));
  EXPECT_THAT(lines[3], MatchesRegex("Local Volumes +2 +1 +6B +0B \\(0%\\)"));
  EXPECT_THAT(lines[4], MatchesRegex("Build Cache +0 +0 +0B +0B"));
  const std::string details = box.minidock_ok({"system", "df", "-v"});
  EXPECT_THAT(details,
              testing::ContainsRegex("REPOSITORY +TAG +IMAGE ID +CREATED +SIZE +SHARED SIZE +UNIQUE SIZE +CONTAINERS\n"
                                     "busybox +latest +[0-9a-f]{12} +.* ago +[0-9.]+MB +0B +[0-9.]+MB +2\n"));
  EXPECT_THAT(details, testing::ContainsRegex("\nVOLUME NAME +LINKS +SIZE\nfree +0 +0B\nused +1 +6B\n"));
  EXPECT_EQ(box.minidock_ok({"system", "df", "--format", "{{.Type}}={{.TotalCount}}"}),
            "Images=1\nContainers=2\nLocal Volumes=2\nBuild Cache=0");
  EXPECT_EQ(box.minidock_ok({"system", "df", "-v", "--format", "{{range .Volumes}}{{.Name}} {{end}}"}), "free used ");
}

TEST_F(Sizes, ADeepTreeIsCounted) {
  stopped("deep", "i=0; while [ $i -lt 1500 ]; do mkdir d && cd d; i=$((i+1)); done; echo hello > file");
  EXPECT_THAT(box.minidock_ok({"ps", "-a", "--format", "{{.Size}}"}), HasSubstr("6B (virtual"));
}

// ---- info, exists

TEST_F(Prune, InfoHasDockersFields) {
  stopped("down", "true");
  EXPECT_EQ(box.minidock_ok(
                {"info", "--format", "{{.Containers}} {{.ContainersStopped}} {{.Images}} {{.Driver}} {{.OSType}}"}),
            "1 1 1 overlay2 linux");
  EXPECT_EQ(box.minidock_ok({"system", "info", "-f", "{{.DockerRootDir}}"}), box.path("root"));
  EXPECT_EQ(box.minidock_ok({"info", "-f", "{{.KernelVersion}}"}), box.shell("uname -r"));
  EXPECT_EQ(box.minidock_ok({"info", "-f", "{{.NCPU}}"}), box.shell("getconf _NPROCESSORS_ONLN"));
  const std::string text = box.minidock_ok({"info"});
  EXPECT_THAT(text, HasSubstr("Server:\n Containers: 1\n  Running: 0\n  Paused: 0\n  Stopped: 1\n Images: 1\n"));
  EXPECT_THAT(text, HasSubstr("\n Security Options:\n  seccomp\n   Profile: default\n  userns\n"));
}

TEST_F(Prune, ExistsTellsByItsExitCodeAlone) {
  stopped("down", "true");
  for (const char* kind : {"container", "image"}) {
    EXPECT_EQ(box.minidock({kind, "exists", std::string(kind) == "image" ? "busybox" : "down"}).exit_code, 0);
    const Result missing = box.minidock({kind, "exists", "nope"});
    EXPECT_EQ(missing.exit_code, 1);
    EXPECT_EQ(missing.out + missing.err, "");
  }
}

}  // namespace
}  // namespace minidock::functional

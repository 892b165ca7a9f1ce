// The secret store, and secrets in containers.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/functional/sandbox.h"

namespace minidock::functional {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

class Secrets : public FunctionalTest {
 protected:
  std::string create(const std::string& name, const std::string& data) {
    return box.minidock_ok({"secret", "create", name, "-"}, data);
  }
  std::string error_of(const Arguments& arguments, const std::string& input = "") {
    const Result result = box.minidock(arguments, input);
    EXPECT_NE(result.exit_code, 0);
    return trimmed(result.err);
  }
};

TEST_F(Secrets, CreateListInspectRemove) {
  const std::string id = create("password", "hunter2");
  EXPECT_THAT(id, MatchesRegex("[0-9a-f]{25}"));
  const std::string file = box.write_file("token", "t0ken");
  box.minidock_ok({"secret", "create", "-l", "a=1", "token", file});
  const std::vector<std::string> lines = lines_of(box.minidock_ok({"secret", "ls"}));
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_THAT(lines[0], MatchesRegex("ID +NAME +DRIVER +CREATED +UPDATED"));
  EXPECT_THAT(lines[1], MatchesRegex(id + " +password +file +.* ago +.* ago"));
  EXPECT_EQ(box.minidock_ok({"secret", "ls", "-q", "-f", "name=pass"}), id);
  EXPECT_EQ(box.minidock_ok(
                {"secret", "inspect", "-f", "{{.Spec.Name}} {{json .Spec.Labels}} {{.Spec.Driver.Name}}", "token"}),
            "token {\"a\":\"1\"} file");
  EXPECT_THAT(box.minidock_ok({"secret", "inspect", "token"}), Not(HasSubstr("t0ken")));
  EXPECT_EQ(box.minidock_ok({"secret", "inspect", "--showsecret", "-f", "{{.SecretData}}", "token"}), "t0ken");
  EXPECT_EQ(box.minidock_ok({"secret", "rm", "password"}), id);
  EXPECT_EQ(error_of({"secret", "rm", "password"}), "Error: no secret with name or id \"password\": no such secret");
  EXPECT_EQ(box.minidock({"secret", "exists", "token"}).exit_code, 0);
  EXPECT_EQ(box.minidock({"secret", "exists", "password"}).exit_code, 1);
}

TEST_F(Secrets, AreStoredForRootOnly) {
  const std::string id = create("password", "hunter2");
  struct stat info {};
  ASSERT_EQ(stat(box.path("root/secrets").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0700u);
  ASSERT_EQ(stat(box.path("root/secrets/" + id).c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600u);
  box.minidock_ok({"secret", "rm", "-a"});
  EXPECT_TRUE(std::filesystem::is_empty(box.path("root/secrets")));
}

TEST_F(Secrets, WrongOnesAreRefused) {
  create("password", "hunter2");
  EXPECT_EQ(error_of({"secret", "create", "password", "-"}, "x"), "Error: password: secret name in use");
  EXPECT_THAT(error_of({"secret", "create", "a b", "-"}, "x"), HasSubstr("a b: invalid secret name"));
  EXPECT_EQ(error_of({"secret", "create", "big", "-"}, std::string(512000, 'x')),
            "Error: secret data must be larger than 0 and less than 512000 bytes");
  EXPECT_EQ(error_of({"secret", "create", "empty", "-"}),
            "Error: secret data must be larger than 0 and less than 512000 bytes");
  EXPECT_EQ(error_of({"secret", "create", "none", "/no/such"}), "Error: open /no/such: no such file or directory");
  box.minidock_ok({"secret", "create", "--replace", "password", "-"}, "new");
  EXPECT_EQ(box.minidock_ok({"secret", "inspect", "--showsecret", "-f", "{{.SecretData}}", "password"}), "new");
}

class SecretsIn : public Secrets, public testing::WithParamInterface<const char*> {
 protected:
  Result run(const Arguments& options, const Arguments& program) {
    Arguments all = options;
    if (std::string(GetParam()) == "host") all.insert(all.end(), {"--userns", "host"});
    return box.run(all, program);
  }
};

TEST_P(SecretsIn, AreFilesInMemory) {
  create("password", "hunter2");
  const Result result = run({"--secret", "password", "--secret", "source=password,target=mine,uid=33,gid=34,mode=0400"},
                            {"sh", "-c",
                             "cat /run/secrets/password; stat -c ' %a:%u:%g' /run/secrets/password; "
                             "stat -c '%a:%u:%g' /run/secrets/mine; grep -c 'tmpfs /run/secrets tmpfs ro' "
                             "/proc/mounts; touch /run/secrets/x"});
  EXPECT_EQ(result.out, "hunter2 444:0:0\n400:33:34\n1\n");
  EXPECT_THAT(result.err, HasSubstr("Read-only file system"));
}

TEST_P(SecretsIn, AbsoluteTargetIsOneFile) {
  create("password", "hunter2");
  const Result result = run({"--secret", "password,target=/etc/app/key,mode=0440"},
                            {"sh", "-c", "cat /etc/app/key; stat -c ' %a' /etc/app/key"});
  EXPECT_EQ(result.out, "hunter2 440\n") << result.err;
}

TEST_P(SecretsIn, VariableOfTheEnvironment) {
  create("password", "hunter2");
  EXPECT_EQ(run({"--secret", "password,type=env,target=PASSWORD"}, {"sh", "-c", "echo $PASSWORD"}).out, "hunter2\n");
}

INSTANTIATE_TEST_SUITE_P(Userns, SecretsIn, testing::Values("remapped", "host"));

TEST_F(Secrets, LeaveNoTraceOfTheirDataInTheContainersDirectory) {
  create("password", "hunter2");
  const std::string id = box.run_detached({"--name", "web", "--secret", "password"}, {"sleep", "600"});
  EXPECT_NE(box.host({"grep", "-rq", "hunter2", box.path("root/containers/" + id)}).exit_code, 0);
  EXPECT_THAT(box.minidock_ok({"inspect", "web"}), Not(HasSubstr("hunter2")));
}

TEST_F(Secrets, UnknownOneLeavesNoContainer) {
  const Result result = box.run({"--name", "web", "--secret", "nope"}, {"true"});
  EXPECT_EQ(result.exit_code, 125);
  EXPECT_EQ(result.err, "minidock: no secret with name or id \"nope\": no such secret\n");
  EXPECT_EQ(box.minidock_ok({"ps", "-aq"}), "");
}

}  // namespace
}  // namespace minidock::functional

// `ns`: the namespaces of containers.
#include <gmock/gmock.h>
#include <sys/stat.h>

#include "tests/functional/sandbox.h"

namespace minidock::functional {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

class Ns : public FunctionalTest {
 protected:
  Ns() {
    web_ = box.run_detached({"--name", "web"}, {"sleep", "600"});
    box.run_detached({"--name", "db", "--network", "container:web"}, {"sleep", "600"});
  }
  std::string cell(const std::string& container, const std::string& type, const std::string& field) {
    const std::string format = "{{if eq .Type \"" + type + "\"}}{{." + field + "}}{{end}}";
    return trimmed(box.minidock_ok({"ns", "--format", format, container}));
  }
  static std::string value(const std::string& text) {
    for (const std::string& line : lines_of(text)) {
      if (!line.empty()) return line;
    }
    return "";
  }
  static std::string inode(pid_t pid, const std::string& type) {
    struct stat info {};
    return stat(("/proc/" + std::to_string(pid) + "/ns/" + type).c_str(), &info) == 0 ? std::to_string(info.st_ino)
                                                                                      : "";
  }
  std::string web_;
};

TEST_F(Ns, TableOfAllThatRun) {
  const std::vector<std::string> lines = lines_of(box.minidock_ok({"ns"}));
  ASSERT_EQ(lines.size(), 1u + 2 * 8);
  EXPECT_THAT(lines[0], MatchesRegex("CONTAINER +NAMESPACE +INODE +OWNER +SHARED WITH +UID MAP +GID MAP"));
  EXPECT_THAT(lines[1], MatchesRegex("web +mnt +[0-9]+ +own *"));
}

TEST_F(Ns, InodesAndOwners) {
  const pid_t pid = box.pid_of("web");
  for (const std::string type : {"mnt", "uts", "ipc", "pid", "net", "user", "cgroup"}) {
    EXPECT_EQ(value(cell("web", type, "Inode")), inode(pid, type)) << type;
  }
  EXPECT_EQ(value(cell("web", "mnt", "Owner")), "own");
  EXPECT_EQ(value(cell("web", "time", "Owner")), "host");
  EXPECT_EQ(value(cell("web", "net", "Owner")), "shared");
  EXPECT_EQ(value(cell("web", "net", "SharedWith")), "db");
  EXPECT_EQ(value(cell("db", "net", "SharedWith")), "web");
  EXPECT_EQ(value(cell("db", "net", "Inode")), inode(pid, "net"));
}

TEST_F(Ns, HostsNamespacesAndMaps) {
  box.run_detached({"--name", "bare", "--userns", "host", "--uts", "host"}, {"sleep", "600"});
  EXPECT_EQ(value(cell("bare", "uts", "Owner")), "host");
  EXPECT_EQ(value(cell("bare", "user", "Owner")), "host");
  EXPECT_EQ(value(cell("bare", "user", "UidMap")), "as outside");
  const std::string map = box.host_ok(
      {"awk", "{print $1 \" -> \" $2 \" (\" $3 \")\"}", "/proc/" + std::to_string(box.pid_of("web")) + "/uid_map"});
  EXPECT_EQ(value(cell("web", "user", "UidMap")), map);
}

TEST_F(Ns, JsonIsAnObjectAContainer) {
  const std::string file = box.write_file("ns.json", box.minidock_ok({"ns", "--format", "json", "web"}));
  EXPECT_EQ(box.host_ok({"jq", "-r", ".ID", file}), web_);
  EXPECT_EQ(box.host_ok({"jq", "-c", ".Namespaces[] | select(.Type == \"net\") | [.Owner, .SharedWith]", file}),
            "[\"shared\",[\"db\"]]");
  EXPECT_EQ(box.host_ok({"jq", "-r", ".Namespaces[] | select(.Type == \"mnt\") | .Inode", file}),
            inode(box.pid_of("web"), "mnt"));
  EXPECT_EQ(box.host_ok({"jq", ".UidMap[0].Size", file}), "65536");
}

TEST_F(Ns, GraphIsSvgUnlessDotIsAskedFor) {
  const std::string svg = box.minidock_ok({"ns", "--graph"});
  EXPECT_EQ(svg, box.minidock_ok({"ns", "--graph=svg"}));
  const std::string file = box.write_file("ns.svg", svg);
  EXPECT_EQ(box.host({"python3", "-c",
                      "import sys, xml.dom.minidom; d = xml.dom.minidom.parse(sys.argv[1]); "
                      "assert d.documentElement.tagName == 'svg'",
                      file})
                .exit_code,
            0);
  EXPECT_THAT(svg, HasSubstr(">web</text>"));
  EXPECT_THAT(svg, HasSubstr(">" + inode(box.pid_of("web"), "net") + "</text>"));
  // A name behind --graph is a container's.
  EXPECT_THAT(box.minidock_ok({"ns", "--graph", "web"}), Not(HasSubstr(">db</text>")));
  const std::string dot = box.minidock_ok({"ns", "--graph=dot"});
  EXPECT_THAT(dot, HasSubstr("graph namespaces {"));
  EXPECT_THAT(dot, ContainsRegex("\"" + web_ + "\" -- \"net:[0-9]+\""));
}

TEST_F(Ns, WrongWordsAreErrors) {
  EXPECT_THAT(box.minidock({"ns", "--graph=png"}).err, HasSubstr("it is svg or dot"));
  EXPECT_NE(box.minidock({"ns", "--graph", "--format", "json"}).exit_code, 0);
  EXPECT_THAT(box.minidock({"ns", "missing"}).err, HasSubstr("No such container: missing"));
}

TEST_F(Ns, AStoppedOneHasNone) {
  box.minidock_ok({"rm", "-f", "db"});
  box.minidock_ok({"stop", "-t", "0", "web"});
  const Result result = box.minidock({"ns", "web"});
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("Container web is not running"));
  EXPECT_EQ(lines_of(box.minidock_ok({"ns"})).size(), 1u);
}

}  // namespace
}  // namespace minidock::functional

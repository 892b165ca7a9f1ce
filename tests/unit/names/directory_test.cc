#include "names/directory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/file.h"
#include "tests/unit/storage/scratch.h"

namespace minidock::names {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const std::string kWebId(64, 'a');
const std::string kDbId(64, 'b');

class DirectoryTest : public testing::Test {
 protected:
  DirectoryTest() {
    file::make_directories(networks_, 0700);
    write_view("network n1 front open\nnetwork n2 back internal\n");
  }
  void write_view(const std::string& text) { file::replace(view_, text, 0600); }
  void write_network(const std::string& id, const std::string& text) {
    file::replace(networks_ + "/" + id, text, 0600);
  }
  std::vector<std::string> ipv4(const std::string& name) {
    const std::optional<Directory::Found> found = directory_.find(name);
    return found ? found->ipv4 : std::vector<std::string>{"unknown"};
  }
  std::vector<std::string> ipv6(const std::string& name) {
    const std::optional<Directory::Found> found = directory_.find(name);
    return found ? found->ipv6 : std::vector<std::string>{"unknown"};
  }

  Scratch scratch_;
  std::string view_ = scratch_.path() + "/view";
  std::string networks_ = scratch_.path() + "/networks";
  Directory directory_{view_, networks_};
};

TEST_F(DirectoryTest, FindsByEachName) {
  write_network("n1", "10.0.0.2 fd00::2 " + kWebId + " web aaaaaaaaaaaa www\n10.0.0.3 - " + kDbId + " db\n");
  for (const char* name : {"web", "aaaaaaaaaaaa", "www", "web.front", "www.front", "aaaaaaaaaaaa.front"}) {
    EXPECT_THAT(ipv4(name), ElementsAre("10.0.0.2")) << name;
    EXPECT_THAT(ipv6(name), ElementsAre("fd00::2")) << name;
  }
  EXPECT_THAT(ipv4("db"), ElementsAre("10.0.0.3"));
  EXPECT_THAT(ipv6("db"), IsEmpty());
  for (const char* name : {"we", "webb", "web.back", ".front", "front", "web.front.", "", "-", "10.0.0.2"}) {
    EXPECT_THAT(ipv4(name), ElementsAre("unknown")) << name;
  }
  EXPECT_THAT(ipv4(kWebId), ElementsAre("unknown"));
}

TEST_F(DirectoryTest, ComparesNetworkNamesWithoutCase) {
  write_view("network n1 FrontEnd open\n");
  write_network("n1", "10.0.0.2 - " + kWebId + " web\n");
  EXPECT_THAT(ipv4("web.frontend"), ElementsAre("10.0.0.2"));
}

TEST_F(DirectoryTest, HasAllAddressesOfTheFirstNetworkThatKnowsTheName) {
  write_network("n1", "10.0.0.2 - c1 one pool\n10.0.0.3 - c2 two\n10.0.0.4 - c3 three pool\n");
  write_network("n2", "10.1.0.2 - c1 one pool\n10.1.0.9 - c9 nine\n");
  EXPECT_THAT(ipv4("pool"), ElementsAre("10.0.0.2", "10.0.0.4"));
  EXPECT_THAT(ipv4("pool.back"), ElementsAre("10.1.0.2"));
  EXPECT_THAT(ipv4("nine"), ElementsAre("10.1.0.9"));
  write_view("network n2 back internal\nnetwork n1 front open\n");
  EXPECT_THAT(ipv4("pool"), ElementsAre("10.1.0.2"));
  EXPECT_THAT(ipv4("two"), ElementsAre("10.0.0.3"));
}

TEST_F(DirectoryTest, DoesNotKnowNetworksThatTheContainerIsNotOn) {
  write_network("n3", "10.3.0.2 - c1 one\n");
  EXPECT_THAT(ipv4("one"), ElementsAre("unknown"));
  EXPECT_EQ(directory_.name_of("10.3.0.2"), std::nullopt);
}

TEST_F(DirectoryTest, PrefersLinks) {
  write_view(
      "network n1 front open\nnetwork n2 back internal\nlink DB c2\nlink other c2\nlink both c1\nlink both c2\n");
  write_network("n1", "10.0.0.2 - c1 db\n");
  write_network("n2", "10.1.0.3 fd01::3 c2 database\n");
  EXPECT_THAT(ipv4("db"), ElementsAre("10.1.0.3"));
  EXPECT_THAT(ipv6("db"), ElementsAre("fd01::3"));
  EXPECT_THAT(ipv4("other"), ElementsAre("10.1.0.3"));
  EXPECT_THAT(ipv4("both"), ElementsAre("10.0.0.2"));
  write_network("n2", "");
  EXPECT_THAT(ipv4("db"), ElementsAre("10.0.0.2"));
  EXPECT_THAT(ipv4("other"), ElementsAre("unknown"));
}

TEST_F(DirectoryTest, NamesAddresses) {
  write_network("n1", "10.0.0.2 fd00::2 c1 web www\n10.0.0.3 - c3\n");
  write_network("n2", "10.0.0.2 - c2 db\n10.1.0.2 - c2 db\n");
  EXPECT_EQ(directory_.name_of("10.0.0.2"), "web.front");
  EXPECT_EQ(directory_.name_of("fd00::2"), "web.front");
  EXPECT_EQ(directory_.name_of("10.1.0.2"), "db.back");
  for (const char* other : {"10.0.0.3", "10.0.0.4", "-", "web", "", "c1"}) {
    EXPECT_EQ(directory_.name_of(other), std::nullopt) << other;
  }
}

TEST_F(DirectoryTest, SeesWhatIsRenamedOver) {
  EXPECT_THAT(ipv4("web"), ElementsAre("unknown"));
  for (int i = 1; i <= 200; ++i) {
    // Of the same length, within the same tick of the clock: the inode tells them apart.
    write_view(fmt::format("network n{} front open\n", 100 + i));
    write_network(fmt::format("n{}", 100 + i), fmt::format("10.0.0.{} - c1 web\n", i));
    EXPECT_THAT(ipv4("web"), ElementsAre(fmt::format("10.0.0.{}", i)));
    write_network(fmt::format("n{}", 100 + i), fmt::format("10.0.1.{} - c1 web\n", i));
    EXPECT_THAT(ipv4("web"), ElementsAre(fmt::format("10.0.1.{}", i)));
  }
}

TEST_F(DirectoryTest, SeesWhatIsWrittenInPlace) {
  write_network("n1", "10.0.0.2 - c1 web\n");
  EXPECT_THAT(ipv4("web"), ElementsAre("10.0.0.2"));
  file::write(view_, "network n2 back internal\n", 0600);
  EXPECT_THAT(ipv4("web"), ElementsAre("unknown"));
  // The same length again: only the time tells.
  file::write(view_, "network n1 back internal\n", 0600);
  const timespec times[2] = {{0, UTIME_OMIT}, {1, 5}};
  ASSERT_EQ(utimensat(AT_FDCWD, view_.c_str(), times, 0), 0);
  EXPECT_THAT(ipv4("web"), ElementsAre("10.0.0.2"));
}

TEST_F(DirectoryTest, KnowsNobodyWithoutFiles) {
  EXPECT_THAT(ipv4("web"), ElementsAre("unknown"));
  EXPECT_THAT(directory_.upstreams(), IsEmpty());
  file::remove_tree(view_);
  EXPECT_THAT(ipv4("web"), ElementsAre("unknown"));
  write_view("network n1 front open\nserver 1.1.1.1 outside\n");
  write_network("n1", "10.0.0.2 - c1 web\n");
  EXPECT_THAT(ipv4("web"), ElementsAre("10.0.0.2"));
  EXPECT_EQ(directory_.upstreams().size(), 1U);
  file::remove_tree(view_);
  EXPECT_THAT(ipv4("web"), ElementsAre("unknown"));
  EXPECT_THAT(directory_.upstreams(), IsEmpty());
  EXPECT_FALSE(directory_.forwards());
}

TEST_F(DirectoryTest, PassesOverDamagedLines) {
  write_network("n1",
                "\n"
                "10.0.0.2\n"
                "10.0.0.2 -\n"
                "10.0.0.2 - \n"
                "10.0.0.256 - c1 web\n"
                "fd00::2 - c1 web\n"
                "10.0.0.2 10.0.0.3 c1 web\n"
                "10.0.0.7 -  web\n"
                "10.0.0.9 - c9 web\n"
                "10.0.0.10 - c10 web");
  EXPECT_THAT(ipv4("web"), ElementsAre("10.0.0.9"));
  EXPECT_EQ(directory_.name_of("10.0.0.256"), std::nullopt);
  EXPECT_EQ(directory_.name_of("10.0.0.9"), "web.front");
  EXPECT_EQ(directory_.name_of("10.0.0.10"), std::nullopt);

  write_view(
      "network n1\nnetwork n1 front\nnetwork n1 front ajar\nnetwork ../secret front open\nnetwork . front open\n"
      "link x\nserver 1.1.1.1\nserver 1.1.1.1 beside\nserver example.com outside\nnonsense n1 front open\n"
      "server 1.0.0.1 outside\nnetwork n3 other open\nnetwork n1 front open");
  EXPECT_THAT(ipv4("web"), ElementsAre("unknown"));
  ASSERT_EQ(directory_.upstreams().size(), 1U);
  EXPECT_EQ(directory_.upstreams()[0].address, "1.0.0.1");
}

TEST_F(DirectoryTest, PassesOverLinesThatAreTooLong) {
  const std::string before = "10.0.0.1 - c1 web\n";
  const std::string longest = "10.0.0.2 - c2 web " + std::string(kLongestLine - 19, 'x') + "\n";
  const std::string longer = "10.0.0.3 - c3 web " + std::string(3 * kLongestLine, 'x') + " web\n";
  ASSERT_EQ(longest.size(), kLongestLine);
  write_network("n1", before + longer + longest + longer + "10.0.0.4 - c4 web\n");
  EXPECT_THAT(ipv4("web"), ElementsAre("10.0.0.1", "10.0.0.2", "10.0.0.4"));
}

TEST_F(DirectoryTest, ReadsFilesUpToTheirLimit) {
  std::string text;
  while (text.size() < kLargestNetworkFile) text += fmt::format("10.0.0.1 - {} n{}\n", kWebId, text.size());
  const std::string last = fmt::format("n{}", text.size());
  write_network("n1", text + "10.0.0.2 - c2 web\n");
  EXPECT_THAT(ipv4("web"), ElementsAre("unknown"));
  write_network("n1", text.substr(0, kLargestNetworkFile / 2 / 84 * 84));
  write_network("n2", "10.1.0.2 - c2 web\n");
  EXPECT_THAT(ipv4("web"), ElementsAre("10.1.0.2"));
}

TEST_F(DirectoryTest, FindsTheLastOfAThousand) {
  std::vector<NamedEndpoint> endpoints;
  for (int i = 0; i < 1000; ++i) {
    endpoints.push_back({fmt::format("10.0.{}.{}", i / 250, i % 250 + 1), "", kWebId, {fmt::format("c{}", i), "pool"}});
  }
  write_network("n1", network_file(endpoints));
  EXPECT_THAT(ipv4("c999"), ElementsAre("10.0.3.250"));
  EXPECT_EQ(ipv4("pool").size(), 1000U);
  EXPECT_EQ(directory_.name_of("10.0.3.250"), "c999.front");
}

TEST_F(DirectoryTest, KnowsWhomToAsk) {
  write_view("server 1.1.1.1 outside\n");
  EXPECT_FALSE(directory_.forwards());  // no network, no way out
  write_view("network n1 front open\nserver 1.1.1.1 outside\nserver fd00::53 inside\nserver fe80::1%eth0 outside\n");
  const std::vector<Upstream> upstreams = directory_.upstreams();
  ASSERT_EQ(upstreams.size(), 3U);
  EXPECT_EQ(upstreams[0].address, "1.1.1.1");
  EXPECT_FALSE(upstreams[0].inside);
  EXPECT_EQ(upstreams[1].address, "fd00::53");
  EXPECT_TRUE(upstreams[1].inside);
  EXPECT_EQ(upstreams[2].address, "fe80::1%eth0");
  write_view("network n1 front internal\nnetwork n2 back internal\nserver 1.1.1.1 outside\n");
  EXPECT_FALSE(directory_.forwards());
  EXPECT_THAT(directory_.upstreams(), IsEmpty());
  write_view("network n1 front internal\nnetwork n2 back open\nserver 1.1.1.1 outside\n");
  EXPECT_TRUE(directory_.forwards());
  EXPECT_EQ(directory_.upstreams().size(), 1U);
}

TEST_F(DirectoryTest, AsksTheHostsServersWhereTheViewNamesNone) {
  const std::string path = view_ + ".resolv";
  Directory directory(view_, networks_, path);
  write_view("network n1 front open\n");
  EXPECT_THAT(directory.upstreams(), IsEmpty());
  file::write(path, "# comment\nsearch a b\nnameserver 1.1.1.1\nnameserver\t ::1 # \nnameservers 2.2.2.2\n", 0600);
  ASSERT_EQ(directory.upstreams().size(), 2U);
  EXPECT_EQ(directory.upstreams()[0].address, "1.1.1.1");
  EXPECT_FALSE(directory.upstreams()[0].inside);
  EXPECT_EQ(directory.upstreams()[1].address, "::1");
  file::replace(path, "nameserver 9.9.9.9\n", 0600);
  EXPECT_EQ(directory.upstreams().at(0).address, "9.9.9.9");
  write_view("network n1 front open\nserver 8.8.8.8 inside\n");
  EXPECT_EQ(directory.upstreams().at(0).address, "8.8.8.8");
  write_view("network n1 front internal\n");
  EXPECT_THAT(directory.upstreams(), IsEmpty());
}

TEST(DirectoryFiles, AreWrittenAsTheyAreRead) {
  EXPECT_EQ(network_file({{"10.0.0.2", "", "c1", {"Web", "aaaa"}}, {"", "fd00:0:0::2", "c2", {"db"}}}),
            "10.0.0.2 - c1 web aaaa\n- fd00::2 c2 db\n");
  EXPECT_EQ(view_file({{{"n1", "front", false}, {"n2", "back", true}},
                       {{"Alias", "c1"}},
                       {{"1.1.1.1", false}, {"fd00::53", true}}}),
            "network n1 front open\nnetwork n2 back internal\nlink alias c1\nserver 1.1.1.1 outside\n"
            "server fd00::53 inside\n");
}

TEST(DirectoryFiles, LeaveOutWhatALineCannotHold) {
  EXPECT_EQ(network_file({{"10.0.0.2x", "", "c1", {"a b", "", "c\nd", "fine"}}, {"10.0.0.3", "", "", {"nobody"}}}),
            "- - c1 fine\n");
  EXPECT_EQ(view_file({{{"n 1", "front", false}}, {{"x\n", "c1"}, {"x", ""}}, {{"", false}}}), "");
  const std::string text =
      network_file({{"10.0.0.2", "", "c1", {"first", std::string(kLongestLine - 30, 'x'), std::string(99, 'y'), "z"}}});
  EXPECT_LE(text.size(), kLongestLine);
  EXPECT_TRUE(text.ends_with("x z\n"));
}

}  // namespace
}  // namespace minidock::names

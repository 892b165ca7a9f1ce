// Who owns which namespace, and its pictures.
#include "engine/namespaces_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <stdexcept>

#include "engine/namespaces_graph.h"

namespace minidock {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

using Owner = NamespaceUse::Owner;

const NamespaceInodes kHost = {1, 2, 3, 4, 5, 6, 7, 8};

NamespacesReport example() {
  const std::vector<NamespaceMember> members = {{"aaaaaaaaaaaaaaaa", "web", {10, 1}},
                                                {"bbbbbbbbbbbbbbbb", "db", {11, 1}}};
  NamespacesReport report{
      kHost, compare_namespaces(kHost, members,
                                {{101, 102, 103, 104, 105, 106, 107, 8}, {201, 202, 203, 204, 105, 206, 207, 8}})};
  report.containers[0].uid_map = {{0, 231072, 65536}};
  return report;
}

const NamespaceUse& use_of(const ContainerNamespaces& container, const std::string& type) {
  for (const NamespaceUse& use : container.namespaces) {
    if (use.type == type) return use;
  }
  throw std::runtime_error("no namespace of type " + type);
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

TEST(NamespacesReport, OwnHostAndShared) {
  const NamespacesReport report = example();
  const ContainerNamespaces& web = report.containers[0];
  EXPECT_EQ(use_of(web, "mnt").owner, Owner::own);
  EXPECT_EQ(use_of(web, "mnt").inode, 101u);
  EXPECT_EQ(use_of(web, "net").owner, Owner::shared);
  EXPECT_THAT(use_of(web, "net").shared_with, ElementsAre("db"));
  EXPECT_THAT(use_of(report.containers[1], "net").shared_with, ElementsAre("web"));
  EXPECT_EQ(use_of(web, "time").owner, Owner::host);
  EXPECT_THAT(use_of(web, "time").shared_with, testing::IsEmpty());
}

TEST(NamespacesReport, ATypeThatTheKernelLacksIsLeftOut) {
  NamespaceInodes inodes = kHost;
  inodes[7] = 0;
  const auto containers = compare_namespaces(kHost, {{"a", "web", {10, 1}}}, {inodes});
  EXPECT_EQ(containers[0].namespaces.size(), 7u);
}

TEST(NamespacesReport, OwnProcessIsRead) {
  const NamespaceInodes inodes = namespaces_of("self");
  EXPECT_NE(inodes[0], 0u);
  EXPECT_EQ(inodes, namespaces_of(std::to_string(getpid())));
}

TEST(NamespacesGraph, DotHasOneNodeForASharedNamespace) {
  const std::string dot = namespaces_dot(example());
  EXPECT_EQ(count(dot, "\"net:105\" ["), 1u);
  EXPECT_EQ(count(dot, "-- \"net:105\""), 2u);
  EXPECT_THAT(dot, HasSubstr("uid 0 -> 231072 (65536)"));
  EXPECT_THAT(dot, HasSubstr("gid as outside"));
  EXPECT_TRUE(dot.starts_with("graph namespaces {"));
}

TEST(NamespacesGraph, SvgHasOneBoxForASharedNamespace) {
  const std::string svg = namespaces_svg(example());
  EXPECT_EQ(count(svg, ">105</text>"), 1u);
  EXPECT_EQ(count(svg, ">101</text>"), 1u);
  // db in web's network, both in the host's time.
  EXPECT_EQ(count(svg, "<circle"), 3u);
  EXPECT_TRUE(svg.starts_with("<?xml"));
  EXPECT_TRUE(svg.ends_with("</svg>\n"));
}

TEST(NamespacesGraph, NamesAreEscaped) {
  NamespacesReport report = example();
  report.containers[0].name = "a<b>&\"c\\";
  EXPECT_THAT(namespaces_svg(report), HasSubstr("a&lt;b&gt;&amp;&quot;c\\"));
  EXPECT_THAT(namespaces_svg(report), Not(HasSubstr("a<b>")));
  EXPECT_THAT(namespaces_dot(report), HasSubstr("a<b>&\\\"c\\\\"));
}

TEST(NamespacesGraph, NothingRuns) {
  EXPECT_THAT(namespaces_svg({kHost, {}}), HasSubstr("host"));
  EXPECT_THAT(namespaces_dot({kHost, {}}), HasSubstr("}"));
}

}  // namespace
}  // namespace minidock

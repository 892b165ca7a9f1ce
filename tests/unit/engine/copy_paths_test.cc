#include "engine/copy_paths.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace minidock::copy {
namespace {

void expect_argument(const std::string& text, const std::string& container, const std::string& path) {
  const Argument argument = split_argument(text);
  EXPECT_EQ(argument.container, container) << text;
  EXPECT_EQ(argument.path, path) << text;
}

TEST(CopyPaths, ArgumentsOfContainerAndHost) {
  expect_argument("web:/a/b", "web", "/a/b");
  expect_argument("web:a:b", "web", "a:b");
  expect_argument("web:", "web", "");
  expect_argument("/a:b", "", "/a:b");
  expect_argument("./a:b", "", "./a:b");
  expect_argument("../a:b", "", "../a:b");
  expect_argument("file", "", "file");
  expect_argument("-", "", "-");
}

void expect_entry(const std::string& path, const std::string& directory, const std::string& base) {
  const PathEntry entry = split_entry(path);
  EXPECT_EQ(entry.directory, directory) << path;
  EXPECT_EQ(entry.base, base) << path;
}

TEST(CopyPaths, DirectoryAndBase) {
  expect_entry("/a/b", "/a", "b");
  expect_entry("/a/b/", "/a", "b");
  expect_entry("/a/b/.", "/a/b", ".");
  expect_entry("/a", "/", "a");
  expect_entry("/", "/", "/");
  expect_entry("/.", "/", ".");
  expect_entry("a", ".", "a");
  expect_entry("a/b", "a", "b");
  expect_entry("./a", ".", "a");
  expect_entry("../a", "..", "a");
  expect_entry("a/../../b", "..", "b");
  expect_entry(".", ".", ".");
}

TEST(CopyPaths, EndingsAreKept) {
  EXPECT_EQ(keep_ending("/a", "/a/"), "/a/");
  EXPECT_EQ(keep_ending("/a", "a/."), "/a/.");
  EXPECT_EQ(keep_ending("/", "/"), "/");
  EXPECT_EQ(keep_ending("/", "/."), "/.");
  EXPECT_EQ(keep_ending("/a", "/x/../a"), "/a");
}

TEST(CopyPaths, WhatIsBehindALink) {
  EXPECT_EQ(behind_link("/a/link", "target"), "/a/target");
  EXPECT_EQ(behind_link("/a/link", "/target"), "/target");
  EXPECT_EQ(behind_link("link", "target"), "target");
  EXPECT_EQ(behind_link("/a/link", "../b"), "/a/../b");
}

void expect_plan(const Source& source, const Destination& destination, const std::string& directory,
                 const std::string& name) {
  const Plan plan = make_plan(source, destination);
  EXPECT_EQ(plan.directory, directory) << destination.path;
  EXPECT_EQ(plan.name, name) << destination.path;
}

TEST(CopyPaths, Plans) {
  const Source file{"f", false};
  const Source tree{"d", true};
  expect_plan(file, {"/x", true, true}, "/x", "f");
  expect_plan(file, {"/x/", true, true}, "/x/", "f");
  expect_plan(tree, {"/x", true, true}, "/x", "d");
  expect_plan(file, {"/x/y", true, false}, "/x", "y");
  expect_plan(file, {"/x/y", false, false}, "/x", "y");
  expect_plan(tree, {"/x/y", false, false}, "/x", "y");
  expect_plan(tree, {"/x/y/", false, false}, "/x", "y");
}

void expect_refused(const Source& source, const Destination& destination, const std::string& message) {
  try {
    make_plan(source, destination);
    FAIL() << "no error for " << destination.path;
  } catch (const Error& error) {
    EXPECT_EQ(error.message(), message);
  }
}

TEST(CopyPaths, RefusedPlans) {
  expect_refused({"d", true}, {"/x", true, false}, "cannot copy directory");
  expect_refused({"f", false}, {"/x/", false, false}, "no such directory");
  expect_refused({"f", false}, {"/x/.", false, false}, "no such directory");
}

}  // namespace
}  // namespace minidock::copy

// What is started after a boot, and in which order.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "engine/boot_policy.h"
#include "engine/ordered_work.h"
#include "engine/start_dependencies.h"

namespace minidock {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

Container container(const std::string& id, const std::string& name) {
  Container result;
  result.definition.id = id;
  result.definition.name = name;
  return result;
}

Container service(const std::string& id, const std::string& name, const std::string& depends_on = "") {
  Container result = container(id, id);
  result.definition.config.labels = {{"com.docker.compose.project", "shop"},
                                     {"com.docker.compose.service", name},
                                     {"com.docker.compose.depends_on", depends_on}};
  return result;
}

// ---- dependencies

TEST(DependsOn, HasThreeParts) {
  EXPECT_THAT(parse_depends_on("db:service_healthy:false,job:service_completed_successfully:true"),
              ElementsAre(ServiceDependency{"db", Readiness::healthy}, ServiceDependency{"job", Readiness::completed}));
}

TEST(DependsOn, MayLackThem) {
  EXPECT_THAT(parse_depends_on("db,,redis:,x:service_started"),
              ElementsAre(ServiceDependency{"db", Readiness::started}, ServiceDependency{"redis", Readiness::started},
                          ServiceDependency{"x", Readiness::started}));
  EXPECT_THAT(parse_depends_on(""), IsEmpty());
}

TEST(StartDependencies, AreNamespacesLinksAndVolumes) {
  Container user = container("id-user", "user");
  HostConfig& host = user.definition.host;
  host.network_mode = "container:net";
  host.pid_mode = "container:id-pid";
  host.ipc_mode = "container:id-i";  // a unique beginning
  user.definition.links = {{"id-link", "link", "alias"}, {"id-net", "net", "net"}};
  host.volumes_from = {"data:ro", "unknown"};
  const std::vector<Container> all{user,
                                   container("id-net", "net"),
                                   container("id-pid", "pid"),
                                   container("id-ipc", "ipc"),
                                   container("id-link", "link"),
                                   container("id-data", "data"),
                                   container("id-other", "other")};
  EXPECT_THAT(start_dependencies(user, all),
              UnorderedElementsAre(Dependency{"id-net"}, Dependency{"id-pid"}, Dependency{"id-ipc"},
                                   Dependency{"id-link"}, Dependency{"id-data"}));
}

TEST(StartDependencies, OfComposeAreAllInstancesOfTheService) {
  Container web = service("web1", "web", "db:service_healthy:false,web:service_started:false");
  web.definition.host.volumes_from = {"db1"};
  Container run_once = service("db-run", "db");
  run_once.definition.config.labels["com.docker.compose.oneoff"] = "True";
  Container foreign = service("db3", "db");
  foreign.definition.config.labels["com.docker.compose.project"] = "other";
  EXPECT_THAT(start_dependencies(web, {web, service("db1", "db"), service("db2", "db"), run_once, foreign}),
              UnorderedElementsAre(Dependency{"db1", Readiness::healthy}, Dependency{"db2", Readiness::healthy}));
}

// ---- circles

TEST(Circles, AreTakenInTheOrderOfTheirNames) {
  std::vector<WorkItem> items{{"1", "c", {{"2"}, {"9", Readiness::healthy}}},
                              {"2", "a", {{"3"}}},
                              {"3", "b", {{"1"}}},
                              {"4", "after", {{"3"}}}};
  EXPECT_THAT(break_circles(items), ElementsAre("containers a, b, c depend on each other in a circle: taken in the "
                                                "order of their names"));
  EXPECT_THAT(items[0].after, UnorderedElementsAre(Dependency{"3"}, Dependency{"9", Readiness::healthy}));
  EXPECT_THAT(items[1].after, IsEmpty());
  EXPECT_THAT(items[2].after, ElementsAre(Dependency{"2"}));
  EXPECT_THAT(items[3].after, ElementsAre(Dependency{"3"}));
  EXPECT_THAT(break_circles(items), IsEmpty());
}

// ---- the work, with ends that the test decides on

class OrderedWork : public testing::Test {
 protected:
  OrderedWork() {
    callbacks.begin = [this](const WorkItem& item) {
      events.push_back("+" + item.id);
      most_at_once = std::max(most_at_once, ++under_way);
      if (item.id == unstartable) {
        --under_way;
        throw Error(ErrorKind::system, "no");
      }
      running.push_back(item.id);
    };
    callbacks.wait = [this](std::chrono::milliseconds) {
      if (running.empty()) return std::vector<WorkEnd>{};
      const std::string id = running.back();  // the last to begin ends first
      running.pop_back();
      --under_way;
      return std::vector<WorkEnd>{{id, id == failing ? std::optional<std::string>("failed") : std::nullopt}};
    };
    callbacks.look = [this](const Dependency&) { return ++looks < ready_after ? Outlook::possible : verdict; };
    callbacks.waited_in_vain = [this](const WorkItem& item, const Dependency& on) {
      events.push_back("?" + item.id + on.id);
    };
    callbacks.done = [this](const WorkItem& item, const std::optional<std::string>& error) {
      events.push_back((error ? "!" : "-") + item.id);
    };
  }

  void run(const std::vector<WorkItem>& items, std::size_t at_once = 8,
           std::chrono::milliseconds patience = std::chrono::hours(1)) {
    do_in_order(items, at_once, patience, callbacks);
  }

  WorkCallbacks callbacks;
  std::vector<std::string> events;
  std::vector<std::string> running;
  std::string failing;
  std::string unstartable;
  int looks = 0;
  int ready_after = 0;
  Outlook verdict = Outlook::ready;
  std::size_t under_way = 0;
  std::size_t most_at_once = 0;
};

TEST_F(OrderedWork, BeginsWhatNothingForbidsSideBySide) {
  run({{"a", "a", {{"b"}}}, {"b", "b", {}}, {"c", "c", {}}});
  EXPECT_THAT(events, ElementsAre("+b", "+c", "-c", "-b", "+a", "-a"));
}

TEST_F(OrderedWork, HasALimit) {
  run({{"a", "a", {}}, {"b", "b", {}}, {"c", "c", {}}}, 2);
  EXPECT_EQ(most_at_once, 2U);
  EXPECT_EQ(events.size(), 6U);
}

TEST_F(OrderedWork, GoesOnAfterFailures) {
  failing = "a";
  unstartable = "b";
  run({{"c", "c", {{"a"}, {"b"}, {"unknown"}}}, {"a", "a", {}}, {"b", "b", {}}});
  EXPECT_THAT(events, ElementsAre("+a", "+b", "!b", "!a", "+c", "-c"));
}

TEST_F(OrderedWork, LooksUntilADependencyIsReady) {
  ready_after = 5;
  run({{"a", "a", {{"b", Readiness::healthy}}}, {"b", "b", {}}});
  EXPECT_THAT(events, ElementsAre("+b", "-b", "+a", "-a"));
  EXPECT_EQ(looks, 5);
}

TEST_F(OrderedWork, WaitsNoLongerThanItsPatience) {
  ready_after = 1'000'000;
  run({{"a", "a", {{"b", Readiness::healthy}}}, {"b", "b", {}}}, 8, std::chrono::milliseconds(0));
  EXPECT_THAT(events, ElementsAre("+b", "-b", "?ab", "+a", "-a"));
}

TEST_F(OrderedWork, DoesNotWaitForWhatIsHopeless) {
  verdict = Outlook::hopeless;
  run({{"a", "a", {{"elsewhere", Readiness::completed}}}});
  EXPECT_THAT(events, ElementsAre("?aelsewhere", "+a", "-a"));
}

// ---- the policy

Container ended(const std::string& policy, int exit_code, bool stopped_by_user = false) {
  Container result = container("id", "name");
  result.definition.host.restart.name = policy;
  result.state.status = ContainerStatus::exited;
  result.state.exit_code = exit_code;
  result.state.stopped_by_user = stopped_by_user;
  return result;
}

TEST(BootPolicy, IsDockers) {
  EXPECT_FALSE(is_wanted_after_boot(ended("no", 137), true));
  EXPECT_TRUE(is_wanted_after_boot(ended("always", 0), false));
  EXPECT_TRUE(is_wanted_after_boot(ended("always", 0, true), false));
  EXPECT_TRUE(is_wanted_after_boot(ended("unless-stopped", 0), false));
  EXPECT_FALSE(is_wanted_after_boot(ended("unless-stopped", 0, true), false));
  EXPECT_TRUE(is_wanted_after_boot(ended("on-failure", 1), false));
  EXPECT_FALSE(is_wanted_after_boot(ended("on-failure", 0), false));
  EXPECT_FALSE(is_wanted_after_boot(ended("on-failure", 137, true), false));
  EXPECT_TRUE(is_wanted_after_boot(ended("on-failure", 0), true));  // cut off while it was started
}

TEST(BootPolicy, CountsRestarts) {
  Container failed = ended("on-failure", 1);
  failed.definition.host.restart.maximum_retries = 3;
  failed.state.restart_count = 2;
  EXPECT_TRUE(is_wanted_after_boot(failed, false));
  failed.state.restart_count = 3;
  EXPECT_FALSE(is_wanted_after_boot(failed, false));
}

TEST(BootPolicy, LeavesWhoRunsAndWhoNeverRanAlone) {
  Container other = ended("always", 0);
  other.state.status = ContainerStatus::running;
  EXPECT_FALSE(is_wanted_after_boot(other, true));
  other.state.status = ContainerStatus::created;
  EXPECT_FALSE(is_wanted_after_boot(other, false));
}

}  // namespace
}  // namespace minidock

// system check: see engine/check/check.h.
#include "engine/check/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <tuple>
#include <utility>

#include "base/error.h"
#include "base/nap.h"
#include "engine/engine.h"

namespace minidock {
namespace {

using check::Suspicion;
using check::Suspicions;
using Clock = std::chrono::steady_clock;

constexpr int kPauseMs = 100;  // between two looks

struct Kind {
  const char* name;
  check::Look look;
};

// In the order of their repair: what goes with a container's clean-up first, what others stand on before them.
constexpr std::array<Kind, 10> kKinds{{{"container", check::look_for_dead_containers},
                                       {"lease", check::look_for_leases},
                                       {"bridge", check::look_for_bridges},
                                       {"interface", check::look_for_interfaces},
                                       {"firewall", check::look_for_firewall},
                                       {"name", check::look_for_names},
                                       {"link", check::look_for_links},
                                       {"mount", check::look_for_mounts},
                                       {"cgroup", check::look_for_cgroups},
                                       {"directory", check::look_for_directories}}};

// A kind that cannot be looked at is a finding, too; the others are looked at all the same.
Suspicion cannot_look(const Kind& kind, const Error& error) {
  const auto examine = [error](bool repairs) {
    if (repairs) throw error;
    return true;
  };
  return {kind.name, "-", "cannot be checked: " + error.message(), "", examine};
}

Suspicions look(EngineContext& context, const Kind& kind, const check::Picture& picture) {
  try {
    return kind.look(context, picture);
  } catch (const Error& error) {
    return {cannot_look(kind, error)};
  }
}

bool is_same(const Suspicion& a, const Suspicion& b) {
  return std::tie(a.kind, a.object, a.what) == std::tie(b.kind, b.object, b.what);
}

// Of `before`, what is still there.
Suspicions that_last(const Suspicions& before, const Suspicions& now) {
  Suspicions lasting;
  std::copy_if(now.begin(), now.end(), std::back_inserter(lasting), [&](const Suspicion& suspicion) {
    return std::any_of(before.begin(), before.end(), [&](const Suspicion& other) { return is_same(suspicion, other); });
  });
  return lasting;
}

bool is_out_of_patience(const Suspicions& suspicions, Clock::duration passed) {
  return std::all_of(suspicions.begin(), suspicions.end(),
                     [&](const Suspicion& suspicion) { return passed >= suspicion.patience; });
}

// What is so at one look may be a container on its way up or down. What is so at each of many is not.
Suspicions lasting_suspicions(EngineContext& context) {
  std::array<Suspicions, kKinds.size()> found;
  const Clock::time_point begin = Clock::now();
  for (bool is_first = true;; is_first = false) {
    const check::Picture picture = check::take_picture(context);
    bool is_done = true;
    for (std::size_t i = 0; i < kKinds.size(); ++i) {
      if (!is_first && found[i].empty()) continue;
      const Suspicions now = look(context, kKinds[i], picture);
      found[i] = is_first ? now : that_last(found[i], now);
      is_done = is_done && is_out_of_patience(found[i], Clock::now() - begin);
    }
    if (is_done) break;
    nap(kPauseMs);
  }
  Suspicions all;
  for (const Suspicions& of_kind : found) all.insert(all.end(), of_kind.begin(), of_kind.end());
  return all;
}

// Under the locks.
bool is_so(Suspicion& suspicion) {
  try {
    return suspicion.examine(false);
  } catch (const Error& error) {
    suspicion.what += "; a closer look failed: " + error.message();
    return true;
  }
}

void repair(const Suspicion& suspicion, CheckFinding& finding) {
  try {
    // What is right by now went with the repair of another one.
    suspicion.examine(true);
    finding.repair = suspicion.remedy;
    finding.is_wrong = false;
  } catch (const Error& error) {
    finding.repair = "failed: " + error.message();
  }
}

}  // namespace

std::vector<CheckFinding> Engine::check(bool repairs) {
  EngineContext here = context();
  Suspicions suspicions;
  for (Suspicion& suspicion : lasting_suspicions(here)) {
    if (is_so(suspicion)) suspicions.push_back(std::move(suspicion));
  }

  // ---- from here on there is no doubt
  std::vector<CheckFinding> findings;
  for (const Suspicion& suspicion : suspicions) {
    findings.push_back({suspicion.kind, suspicion.object, suspicion.what, "", true});
    if (repairs) repair(suspicion, findings.back());
  }
  return findings;
}

}  // namespace minidock

#include "convnextpose/engine/isa.h"

#include <hwy/highway.h>
#include <hwy/targets.h>

#include <algorithm>
#include <cctype>

namespace cnp::engine {
namespace {

std::int64_t AvailableTargets() {
  hwy::SetSupportedTargetsForTest(0);  // Back to what the CPU reports.
  return hwy::SupportedTargets() & HWY_TARGETS;
}

// Highway numbers better targets lower.
std::vector<std::int64_t> Split(std::int64_t targets) {
  std::vector<std::int64_t> each;
  for (; targets != 0; targets &= targets - 1) each.push_back(targets & -targets);
  return each;
}

void Use(std::int64_t targets) {
  hwy::SetSupportedTargetsForTest(targets);
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

std::int64_t& Chosen() {
  static std::int64_t chosen = AvailableTargets();
  return chosen;
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

}  // namespace

std::vector<std::string> SupportedIsas() {
  std::vector<std::string> names;
  for (const std::int64_t target : Split(AvailableTargets())) {
    names.emplace_back(hwy::TargetName(target));
  }
  Use(Chosen());
  return names;
}

std::string CurrentIsa() { return hwy::TargetName(Split(Chosen()).front()); }

Status ForceIsa(std::string_view name) {
  const std::int64_t available = AvailableTargets();
  std::string known = "auto";
  std::int64_t wanted = Lower(name) == "auto" ? available : 0;
  for (const std::int64_t target : Split(available)) {
    if (Lower(hwy::TargetName(target)) == Lower(name)) wanted = target;
    known += std::string(", ") + hwy::TargetName(target);
  }
  if (wanted != 0) Chosen() = wanted;
  Use(Chosen());
  if (wanted != 0) return {};
  return Error{"instruction set '" + std::string(name) + "' is not available here: choose " +
               known};
}

}  // namespace cnp::engine

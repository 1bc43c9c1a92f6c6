#include "convnextpose/engine/isa.h"

#include <algorithm>
#include <cctype>
#include <cstdint>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "convnextpose/engine/isa.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace cnp::engine::HWY_NAMESPACE {
namespace {

// A kernel like the others, so that its answer holds for them.
std::int64_t TargetImpl() { return HWY_TARGET; }

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace cnp::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cnp::engine {
namespace {

std::int64_t AvailableTargets() {
  // A single build of the kernels leaves nothing to choose, and asking would harm: Highway holds
  // that NEON needs AES, which a Raspberry Pi 4 lacks and float arithmetic never uses.
  constexpr bool kSingle = (HWY_TARGETS & (HWY_TARGETS - 1)) == 0;
  // Once: SupportedTargets also undoes the choice.
  static const std::int64_t targets = kSingle ? HWY_TARGETS : hwy::SupportedTargets() & HWY_TARGETS;
  return targets;
}

// Highway numbers better targets lower.
std::vector<std::int64_t> Split(std::int64_t targets) {
  std::vector<std::int64_t> each;
  for (; targets != 0; targets &= targets - 1) each.push_back(targets & -targets);
  return each;
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

}  // namespace

HWY_EXPORT(TargetImpl);

std::vector<std::string> SupportedIsas() {
  std::vector<std::string> names;
  for (const std::int64_t target : Split(AvailableTargets())) {
    names.emplace_back(hwy::TargetName(target));
  }
  return names;
}

std::string CurrentIsa() { return hwy::TargetName(HWY_DYNAMIC_DISPATCH(TargetImpl)()); }

Status ForceIsa(std::string_view name) {
  const std::int64_t available = AvailableTargets();
  std::string known = "auto";
  std::int64_t wanted = Lower(name) == "auto" ? available : 0;
  for (const std::int64_t target : Split(available)) {
    if (Lower(hwy::TargetName(target)) == Lower(name)) wanted = target;
    known += std::string(", ") + hwy::TargetName(target);
  }
  if (wanted == 0) {
    return Error{"instruction set '" + std::string(name) + "' is not available here: choose " +
                 known};
  }
  hwy::GetChosenTarget().Update(wanted);
  return {};
}

}  // namespace cnp::engine
#endif  // HWY_ONCE

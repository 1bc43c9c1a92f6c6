#include "convnextpose/engine/isa.h"

#include <algorithm>
#include <cctype>
#include <cstdint>

#include "convnextpose/engine/kernels/tile_pointwise_amx.h"

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

// Tiles come on top of a target of Highway's, which knows nothing of them.
constexpr std::string_view kAmx = "AMX";

bool AmxOnTop() { return (AvailableTargets() & HWY_AVX3_DL) != 0 && AmxAvailable(); }

bool& Tiles() {
  static bool tiles = AmxOnTop();
  return tiles;
}

struct Isa {
  std::string name;
  std::int64_t targets;
  bool tiles;
};
std::vector<Isa> AvailableIsas() {
  std::vector<Isa> isas;
  if (AmxOnTop()) isas.push_back({std::string(kAmx), HWY_AVX3_DL, true});
  for (const std::int64_t target : Split(AvailableTargets())) {
    isas.push_back({hwy::TargetName(target), target, false});
  }
  return isas;
}

}  // namespace

HWY_EXPORT(TargetImpl);

std::vector<std::string> SupportedIsas() {
  std::vector<std::string> names;
  for (const Isa& isa : AvailableIsas()) names.push_back(isa.name);
  return names;
}

std::string CurrentIsa() {
  const char* target = hwy::TargetName(HWY_DYNAMIC_DISPATCH(TargetImpl)());
  return Tiles() ? std::string(kAmx) : target;
}

Status ForceIsa(std::string_view name) {
  std::vector<Isa> isas = AvailableIsas();
  isas.insert(isas.begin(), {"auto", AvailableTargets(), AmxOnTop()});
  std::string known;
  for (const Isa& isa : isas) {
    if (Lower(isa.name) == Lower(name)) {
      hwy::GetChosenTarget().Update(isa.targets);
      Tiles() = isa.tiles;
      return {};
    }
    known += (known.empty() ? "" : ", ") + isa.name;
  }
  return Error{"instruction set '" + std::string(name) + "' is not available here: choose " +
               known};
}

bool OnBestIsa() {
  const std::int64_t targets = AvailableTargets();
  return HWY_DYNAMIC_DISPATCH(TargetImpl)() == (targets & -targets) && Tiles() == AmxOnTop();
}

bool TilesChosen() { return Tiles(); }

}  // namespace cnp::engine
#endif  // HWY_ONCE

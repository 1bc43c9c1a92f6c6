#include <algorithm>
#include <cmath>
#include <string_view>

#include "convnextpose/synth/assets.h"
#include "convnextpose/synth/random.h"
#include "convnextpose/synth/skeleton.h"

namespace cnp::synth {
namespace {

/// Factors of one person's parts; 1 = as the body was built.
struct Traits {
  double size = 1;
  double trunk = 1;
  double arm = 1;
  double thigh = 1;
  double shank = 1;
  double shoulders = 1;
  double head = 1;
  double hand = 1;
  double foot = 1;
  double neck = 1;
  double trunk_girth = 1;
  double limb_girth = 1;
};

double Near1(Random& random, double deviation) {
  return 1 + std::clamp(random.Normal(0, deviation), -2.5 * deviation, 2.5 * deviation);
}

Traits RandomTraits(std::uint64_t seed) {
  Random random(seed, /*purpose=*/0x9709);
  Traits traits;
  const double legs = Near1(random, 0.04);
  // Weight is skewed: there are more heavy people than haggard ones.
  const double weight = std::clamp(std::exp(random.Normal(0.03, 0.12)), 0.8, 1.45);
  traits.size = Near1(random, 0.055);
  traits.trunk = Near1(random, 0.035);
  traits.arm = Near1(random, 0.035) * (0.5 + 0.5 * legs);
  traits.thigh = legs * Near1(random, 0.02);
  traits.shank = legs * Near1(random, 0.02);
  traits.shoulders = Near1(random, 0.06);
  traits.head = Near1(random, 0.03);
  traits.hand = Near1(random, 0.05);
  traits.foot = Near1(random, 0.05);
  traits.neck = Near1(random, 0.08);
  traits.trunk_girth = weight * Near1(random, 0.04);
  traits.limb_girth = std::sqrt(weight) * Near1(random, 0.05);
  if (random.Chance(0.12)) {  // A child: smaller, but not the head.
    const double age = random.Uniform(0, 1);
    traits.size *= 0.62 + 0.3 * age;
    traits.head *= 1.32 - 0.22 * age;
    traits.thigh *= 0.9 + 0.08 * age;
    traits.shank *= 0.9 + 0.08 * age;
  }
  return traits;
}

bool EndsWithOneOf(std::string_view name, std::initializer_list<std::string_view> ends) {
  return std::any_of(ends.begin(), ends.end(),
                     [&](std::string_view end) { return name.ends_with(end); });
}

struct Change {
  double length = 1;
  double girth = 1;
};

// Nothing for bones of other names (fingers), which go with what they hang on.
std::optional<Change> ChangeOf(std::string_view name, const Traits& traits) {
  const double trunk_girth = traits.trunk_girth;
  if (name == "Hips" || name == "Spine" || name == "Spine1") return {{traits.trunk, trunk_girth}};
  // Spine2 carries the shoulders, which do not go apart as a belly grows.
  if (name == "Spine2") return {{traits.trunk, std::sqrt(trunk_girth)}};
  if (name == "Neck") return {{traits.neck, std::sqrt(traits.limb_girth)}};
  if (name == "Head") return {{traits.head, traits.head}};
  if (name.ends_with("Shoulder")) return {{traits.shoulders, std::sqrt(traits.limb_girth)}};
  if (name.ends_with("Hand")) return {{traits.hand, traits.hand}};
  if (EndsWithOneOf(name, {"Foot", "ToeBase"})) return {{traits.foot, traits.foot}};
  if (name.ends_with("Arm")) return {{traits.arm, traits.limb_girth}};
  if (name.ends_with("UpLeg")) return {{traits.thigh, traits.limb_girth}};
  if (name.ends_with("Leg")) return {{traits.shank, traits.limb_girth}};
  return std::nullopt;
}

}  // namespace

Proportions MakeProportions(const Body& body, std::uint64_t seed) {
  const Traits traits = RandomTraits(seed);
  Proportions proportions = NoChange(body);
  proportions.size = static_cast<float>(traits.size);
  for (std::size_t i = 0; i < body.bones.size(); ++i) {
    const Bone& bone = body.bones[i];
    if (const auto change = ChangeOf(bone.name, traits)) {
      proportions.length[i] = static_cast<float>(change->length);
      proportions.girth[i] = static_cast<float>(change->girth);
    } else if (bone.parent >= 0) {
      proportions.length[i] = proportions.length[bone.parent];
      proportions.girth[i] = proportions.girth[bone.parent];
    }
  }
  return proportions;
}

}  // namespace cnp::synth

#include "convnextpose/synth/look.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>

#include "convnextpose/synth/random.h"

namespace cnp::synth {
namespace {

constexpr std::uint64_t kPurpose = 0x100C;

float Around(Random& random, double mean, double deviation) {
  const double width = 2.5 * deviation;
  return static_cast<float>(std::clamp(random.Normal(mean, deviation), mean - width, mean + width));
}

float Between(Random& random, double low, double high) {
  return static_cast<float>(random.Uniform(low, high));
}

Color Mix(const Color& a, const Color& b, float share) { return a + share * (b - a); }

Color Clamped(const Color& color) { return color.cwiseMax(0.0F).cwiseMin(255.0F); }

// Along a row of colours, with some noise.
Color Along(std::initializer_list<Color> row, double at, Random& random, double noise) {
  const double place = at * static_cast<double>(row.size() - 1);
  const auto i = std::min(static_cast<std::size_t>(place), row.size() - 2);
  Color color =
      Mix(row.begin()[i], row.begin()[i + 1], static_cast<float>(place - static_cast<double>(i)));
  const float light = Around(random, 0, noise);
  for (float& channel : color) channel += light + Around(random, 0, noise / 3);
  return Clamped(color);
}

Color SkinColor(Random& random) {
  return Along({{250, 219, 198},
                {236, 196, 168},
                {219, 172, 138},
                {190, 140, 104},
                {150, 104, 74},
                {108, 72, 51},
                {66, 44, 34}},
               random.Unit(), random, 6);
}

Color HairColor(Random& random) {
  if (random.Chance(0.05)) return {Between(random, 0, 255), Between(random, 0, 255), 150};
  if (random.Chance(0.12)) {
    return Along({{110, 108, 106}, {226, 224, 220}}, random.Unit(), random, 5);
  }
  return Along({{16, 13, 13}, {38, 26, 20}, {74, 48, 30}, {120, 76, 42}, {196, 156, 98}},
               std::pow(random.Unit(), 1.4), random, 5);
}

Color FromHsv(double hue, double saturation, double value) {
  Color color;
  for (int k = 0; k < 3; ++k) {
    const double n = std::fmod((k == 0 ? 5 : k == 1 ? 3 : 1) + hue * 6, 6);
    const double share = std::clamp(std::min(n, 4 - n), 0.0, 1.0);
    color[k] = static_cast<float>(255 * value * (1 - saturation * share));
  }
  return color;
}

// Much of what people wear is black, white, grey or blue.
Color ClothColor(Random& random) {
  const double kind = random.Unit();
  if (kind < 0.16) return FromHsv(0.6, random.Uniform(0, 0.2), random.Uniform(0.06, 0.2));
  if (kind < 0.28) return FromHsv(0.1, random.Uniform(0, 0.06), random.Uniform(0.85, 0.97));
  if (kind < 0.4) return FromHsv(0.6, random.Uniform(0, 0.12), random.Uniform(0.25, 0.75));
  if (kind < 0.55) {
    return FromHsv(random.Uniform(0.57, 0.66), random.Uniform(0.3, 0.75), random.Uniform(0.2, 0.7));
  }
  if (kind < 0.65) {
    return FromHsv(random.Uniform(0.06, 0.13), random.Uniform(0.2, 0.5), random.Uniform(0.35, 0.8));
  }
  return FromHsv(random.Unit(), random.Uniform(0.25, 0.95), random.Uniform(0.25, 0.95));
}

Cloth MakeCloth(Random& random, double plain) {
  Cloth cloth;
  constexpr int kPatterns = 7;  // Beside kPlain.
  if (!random.Chance(plain)) cloth.pattern = static_cast<Pattern>(1 + random.Pick(kPatterns));
  for (Color& color : cloth.colors) color = ClothColor(random);
  cloth.period_m = static_cast<float>(random.LogUniform(0.012, 0.14));
  cloth.fold = Between(random, 0.03, 0.16);
  cloth.seed = random.Next();
  return cloth;
}

Build MakeBuild(Random& random) {
  Build build;
  build.woman = random.Chance(0.5);
  const float side = build.woman ? -1.0F : 1.0F;
  build.size = Around(random, 1 + 0.035 * side, 0.03);
  build.legs = Around(random, 1, 0.025);
  build.trunk = Around(random, 1, 0.02);
  build.arms = Around(random, 1 + 0.01 * side, 0.02);
  build.shoulders = Around(random, 1 + 0.055 * side, 0.03);
  build.hips = Around(random, 1 - 0.04 * side, 0.03);
  build.waist = Around(random, 1 + 0.06 * side, 0.05);
  build.trunk_girth = Around(random, 1 + 0.02 * side, 0.06);
  build.leg_girth = Around(random, 1, 0.07);
  build.arm_girth = Around(random, 1 + 0.09 * side, 0.08);
  build.belly_m = random.Chance(0.35) ? Between(random, 0, 0.09) : 0;
  build.bust_m = build.woman ? Between(random, 0.015, 0.05) : Between(random, 0, 0.008);
  if (random.Chance(0.1)) {  // A child.
    const float age = Between(random, 0, 1);
    build.size *= 0.63F + 0.25F * age;
    build.head = 1.3F - 0.2F * age;
    build.legs *= 0.91F + 0.06F * age;
    build.bust_m *= 0.3F;
    build.shoulders = Around(random, 0.98, 0.02);
  }
  return build;
}

void DressAbove(Look& look, Random& random) {
  look.upper = MakeCloth(random, 0.55);
  look.upper_loose_m = static_cast<float>(random.LogUniform(0.004, 0.028));
  const double sleeve = random.Unit();
  look.sleeve_end = sleeve < 0.42   ? Between(random, 0.27, 0.40)   // Short.
                    : sleeve < 0.55 ? Between(random, 0.15, 0.19)   // None.
                    : sleeve < 0.65 ? Between(random, 0.42, 0.60)   // Half.
                                    : Between(random, 0.64, 0.69);  // Long.
  look.hem = random.Chance(0.4) ? 1.0F : Between(random, 0.80, 0.97);
  look.neckline = Between(random, 1.425, 1.462);
  look.print = random.Chance(0.25);
  look.buttons = sleeve > 0.65 && random.Chance(0.4);
  look.jacket = sleeve > 0.65 && random.Chance(0.25);
  const double bare = random.Unit();
  if (bare < 0.07) {
    look.sleeve_end = 0;
    // A man without a shirt, a woman in a top.
    look.neckline = look.build.woman ? 1.40F : 0;
    look.hem = look.build.woman ? Between(random, 1.08, 1.22) : look.hem;
    look.upper_loose_m = 0.003F;
    look.print = look.buttons = look.jacket = false;
  }
}

void DressBelow(Look& look, Random& random) {
  look.lower = MakeCloth(random, 0.75);
  look.lower_loose_m = static_cast<float>(random.LogUniform(0.002, 0.022));
  const double length = random.Unit();
  look.leg_end = length < 0.35   ? Between(random, 0.42, 0.72)   // Shorts.
                 : length < 0.45 ? Between(random, 0.2, 0.42)    // Knickers.
                                 : Between(random, 0.07, 0.14);  // Trousers.
  look.waist = Between(random, 0.98, 1.04);
  look.belt = random.Chance(0.3);
  if (look.build.woman && random.Chance(0.18)) {
    look.skirt_end = Between(random, 0.35, 0.72);
    look.leg_end = 0.84F;
  }
  look.sock_end = random.Chance(0.5) ? Between(random, 0.09, 0.24) : 0.09F;
  look.sock = ClothColor(random);
  look.barefoot = random.Chance(0.15);
  look.shoe = MakeCloth(random, 0.8);
  look.sole = random.Chance(0.5) ? Color(235, 235, 230) : Color(30, 28, 26);
}

}  // namespace

Look MakeLook(std::uint64_t seed) {
  Random random(seed, kPurpose);
  Look look;
  look.seed = random.Next();
  look.build = MakeBuild(random);
  look.skin = SkinColor(random);
  look.hair = HairColor(random);
  look.eyes = Along({{40, 25, 18}, {90, 60, 35}, {90, 120, 140}}, random.Unit(), random, 8);
  look.lips =
      Mix(look.skin, Color(150, 50, 60), look.build.woman ? Between(random, 0.3, 0.8) : 0.25F);
  const double style = random.Unit();
  if (look.build.woman) {
    look.style = style < 0.4    ? HairStyle::kLong
                 : style < 0.65 ? HairStyle::kTail
                 : style < 0.8  ? HairStyle::kBun
                 : style < 0.93 ? HairStyle::kFull
                                : HairStyle::kShort;
  } else {
    look.style = style < 0.12   ? HairStyle::kBald
                 : style < 0.72 ? HairStyle::kShort
                 : style < 0.92 ? HairStyle::kFull
                 : style < 0.97 ? HairStyle::kLong
                                : HairStyle::kTail;
    look.beard = random.Chance(0.3);
  }
  DressAbove(look, random);
  DressBelow(look, random);
  return look;
}

}  // namespace cnp::synth

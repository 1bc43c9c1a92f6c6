#include "convnextpose/synth/light.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

namespace cnp::synth {
namespace {

using Eigen::Vector3f;

// Spread evenly over the sphere (a Fibonacci lattice).
std::vector<Vector3f> Directions() {
  constexpr int kCount = 500;
  const double golden = std::numbers::pi * (3 - std::sqrt(5.0));
  std::vector<Vector3f> directions;
  for (int i = 0; i < kCount; ++i) {
    const double y = 1 - (2 * i + 1.0) / kCount;
    const double radius = std::sqrt(1 - y * y);
    directions.emplace_back(Vector3f(static_cast<float>(radius * std::cos(golden * i)),
                                     static_cast<float>(y),
                                     static_cast<float>(radius * std::sin(golden * i))));
  }
  return directions;
}

Vector3f RadianceOfWhite(const Light& light, const Vector3f& normal) {
  return AmbientOn(light, normal) + std::max(0.0F, normal.dot(light.to_sun)) * light.sun;
}

float MeanRadiance(const Light& light) {
  float sum = 0;
  const std::vector<Vector3f> directions = Directions();
  for (const Vector3f& normal : directions) sum += RadianceOfWhite(light, normal).mean();
  return sum / static_cast<float>(directions.size());
}

// Grey light from everywhere, and more of it from above.
Background Under(float white, float slope) {
  Background background;
  background.light.emplace();
  constexpr float kPi = std::numbers::pi_v<float>;
  (*background.light)[0].fill(white * kPi / 0.282095F);
  (*background.light)[1].fill(slope * kPi / 0.488603F);
  return background;
}

TEST(LightTest, LightFromEverywhereIsTheSameOnAllSides) {
  const Light light{.ambient = *Under(0.4F, 0).light};
  for (const Vector3f& normal : Directions()) {
    EXPECT_NEAR(AmbientOn(light, normal).mean(), 0.4F, 1e-4F);
  }
}

TEST(LightTest, FillsInLightInMostDarkScenes) {
  constexpr int kScenes = 400;
  int filled = 0;
  for (std::uint64_t seed = 0; seed < kScenes; ++seed) {
    const float mean = MeanRadiance(MakeLight(Under(0.02F, 0.01F), Random(seed, 0)));
    const bool dark = mean < 0.05F;
    const bool is_filled = mean > 0.29F && mean < 0.92F;
    EXPECT_NE(dark, is_filled) << mean;
    filled += is_filled ? 1 : 0;
  }
  EXPECT_NEAR(filled, 0.6 * kScenes, 40);
}

TEST(LightTest, BrightScenesNeedNoMore) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const float mean = MeanRadiance(MakeLight(Under(1.5F, 0.5F), Random(seed, 0)));
    EXPECT_GT(mean, 0.9F);
    EXPECT_LT(mean, 2.2F);
  }
}

TEST(LightTest, TheSunTakesNothingFromTheSunnySide) {
  int sunny = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const Light light = MakeLight(Under(1, 0.6F), Random(seed, 0));
    EXPECT_NEAR(light.to_sun.norm(), 1, 1e-4F);
    EXPECT_GT(light.to_sun.y(), 0.2F);
    if (light.sun.isZero()) continue;
    ++sunny;
    const float towards = RadianceOfWhite(light, light.to_sun).mean();
    EXPECT_GT(towards, RadianceOfWhite(light, -light.to_sun).mean());
    EXPECT_GT(towards, 0.7F * (1 + 0.5F * 0.6F));
  }
  EXPECT_GT(sunny, 50);
}

TEST(LightTest, BrighterIsShownBrighterAndNeverTooBright) {
  EXPECT_EQ(Displayed(0), 0);
  float before = 0;
  for (float radiance = 0.01F; radiance < 3; radiance *= 1.3F) {
    EXPECT_GE(Displayed(radiance), before);
    before = Displayed(radiance);
  }
  EXPECT_LE(Displayed(1e9F), 255);
  EXPECT_EQ(Linear(255), 1);
}

}  // namespace
}  // namespace cnp::synth

#include "convnextpose/synth/generator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <thread>

#include "convnextpose/synth/ball_person.h"
#include "convnextpose/synth/compose.h"
#include "convnextpose/synth/view.h"

namespace cnp::synth {
namespace {

const Generator& OutOfNothing() {
  static const Generator generator({}, {});
  return generator;
}

/// Shows `at` in the middle; turned, so many pixels of the nominal picture to one of its own,
/// perhaps mirrored or squeezed.
Window Around(const pose::Vec2& at, int size, double turn, double scale, double across = 1) {
  const double cosine = scale * std::cos(turn);
  const double sine = scale * std::sin(turn);
  const double middle = (size - 1) / 2.0;
  Window window{.picture_from_output = {}, .width = size, .height = size};
  window.picture_from_output[0] = {across * cosine, -sine, 0};
  window.picture_from_output[1] = {across * sine, cosine, 0};
  for (std::size_t i = 0; i < 2; ++i) {
    auto& row = window.picture_from_output[i];
    row[2] = at[i] - (row[0] + row[1]) * middle;
  }
  return window;
}

/// Where what was drawn is bright, weighted.
struct Spot {
  double x = 0;
  double y = 0;
  double weight = 0;
};

template <typename Value>
Spot FindSpot(int width, int height, const Value& value) {
  double most = 0;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) most = std::max(most, value(x, y));
  }
  Spot spot;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const double weight = value(x, y) > most / 2 ? 1 : 0;
      spot.x += weight * x;
      spot.y += weight * y;
      spot.weight += weight;
    }
  }
  spot.x /= spot.weight;
  spot.y /= spot.weight;
  return spot;
}

// One ball after the other, without light, noise or anything before it: to parts of a pixel.
TEST(Generator, DrawsEachJointWhereImagePxSays) {
  Assets assets;
  assets.bodies.push_back(std::make_shared<const Body>(BallPerson(0.02F)));
  const auto stock = std::make_shared<const Stock>(MakeStock(assets));
  constexpr int kSize = 128;
  int measured = 0;
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    const auto parts = ComposeParts({}, stock, seed);
    const double turn = 0.7 * static_cast<double>(seed);
    const double across = seed % 3 == 0 ? -1 : 1;
    for (std::size_t j = 0; j < parts->subject.image_px.size(); ++j) {
      // Larger than 30 pixels it would leave the window.
      const double depth_m = parts->subject.camera_mm[j][2] / 1000;
      const double radius_px = 0.02 * parts->subject.camera.focal_px[0] / depth_m;
      const Window window = Around(parts->subject.image_px[j], kSize, turn, radius_px / 20, across);
      Mesh ball = parts->meshes[0];
      ball.parts = {ball.parts[j]};
      std::fill(ball.ambient.begin(), ball.ambient.end(), Eigen::Vector3f::Ones());
      std::fill(ball.facing_sun.begin(), ball.facing_sun.end(), 0.0F);
      Picture picture;
      picture.Resize(kSize, kSize);
      for (auto& plane : picture.planes) std::fill(plane.begin(), plane.end(), 0.0F);
      const View view = MakeView(parts->subject.camera, parts->camera_from_world, window);
      DrawMeshes(view, {&ball, 1}, parts->light, parts->sun, picture);
      const Spot spot = FindSpot(
          kSize, kSize, [&](int x, int y) { return double{picture.planes[1][y * kSize + x]}; });
      // A near ball's outline is not about its middle.
      const double near = 20 * 0.03 / depth_m;
      EXPECT_NEAR(spot.x, (kSize - 1) / 2.0, 0.15 + near) << "seed " << seed << ", joint " << j;
      EXPECT_NEAR(spot.y, (kSize - 1) / 2.0, 0.15 + near) << "seed " << seed << ", joint " << j;
      ++measured;
    }
  }
  EXPECT_EQ(measured, 12 * 18);
}

// With all that a camera does: coarse pixels, blur, noise, compression.
TEST(Generator, DrawsASubjectInTheMiddleOfATurnedWindow) {
  Body one = MakeBody(1);
  one.positions.clear();
  one.normals.clear();
  one.texture_coordinates.clear();
  one.holds.clear();
  one.surfaces.clear();
  // A ball for a person; a second one, far off, so that the first is small.
  AddBall(one, 0, {0, 1, 0}, 0.05F);
  AddBall(one, 0, {0, 2.5F, 0}, 0.02F);
  const Eigen::Vector3f offset = one.bones[0].inverse_bind * Eigen::Vector3f(0, 1, 0);
  for (auto& terms : one.joints) terms = {{0, 1, offset}};
  Background black{.name = "black", .picture = {.width = 64, .height = 64, .rgb = {}}};
  black.picture.rgb.assign(std::size_t{3} * 64 * 64, 0);
  black.light.emplace();
  (*black.light)[0] = {12, 12, 12};  // From everywhere.
  Assets assets;
  assets.bodies.push_back(std::make_shared<const Body>(one));
  assets.backgrounds.push_back(std::make_shared<const Background>(black));
  const Generator generator({.upside_down = 0.3, .others = 0, .objects = 0, .cut = 0}, assets);
  constexpr int kSize = 96;
  int measured = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const Scene scene = generator.Compose(seed);
    const Subject& subject = scene.subject();
    const pose::Vec2 at = subject.image_px[0];
    if (std::min(at[0], at[1]) < 150 || std::max(at[0], at[1]) > 850) continue;
    const double radius_px = 50 * subject.camera.focal_px[0] / subject.camera_mm[0][2];
    const image::Image picture =
        generator.Draw(scene, Around(at, kSize, static_cast<double>(seed), radius_px / 16));
    const Spot spot = FindSpot(kSize, kSize, [&](int x, int y) {
      return static_cast<double>(picture.rgb[3 * (y * kSize + x) + 1]);
    });
    EXPECT_NEAR(spot.x, (kSize - 1) / 2.0, 1) << seed;
    EXPECT_NEAR(spot.y, (kSize - 1) / 2.0, 1) << seed;
    ++measured;
  }
  EXPECT_GT(measured, 30);
}

double MeanDifference(const image::Image& a, const image::Image& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.rgb.size(); ++i) sum += std::abs(int{a.rgb[i]} - int{b.rgb[i]});
  return sum / static_cast<double>(a.rgb.size());
}

image::Image Cropped(const image::Image& whole, int left, int top, int size) {
  image::Image crop{.width = size, .height = size, .rgb = {}};
  for (int y = top; y < top + size; ++y) {
    const auto* row = &whole.rgb[3 * (y * whole.width + left)];
    crop.rgb.insert(crop.rgb.end(), row, row + static_cast<std::ptrdiff_t>(3) * size);
  }
  return crop;
}

// Apart from noise and the blocks of compression, which are of the picture that is drawn.
TEST(Generator, ACropOfTheWholePictureIsWhatItsWindowShows) {
  constexpr int kSize = 240;
  double same = 0;
  double moved = 0;
  for (std::uint64_t seed = 20; seed < 26; ++seed) {
    const Scene scene = OutOfNothing().Compose(seed);
    const pose::Vec2 center = scene.subject().box.center();
    const int left = std::clamp(static_cast<int>(center[0]) - kSize / 2, 0, 1000 - kSize - 8);
    const int top = std::clamp(static_cast<int>(center[1]) - kSize / 2, 0, 1000 - kSize - 8);
    const image::Image whole = OutOfNothing().DrawWhole(scene, 1000, 1000);
    Window window{.picture_from_output = {}, .width = kSize, .height = kSize};
    window.picture_from_output[0] = {1, 0, static_cast<double>(left)};
    window.picture_from_output[1] = {0, 1, static_cast<double>(top)};
    const image::Image direct = OutOfNothing().Draw(scene, window);
    same += MeanDifference(direct, Cropped(whole, left, top, kSize)) / 6;
    moved += MeanDifference(direct, Cropped(whole, left + 8, top, kSize)) / 6;
  }
  EXPECT_LT(same, 4);
  EXPECT_GT(moved, 2 * same);  // Or the pictures would be too plain to tell.
}

TEST(Generator, NothingIsDrawnOutsideTheNominalPicture) {
  const Scene scene = OutOfNothing().Compose(3);
  const Window window = Around({0, 500}, 64, 0.3, 4);
  const image::Image picture = OutOfNothing().Draw(scene, window);
  const auto& map = window.picture_from_output;
  int outside = 0;
  int lit = 0;
  for (int y = 0; y < 64; ++y) {
    for (int x = 0; x < 64; ++x) {
      const auto* rgb = &picture.rgb[3 * (64 * y + x)];
      if (map[0][0] * x + map[0][1] * y + map[0][2] < -0.6) {
        EXPECT_EQ(int{rgb[0]} + rgb[1] + rgb[2], 0);
        ++outside;
      } else {
        lit += rgb[0] + rgb[1] + rgb[2] > 0 ? 1 : 0;
      }
    }
  }
  EXPECT_GT(outside, 1500);
  EXPECT_GT(lit, 500);
}

TEST(Generator, TheSeedAloneDecidesOnAnyThread) {
  const Generator fresh({}, {});
  std::vector<std::thread> threads;
  std::vector<image::Image> pictures(4);
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    threads.emplace_back([&, i] {
      for (const std::uint64_t other : {100 + i, 200 + i})
        EXPECT_EQ(fresh.DrawWhole(fresh.Compose(other), 64, 64).width, 64);
      pictures[i] = fresh.DrawWhole(fresh.Compose(7), 160, 120);
    });
  }
  for (std::thread& thread : threads) thread.join();
  const Scene scene = OutOfNothing().Compose(7);
  const image::Image expected = OutOfNothing().DrawWhole(scene, 160, 120);
  for (const image::Image& picture : pictures) EXPECT_EQ(picture.rgb, expected.rgb);
  EXPECT_EQ(fresh.Compose(7).subject().image_px, scene.subject().image_px);
  EXPECT_NE(fresh.Compose(8).subject().image_px, scene.subject().image_px);
}

TEST(Generator, ASubjectIsWhatItsCameraSees) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    const Scene scene = OutOfNothing().Compose(seed);
    const Subject& subject = scene.subject();
    ASSERT_EQ(subject.camera_mm.size(), 18U);
    ASSERT_EQ(subject.image_px.size(), 18U);
    int inside = 0;
    for (std::size_t j = 0; j < 18; ++j) {
      const pose::Vec2 px = pose::Project(subject.camera, subject.camera_mm[j]);
      EXPECT_NEAR(px[0], subject.image_px[j][0], 1e-6);
      EXPECT_GT(subject.camera_mm[j][2], 200);
      inside += px[0] >= 0 && px[1] >= 0 && px[0] <= 999 && px[1] <= 999 ? 1 : 0;
    }
    EXPECT_GE(inside, 6);
    const double fov = 2 * std::atan(500 / subject.camera.focal_px[0]) * 180 / std::numbers::pi;
    EXPECT_GT(fov, 24.9);
    EXPECT_LT(fov, 90.1);
    const pose::Box& box = subject.box;
    EXPECT_TRUE(box.x >= 0 && box.y >= 0 && box.x + box.w <= 999 && box.y + box.h <= 999);
    // Millimetres: people, not giants.
    const pose::Vec3 hip = subject.camera_mm[1];
    const pose::Vec3 knee = subject.camera_mm[2];
    const double thigh = std::hypot(hip[0] - knee[0], hip[1] - knee[1], hip[2] - knee[2]);
    EXPECT_GT(thigh, 150);
    EXPECT_LT(thigh, 700);
  }
}

// Means over scenes; the bounds are four standard deviations wide at least.
TEST(Generator, WhatMayHappenHappensAsOftenAsAsked) {
  const auto stock = std::make_shared<const Stock>(MakeStock({}));
  constexpr int kScenes = 100;
  const auto share = [&](const SceneOptions& options, const auto& happens) {
    int count = 0;
    for (std::uint64_t seed = 0; seed < kScenes; ++seed) {
      count += happens(*ComposeParts(options, stock, seed)) ? 1 : 0;
    }
    return static_cast<double>(count) / kScenes;
  };
  const auto company = [](const SceneParts& parts) { return parts.meshes.size() > 1; };
  EXPECT_EQ(share({.others = 0, .objects = 0}, company), 0);
  // Nobody is put where the camera is.
  EXPECT_NEAR(share({.others = 0.5, .objects = 0}, company), 0.48, 0.2);
  EXPECT_EQ(share({.others = 0, .objects = 1}, company), 1);
  const auto cut = [](const SceneParts& parts) {
    const pose::Box& box = parts.subject.box;
    return std::min(box.x, box.y) < 1 || std::max(box.x + box.w, box.y + box.h) > 998;
  };
  // What is near looms larger than was reckoned.
  EXPECT_LT(share({.cut = 0}, cut), 0.25);
  EXPECT_GT(share({.cut = 1}, cut), 0.4);
}

}  // namespace
}  // namespace cnp::synth

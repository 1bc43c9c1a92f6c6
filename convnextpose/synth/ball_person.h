// A person of balls, for tests: where a joint is drawn can be measured in the picture.
#pragma once

#include <cmath>
#include <memory>
#include <numbers>
#include <utility>

#include "convnextpose/pose/joint_set.h"
#include "convnextpose/synth/assets.h"

namespace cnp::synth {

/// A white ball about a point that goes with a bone, as a surface of its own.
inline void AddBall(Body& body, int bone, const Eigen::Vector3f& middle, float radius) {
  constexpr int kRound = 24;
  constexpr int kUp = 12;
  const auto first = static_cast<std::uint32_t>(body.positions.size());
  for (int i = 0; i <= kUp; ++i) {
    for (int k = 0; k < kRound; ++k) {
      const float up = std::numbers::pi_v<float> * static_cast<float>(i) / kUp;
      const float around = 2 * std::numbers::pi_v<float> * static_cast<float>(k) / kRound;
      const Eigen::Vector3f normal(std::sin(up) * std::cos(around), std::cos(up),
                                   std::sin(up) * std::sin(around));
      body.positions.emplace_back(middle + radius * normal);
      body.normals.push_back(normal);
      body.texture_coordinates.emplace_back(0, 0);
      body.holds.push_back({{static_cast<std::uint8_t>(bone), 0, 0, 0}, {1, 0, 0, 0}});
    }
  }
  Surface surface;
  for (std::uint32_t i = 0; i < kUp; ++i) {
    for (std::uint32_t k = 0; k < kRound; ++k) {
      const std::uint32_t a = first + i * kRound + k;
      const std::uint32_t b = first + i * kRound + (k + 1) % kRound;
      for (const std::uint32_t corner : {a, b, b + kRound, a, b + kRound, a + kRound}) {
        surface.indices.push_back(corner);
      }
    }
  }
  body.surfaces.push_back(std::move(surface));
}

/// The skeleton of a made person; surface j is a small ball about joint j, and nothing else.
inline Body BallPerson(float radius) {
  Body body = MakeBody(1);
  body.positions.clear();
  body.normals.clear();
  body.texture_coordinates.clear();
  body.holds.clear();
  body.surfaces.clear();
  for (auto& terms : body.joints) {
    // One bone a joint, so that a ball moves with it as one.
    terms = {{terms.front().bone, 1, terms.front().offset}};
    const Bone& bone = body.bones[static_cast<std::size_t>(terms[0].bone)];
    AddBall(body, terms[0].bone, bone.inverse_bind.inverse() * terms[0].offset, radius);
  }
  return body;
}

}  // namespace cnp::synth

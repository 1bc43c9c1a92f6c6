// People in poses, dressed, at their places.
#pragma once

#include <Eigen/Core>
#include <vector>

#include "convnextpose/synth/random.h"
#include "convnextpose/synth/shade.h"
#include "convnextpose/synth/stock.h"

namespace cnp::synth {

struct Actor {
  Mesh mesh;                            ///< Without light; points into the stock.
  std::vector<Eigen::Vector3f> joints;  ///< World, metres; pose::Human36m().
};

/// Someone of the stock in some pose, turned any way, with the pelvis above `place` (x, z) and the
/// feet, or whatever is lowest, on the floor; only what jumps is above it.
Actor MakeActor(const Stock& stock, const Eigen::Vector2f& place, Random random);

}  // namespace cnp::synth

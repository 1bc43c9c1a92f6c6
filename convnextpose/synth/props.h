// Simple things that stand about: boxes, bars, discs.
#pragma once

#include <Eigen/Geometry>

#include "convnextpose/synth/random.h"
#include "convnextpose/synth/shade.h"

namespace cnp::synth {

/// A box with edges of these lengths about the middle, in a pose. Precondition: `texture` outlives
/// the mesh.
Mesh MakeBox(const Eigen::Vector3f& edges_m, const Eigen::Isometry3f& world_from_box,
             const Texture& texture, const Eigen::Vector3f& color);

/// A flat disc about the middle, across the z axis of its pose.
Mesh MakeDisc(float radius_m, const Eigen::Isometry3f& world_from_disc, const Texture& texture,
              const Eigen::Vector3f& color);

/// One of those, of random size, turned at random.
Mesh MakeThing(Random random, const Eigen::Vector3f& middle, float size_m, const Texture& texture);

}  // namespace cnp::synth

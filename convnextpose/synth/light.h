// Light that falls on surfaces, and how bright a picture shows it. Linear colours, RGB; a white
// surface under irradiance pi has radiance 1.
#pragma once

#include <Eigen/Core>
#include <array>

#include "convnextpose/synth/assets.h"
#include "convnextpose/synth/random.h"

namespace cnp::synth {

/// Nine coefficients of irradiance; axes and basis as in body.h and assets.h.
using Harmonics = std::array<std::array<float, 3>, 9>;

struct Light {
  Harmonics ambient{};
  Eigen::Vector3f to_sun = Eigen::Vector3f::UnitY();  ///< Unit length, above the horizon.
  Eigen::Vector3f sun = Eigen::Vector3f::Zero();      ///< Radiance of white that faces the sun.
};

/// Radiance of a white surface under the ambient light; not negative. Precondition: unit normal.
Eigen::Vector3f AmbientOn(const Light& light, const Eigen::Vector3f& normal);

/// The light of a background: its own coefficients or some guessed from its picture, of which a
/// random part comes from a sun that casts shadows.
Light MakeLight(const Background& background, Random random);

/// sRGB byte -> linear albedo.
float Linear(float byte);

/// Radiance -> picture value 0..255, as the panoramas were made (assets.h, Background::light).
float Displayed(float radiance);

}  // namespace cnp::synth

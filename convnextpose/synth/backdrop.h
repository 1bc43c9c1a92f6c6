// What stands behind the people: a panorama around the camera, with a floor that they stand and
// cast shadows on, or a photograph.
#pragma once

#include <Eigen/Core>

#include "convnextpose/synth/shade.h"

namespace cnp::synth {

struct Backdrop {
  const Texture* texture = nullptr;
  bool panorama = false;
  /// Panorama: taken this high above the floor, which reaches this far around the origin.
  float taken_at_m = 1.6F;
  float reach_m = 15;
  /// Photograph: texture coordinates from homogeneous pixels of the nominal picture.
  Eigen::Matrix<float, 2, 3> from_picture = Eigen::Matrix<float, 2, 3>::Zero();
  bool shadows = true;
};

/// Fills the picture. Precondition: the picture has the view's size.
void DrawBackdrop(const View& view, const Backdrop& backdrop, Picture& picture);

/// Darkens the floor y = 0 where people keep light off it.
void DrawFloorShadows(const View& view, const Light& light, const SunShadow& sun,
                      const FloorShade& sky, Picture& picture);

}  // namespace cnp::synth

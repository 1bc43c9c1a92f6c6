// Affine maps of the plane, and the one between the picture and the network's input
// (spec 3-pose, "Crop").
#pragma once

#include "convnextpose/pose/box.h"
#include "convnextpose/pose/vec.h"

namespace cnp::pose {

/// (x, y) -> (xx x + xy y + x0, yx x + yy y + y0).
struct Affine {
  double xx = 1, xy = 0, x0 = 0;
  double yx = 0, yy = 1, y0 = 0;

  [[nodiscard]] Vec2 operator()(const Vec2& p) const {
    return {xx * p[0] + xy * p[1] + x0, yx * p[0] + yy * p[1] + y0};
  }
};

/// Precondition: the map is invertible.
Affine Inverse(const Affine& map);

/// Picture pixels -> pixels of the network's input: the box's centre to (width/2, height/2),
/// centre + (0, h/2) to (width/2, height), centre + (w/2, 0) to (width, height/2).
/// Precondition: positive sizes.
Affine CropFromPicture(const Box& network_box, int input_width, int input_height);

/// The inverse of CropFromPicture.
Affine PictureFromCrop(const Box& network_box, int input_width, int input_height);

}  // namespace cnp::pose

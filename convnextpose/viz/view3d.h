// NAME.3d.png: the camera-space skeletons seen from the front, the side and above.
#pragma once

#include <span>
#include <string>

#include "convnextpose/image/image.h"
#include "convnextpose/pose/joint_set.h"
#include "convnextpose/viz/person.h"

namespace cnp::viz {

struct View3dOptions {
  int width = 1500;  // At least 600 by 300.
  int height = 560;
  // ASCII (other bytes show as '?'); what is too long for the picture ends in "...".
  std::string title = "camera space";
  std::string note;  // The assumptions behind the millimetres, e.g. "focal 1500 px assumed".
};

/// Three panels with axes in mm and one scale for all: front (x, y), side (z, y) and top (x, z).
/// Draws camera_mm of all people, numbered in their order where there are several; says so where
/// there is nobody to show.
image::Image DrawView3d(const pose::JointSet& set, std::span<const Person> people,
                        const View3dOptions& options = {});

}  // namespace cnp::viz

// A window's pixels <-> the world: what the camera and a window do together.
#pragma once

#include <Eigen/Geometry>

#include "convnextpose/pose/camera.h"
#include "convnextpose/synth/generator.h"

namespace cnp::synth {

struct View {
  int width = 0;
  int height = 0;
  Eigen::Matrix3f picture_from_pixel;  ///< Homogeneous pixels of the window -> nominal picture.
  Eigen::Matrix<float, 3, 4> pixel_from_world;  ///< Homogeneous; the third row is the depth.
  Eigen::Matrix3f ray_from_pixel;               ///< Direction in the world, of depth 1.
  Eigen::Vector3f eye;                          ///< The camera in the world.
  float pixels_at_one_metre = 0;     ///< How large a metre is at depth 1, in window pixels.
  float pixels_a_picture_pixel = 0;  ///< The window's scale.
};

/// Precondition: the window's map is invertible.
View MakeView(const pose::Camera& camera, const Eigen::Isometry3f& camera_from_world,
              const Window& window);

/// The window that shows the whole picture at another size.
Window WholeWindow(const SceneOptions& options, int width, int height);

}  // namespace cnp::synth

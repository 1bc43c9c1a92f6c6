#include "convnextpose/synth/view.h"

#include <Eigen/LU>
#include <cmath>

#include "convnextpose/base/check.h"

namespace cnp::synth {

View MakeView(const pose::Camera& camera, const Eigen::Isometry3f& camera_from_world,
              const Window& window) {
  Eigen::Matrix3d picture_from_pixel = Eigen::Matrix3d::Identity();
  for (int row = 0; row < 2; ++row) {
    for (int column = 0; column < 3; ++column) {
      picture_from_pixel(row, column) =
          window
              .picture_from_output[static_cast<std::size_t>(row)][static_cast<std::size_t>(column)];
    }
  }
  const double area = std::abs(picture_from_pixel.topLeftCorner<2, 2>().determinant());
  CNP_CHECK(std::isfinite(area) && area > 0, "a window's map must be invertible");
  Eigen::Matrix3d intrinsic = Eigen::Matrix3d::Identity();
  intrinsic(0, 0) = camera.focal_px[0];
  intrinsic(1, 1) = camera.focal_px[1];
  intrinsic(0, 2) = camera.center_px[0];
  intrinsic(1, 2) = camera.center_px[1];
  const Eigen::Matrix3d pixel_from_camera = picture_from_pixel.inverse() * intrinsic;
  const Eigen::Isometry3d from_world = camera_from_world.cast<double>();

  View view;
  view.width = window.width;
  view.height = window.height;
  view.picture_from_pixel = picture_from_pixel.cast<float>();
  view.pixel_from_world = (pixel_from_camera * from_world.matrix().topRows<3>()).cast<float>();
  view.ray_from_pixel =
      (from_world.linear().transpose() * pixel_from_camera.inverse()).cast<float>();
  view.eye = from_world.inverse().translation().cast<float>();
  view.pixels_a_picture_pixel = static_cast<float>(1 / std::sqrt(area));
  view.pixels_at_one_metre = static_cast<float>(camera.focal_px[0] / std::sqrt(area));
  return view;
}

Window WholeWindow(const SceneOptions& options, int width, int height) {
  const double x = static_cast<double>(options.width) / width;
  const double y = static_cast<double>(options.height) / height;
  // Pixel centres are integers: the corners of both pictures coincide.
  Window window{.picture_from_output = {}, .width = width, .height = height};
  window.picture_from_output[0] = {x, 0, (x - 1) / 2};
  window.picture_from_output[1] = {0, y, (y - 1) / 2};
  return window;
}

}  // namespace cnp::synth

#include "convnextpose/pose/camera.h"

#include <cmath>
#include <limits>
#include <numbers>
#include <string>

namespace cnp::pose {
namespace {

// The published pipeline's centre, half a pixel from the middle of the pixel grid.
Vec2 Center(int image_width, int image_height) { return {image_width / 2.0, image_height / 2.0}; }

}  // namespace

Camera DefaultCamera(int image_width, int image_height) {
  return {.focal_px = {kAssumedFocalPx, kAssumedFocalPx},
          .center_px = Center(image_width, image_height),
          .assumed = true};
}

Result<Camera> CameraFromFocal(double focal_x_px, double focal_y_px, int image_width,
                               int image_height) {
  for (const double focal : {focal_x_px, focal_y_px}) {
    if (!(focal > 0 && std::isfinite(focal))) {
      return Error{
          "the focal length is not a positive number of pixels; typical is 0.7 to 3 times the "
          "picture's width"};
    }
  }
  return Camera{.focal_px = {focal_x_px, focal_y_px},
                .center_px = Center(image_width, image_height)};
}

Result<Camera> CameraFromFov(double horizontal_degrees, int image_width, int image_height) {
  if (!(horizontal_degrees > 0 && horizontal_degrees < 180)) {
    return Error{
        "the horizontal field of view is not between 0 and 180 degrees; a phone's main camera has "
        "about 65"};
  }
  const double half_angle = horizontal_degrees / 2 * std::numbers::pi / 180;
  const double focal = image_width / 2.0 / std::tan(half_angle);
  return CameraFromFocal(focal, focal, image_width, image_height);
}

Vec3 BackProject(const Camera& camera, const Vec2& image_px, double depth_mm) {
  return {(image_px[0] - camera.center_px[0]) / camera.focal_px[0] * depth_mm,
          (image_px[1] - camera.center_px[1]) / camera.focal_px[1] * depth_mm, depth_mm};
}

Vec2 Project(const Camera& camera, const Vec3& camera_mm) {
  if (!(camera_mm[2] > 0)) {
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    return {nan, nan};
  }
  return {camera_mm[0] / camera_mm[2] * camera.focal_px[0] + camera.center_px[0],
          camera_mm[1] / camera_mm[2] * camera.focal_px[1] + camera.center_px[1]};
}

}  // namespace cnp::pose

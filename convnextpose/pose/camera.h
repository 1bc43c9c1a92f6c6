// The pinhole camera between pixels and millimetres: x right, y down, z forward, origin at the
// camera, pixel centres at integers (spec 3-pose).
#pragma once

#include "convnextpose/base/result.h"
#include "convnextpose/pose/vec.h"

namespace cnp::pose {

struct Camera {
  Vec2 focal_px{};
  Vec2 center_px{};
  bool assumed = false;  // Nobody gave the focal length: say so beside every number in mm.
};

/// The focal length that the published demo assumes for any picture.
inline constexpr double kAssumedFocalPx = 1500;

/// Focal length 1500 px, centre at (width/2, height/2), marked as assumed.
Camera DefaultCamera(int image_width, int image_height);

/// Known focal lengths, centre of the picture (move it by setting center_px). Error: a focal length
/// that is not positive and finite.
Result<Camera> CameraFromFocal(double focal_x_px, double focal_y_px, int image_width,
                               int image_height);

/// From the horizontal field of view, in degrees across the picture's width; square pixels.
/// Error: outside (0, 180).
Result<Camera> CameraFromFov(double horizontal_degrees, int image_width, int image_height);

/// The point of camera space at `depth_mm` (its z) that is seen at `image_px`.
Vec3 BackProject(const Camera& camera, const Vec2& image_px, double depth_mm);

/// Where a point is seen; NaN for points that are not in front of the camera.
Vec2 Project(const Camera& camera, const Vec3& camera_mm);

}  // namespace cnp::pose

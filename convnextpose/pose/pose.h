// From heatmap cells to millimetres in camera space, and the merging of the flip test
// (spec 3-pose, "Back to the picture").
#pragma once

#include <span>
#include <vector>

#include "convnextpose/pose/box.h"
#include "convnextpose/pose/camera.h"
#include "convnextpose/pose/joint_set.h"
#include "convnextpose/pose/vec.h"

namespace cnp::pose {

/// Size of a joint's heatmap in cells; `depth` is the number of depth bins D.
struct Grid {
  int width = 32;
  int height = 32;
  int depth = 32;
};

/// The cube around the root joint that the depth bins span.
inline constexpr double kDepthRangeMm = 2000;

/// x_px = x_cell / W * w_box + x_box, y alike.
Vec2 ImagePx(const Vec3& heatmap, const Grid& grid, const Box& network_box);

/// Depth relative to the root: (z_cell / D * 2 - 1) * 1000 mm.
double RelativeDepthMm(const Vec3& heatmap, const Grid& grid);

/// One person. All vectors have one entry a joint.
struct Pose {
  std::vector<Vec2> image_px;
  std::vector<double> relative_depth_mm;
  std::vector<Vec3> camera_mm;         // Needs the root's depth: PlaceInCamera.
  std::vector<Vec3> root_relative_mm;  // camera_mm minus the root joint's camera_mm.
};

/// The part that needs no camera: image_px and relative_depth_mm. `heatmap` [J] in cells.
Pose PoseInPicture(std::span<const Vec3> heatmap, const Grid& grid, const Box& network_box);

/// Fills camera_mm (Z = relative depth + root_depth_mm) and root_relative_mm.
/// Precondition: `root` is a joint of the pose.
void PlaceInCamera(const Camera& camera, double root_depth_mm, int root, Pose& pose);

/// The flip test: `mirrored` is the answer to the mirrored crop. x' = W - 1 - x, mirror pairs
/// swapped, averaged with `direct`. Precondition: both have set.size() joints.
std::vector<Vec3> FlipMerge(std::span<const Vec3> direct, std::span<const Vec3> mirrored,
                            const JointSet& set, const Grid& grid);

/// A joint's spread in cells -> mm at its depth: x, y through pixels, z in the 2000 mm cube.
Vec3 SigmaMm(const Vec3& sigma_cells, const Grid& grid, const Box& network_box,
             const Camera& camera, double depth_mm);

}  // namespace cnp::pose

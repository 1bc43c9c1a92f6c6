#include "convnextpose/pose/pose.h"

#include "convnextpose/base/check.h"

namespace cnp::pose {

Vec2 ImagePx(const Vec3& heatmap, const Grid& grid, const Box& network_box) {
  return {heatmap[0] / grid.width * network_box.w + network_box.x,
          heatmap[1] / grid.height * network_box.h + network_box.y};
}

double RelativeDepthMm(const Vec3& heatmap, const Grid& grid) {
  return (heatmap[2] / grid.depth * 2 - 1) * (kDepthRangeMm / 2);
}

Pose PoseInPicture(std::span<const Vec3> heatmap, const Grid& grid, const Box& network_box) {
  Pose pose;
  pose.image_px.reserve(heatmap.size());
  pose.relative_depth_mm.reserve(heatmap.size());
  for (const Vec3& cell : heatmap) {
    pose.image_px.push_back(ImagePx(cell, grid, network_box));
    pose.relative_depth_mm.push_back(RelativeDepthMm(cell, grid));
  }
  return pose;
}

void PlaceInCamera(const Camera& camera, double root_depth_mm, int root, Pose& pose) {
  const std::size_t joints = pose.image_px.size();
  CNP_CHECK(root >= 0 && static_cast<std::size_t>(root) < joints, "the root is no joint");
  pose.camera_mm.resize(joints);
  pose.root_relative_mm.resize(joints);
  for (std::size_t j = 0; j < joints; ++j) {
    pose.camera_mm[j] =
        BackProject(camera, pose.image_px[j], pose.relative_depth_mm[j] + root_depth_mm);
  }
  for (std::size_t j = 0; j < joints; ++j) {
    pose.root_relative_mm[j] = pose.camera_mm[j] - pose.camera_mm[root];
  }
}

std::vector<Vec3> FlipMerge(std::span<const Vec3> direct, std::span<const Vec3> mirrored,
                            const JointSet& set, const Grid& grid) {
  CNP_CHECK(direct.size() == set.joints.size() && mirrored.size() == set.joints.size(),
            "both answers need the set's joints");
  const std::vector<int> mirror = MirrorMap(set);
  std::vector<Vec3> merged(direct.size());
  for (std::size_t j = 0; j < direct.size(); ++j) {
    const Vec3& other = mirrored[mirror[j]];
    merged[j] = {(direct[j][0] + (grid.width - 1 - other[0])) / 2, (direct[j][1] + other[1]) / 2,
                 (direct[j][2] + other[2]) / 2};
  }
  return merged;
}

Vec3 SigmaMm(const Vec3& sigma_cells, const Grid& grid, const Box& network_box,
             const Camera& camera, double depth_mm) {
  return {sigma_cells[0] / grid.width * network_box.w / camera.focal_px[0] * depth_mm,
          sigma_cells[1] / grid.height * network_box.h / camera.focal_px[1] * depth_mm,
          sigma_cells[2] / grid.depth * kDepthRangeMm};
}

}  // namespace cnp::pose

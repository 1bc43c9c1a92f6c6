#include "convnextpose/datasets/reader.h"

#include <algorithm>

#include "convnextpose/base/file.h"
#include "convnextpose/datasets/people.h"

namespace cnp::datasets {

Result<Dataset> ReadAnnotations(Folders& folders, const std::filesystem::path& annotations,
                                Parse parse, const ReadOptions& options) {
  CNP_ASSIGN(const MappedFile file, MappedFile::Open(annotations));
  CNP_ASSIGN(Dataset dataset, parse(file.bytes(), annotations.string(), options));
  dataset.images = FindPictures(folders, annotations, SomeFiles(dataset.samples));
  return dataset;
}

std::size_t Labelled(const Sample& sample) {
  return static_cast<std::size_t>(std::ranges::count(sample.visible, std::uint8_t{1}));
}

std::string TakePoints(const Rows& image_px, const Rows& camera_mm, const pose::JointSet& set,
                       Sample& sample) {
  const std::size_t joints = set.joints.size();
  const std::string wanted = std::to_string(joints) + " points";
  if (!ReadPoints(camera_mm, joints, sample.camera_mm))
    return "its keypoints_cam are not " + wanted;
  if (!ReadPoints(image_px, joints, sample.image_px)) return "its keypoints_img are not " + wanted;
  sample.visible.assign(joints, 1);
  sample.root_depth_mm = sample.camera_mm[static_cast<std::size_t>(set.root)][2];
  return sample.root_depth_mm > 0 ? "" : "its pelvis is not in front of the camera";
}

}  // namespace cnp::datasets

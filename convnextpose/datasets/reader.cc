#include "convnextpose/datasets/reader.h"

#include <algorithm>

#include "convnextpose/base/file.h"

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

Fate TakeKeypoints(const AnnotationEntry& annotation, std::size_t joints, Sample& sample) {
  if (annotation.labelled == 0) return Fate::ByRule();
  if (!ReadKeypoints(annotation.keypoints, joints, sample)) {
    return Fate::LeaveOut("its keypoints are not " + std::to_string(joints) +
                          " times x, y, visibility");
  }
  return Labelled(sample) == 0 ? Fate::ByRule() : Fate::Take();
}

Fate TakePoints(const ImageEntry& image, const AnnotationEntry& annotation,
                const pose::JointSet& set, Sample& sample) {
  if (!annotation.valid) return Fate::ByRule();
  if (!image.camera) return Fate::LeaveOut("its image has no camera: f and c, or intrinsic");
  const std::size_t joints = set.joints.size();
  const std::string wanted = std::to_string(joints) + " points";
  if (!ReadPoints(annotation.camera_mm, joints, sample.camera_mm)) {
    return Fate::LeaveOut("its keypoints_cam are not " + wanted);
  }
  if (!ReadPoints(annotation.image_px, joints, sample.image_px)) {
    return Fate::LeaveOut("its keypoints_img are not " + wanted);
  }
  sample.visible.assign(joints, 1);
  sample.root_depth_mm = sample.camera_mm[static_cast<std::size_t>(set.root)][2];
  if (sample.root_depth_mm > 0) return Fate::Take();
  return Fate::LeaveOut("its pelvis is not in front of the camera");
}

}  // namespace cnp::datasets

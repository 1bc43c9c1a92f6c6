#include "convnextpose/datasets/mupots.h"

#include "convnextpose/datasets/coco_layout.h"
#include "convnextpose/datasets/reader.h"

namespace cnp::datasets {
namespace {

const pose::JointSet& Joints() { return *pose::FindJointSet("mupots").value(); }

Fate Examine(const ImageEntry& image, const AnnotationEntry& annotation, Sample& sample) {
  return TakePoints(image, annotation, Joints(), sample);
}

}  // namespace

Result<Dataset> ParseMupots(std::span<const std::byte> bytes, const std::string& name,
                            const ReadOptions& options) {
  CNP_ASSIGN(
      const CocoFile file,
      ParseCoco(bytes, name,
                {.keypoints_img = true, .keypoints_cam = true, .needs_box = options.needs_box}));
  Dataset dataset{.name = "mupots", .joints = &Joints()};
  AddPeople(file, options, AllImages, Examine, dataset);
  return dataset;
}

Result<Dataset> ReadMupots(const std::filesystem::path& dir, const ReadOptions& options) {
  if (options.split == Split::kTrain) {
    return Error{"MuPoTS-3D is to test on, it has no training set; MuCo-3DHP is its counterpart"};
  }
  CNP_ASSIGN(Folders folders, Folders::Open(dir));
  CNP_ASSIGN(const std::filesystem::path file,
             FindFile(folders, "MuPoTS-3D.json", "it comes beside MultiPersonTestSet/"));
  return ReadAnnotations(folders, file, ParseMupots, options);
}

}  // namespace cnp::datasets

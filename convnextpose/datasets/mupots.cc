#include "convnextpose/datasets/mupots.h"

#include <utility>

#include "convnextpose/datasets/coco_layout.h"
#include "convnextpose/datasets/people.h"
#include "convnextpose/datasets/reader.h"

namespace cnp::datasets {
namespace {

const pose::JointSet& Joints() { return *pose::FindJointSet("mupots").value(); }

Fate Examine(const ImageEntry& image, const AnnotationEntry& annotation, Sample& sample) {
  if (!annotation.valid) return Fate::ByRule();
  if (!image.camera) return Fate::LeaveOut("its image has no intrinsic");
  std::string wrong = TakePoints(annotation.image_px, annotation.camera_mm, Joints(), sample);
  return wrong.empty() ? Fate::Take() : Fate::LeaveOut(std::move(wrong));
}

}  // namespace

Result<Dataset> ParseMupots(std::span<const std::byte> bytes, const std::string& name,
                            const ReadOptions& options) {
  CNP_ASSIGN(CocoFile file, ParseCoco(bytes, name, {.keypoints_img = true, .keypoints_cam = true}));
  Dataset dataset{.name = "mupots", .joints = &Joints()};
  AddPeople(
      std::move(file), options.limit, AllImages,
      [](const ImageEntry& image, AnnotationEntry& annotation, Sample& sample) {
        return Examine(image, annotation, sample);
      },
      dataset);
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

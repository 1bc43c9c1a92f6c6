#include "convnextpose/datasets/coco.h"

#include <utility>

#include "convnextpose/datasets/coco_joints.h"
#include "convnextpose/datasets/coco_layout.h"
#include "convnextpose/datasets/people.h"
#include "convnextpose/datasets/reader.h"

namespace cnp::datasets {
namespace {

Fate Examine(const AnnotationEntry& annotation, Sample& sample) {
  if (annotation.crowd || annotation.labelled == 0) return Fate::ByRule();
  if (!ReadKeypoints(annotation.keypoints, kCocoFileJoints, sample)) {
    return Fate::LeaveOut("its keypoints are not 17 times x, y, visibility");
  }
  AddThoraxAndPelvis(sample);
  return Labelled(sample) == 0 ? Fate::ByRule() : Fate::Take();
}

}  // namespace

Result<Dataset> ParseCocoPeople(std::span<const std::byte> bytes, const std::string& name,
                                const ReadOptions& options) {
  CNP_ASSIGN(CocoFile file, ParseCoco(bytes, name, {.keypoints = true}));
  Dataset dataset{.name = "coco", .joints = &CocoJoints()};
  AddPeople(
      std::move(file), options.limit, AllImages,
      [](const ImageEntry& /*image*/, AnnotationEntry& annotation, Sample& sample) {
        return Examine(annotation, sample);
      },
      dataset);
  return dataset;
}

Result<Dataset> ReadCoco(const std::filesystem::path& dir, const ReadOptions& options) {
  CNP_ASSIGN(Folders folders, Folders::Open(dir));
  const bool train = options.split == Split::kTrain;
  CNP_ASSIGN(
      const std::filesystem::path file,
      FindFile(folders, std::string("person_keypoints_") + (train ? "train" : "val") + "2017.json",
               "COCO has it in annotations_trainval2017.zip"));
  return ReadAnnotations(folders, file, ParseCocoPeople, options);
}

}  // namespace cnp::datasets

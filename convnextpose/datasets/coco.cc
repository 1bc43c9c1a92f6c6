#include "convnextpose/datasets/coco.h"

#include "convnextpose/datasets/coco_joints.h"
#include "convnextpose/datasets/coco_layout.h"
#include "convnextpose/datasets/reader.h"

namespace cnp::datasets {
namespace {

Fate Examine(const ImageEntry& /*image*/, const AnnotationEntry& annotation, Sample& sample) {
  if (annotation.crowd) return Fate::ByRule();
  Fate fate = TakeKeypoints(annotation, kCocoFileJoints, sample);
  if (fate.kind == Fate::kTake) AddThoraxAndPelvis(sample);
  return fate;
}

}  // namespace

Result<Dataset> ParseCocoPeople(std::span<const std::byte> bytes, const std::string& name,
                                const ReadOptions& options) {
  CNP_ASSIGN(const CocoFile file,
             ParseCoco(bytes, name, {.keypoints = true, .needs_box = options.needs_box}));
  Dataset dataset{.name = "coco", .joints = &CocoJoints()};
  AddPeople(file, options, AllImages, Examine, dataset);
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

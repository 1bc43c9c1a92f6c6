#include "convnextpose/datasets/mpii.h"

#include <utility>

#include "convnextpose/datasets/coco_layout.h"
#include "convnextpose/datasets/people.h"
#include "convnextpose/datasets/reader.h"

namespace cnp::datasets {
namespace {

const pose::JointSet& Joints() { return *pose::FindJointSet("mpii").value(); }

Fate Examine(const AnnotationEntry& annotation, Sample& sample) {
  if (annotation.labelled == 0) return Fate::ByRule();
  if (!ReadKeypoints(annotation.keypoints, Joints().joints.size(), sample)) {
    return Fate::LeaveOut("its keypoints are not 16 times x, y, visibility");
  }
  return Labelled(sample) == 0 ? Fate::ByRule() : Fate::Take();
}

}  // namespace

Result<Dataset> ParseMpii(std::span<const std::byte> bytes, const std::string& name,
                          const ReadOptions& options) {
  CNP_ASSIGN(CocoFile file, ParseCoco(bytes, name, {.keypoints = true}));
  Dataset dataset{.name = "mpii", .joints = &Joints()};
  AddPeople(
      std::move(file), options.limit, AllImages,
      [](const ImageEntry& /*image*/, AnnotationEntry& annotation, Sample& sample) {
        return Examine(annotation, sample);
      },
      dataset);
  return dataset;
}

Result<Dataset> ReadMpii(const std::filesystem::path& dir, const ReadOptions& options) {
  CNP_ASSIGN(Folders folders, Folders::Open(dir));
  const bool train = options.split == Split::kTrain;
  CNP_ASSIGN(const std::filesystem::path file,
             FindFile(folders, train ? "train.json" : "val.json",
                      train ? "MPII has it in annotations/"
                            : "MPII labels no test set: put people aside as annotations/val.json, "
                              "or read the training set"));
  return ReadAnnotations(folders, file, ParseMpii, options);
}

}  // namespace cnp::datasets

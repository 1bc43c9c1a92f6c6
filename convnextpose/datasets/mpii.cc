#include "convnextpose/datasets/mpii.h"

#include "convnextpose/datasets/coco_layout.h"
#include "convnextpose/datasets/reader.h"

namespace cnp::datasets {
namespace {

const pose::JointSet& Joints() { return *pose::FindJointSet("mpii").value(); }

Fate Examine(const ImageEntry& /*image*/, const AnnotationEntry& annotation, Sample& sample) {
  return TakeKeypoints(annotation, Joints().joints.size(), sample);
}

}  // namespace

Result<Dataset> ParseMpii(std::span<const std::byte> bytes, const std::string& name,
                          const ReadOptions& options) {
  CNP_ASSIGN(const CocoFile file,
             ParseCoco(bytes, name, {.keypoints = true, .needs_box = options.needs_box}));
  Dataset dataset{.name = "mpii", .joints = &Joints()};
  AddPeople(file, options, AllImages, Examine, dataset);
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

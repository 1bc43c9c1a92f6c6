// What readers of one COCO-style file share: bytes of the file in, samples and their pictures'
// folder out.
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "convnextpose/base/result.h"
#include "convnextpose/datasets/coco_layout.h"
#include "convnextpose/datasets/dataset.h"
#include "convnextpose/datasets/locate.h"
#include "convnextpose/datasets/options.h"
#include "convnextpose/datasets/people.h"

namespace cnp::datasets {

/// The samples of a file, from any bytes; `name` stands in messages. Errors: not JSON (with the
/// offset), or another structure.
using Parse = Result<Dataset> (*)(std::span<const std::byte> bytes, const std::string& name,
                                  const ReadOptions& options);

/// Errors: unreadable, those of `parse`.
Result<Dataset> ReadAnnotations(Folders& folders, const std::filesystem::path& annotations,
                                Parse parse, const ReadOptions& options);

/// How many of the sample's joints are labelled.
std::size_t Labelled(const Sample& sample);

/// The fate of a person labelled in the picture alone: by `keypoints`, skipped where no joint is
/// labelled.
Fate TakeKeypoints(const AnnotationEntry& annotation, std::size_t joints, Sample& sample);

/// The fate of a person of a dataset in space: by keypoints_img and keypoints_cam, which have all
/// joints of the set, and the root's depth; skipped where it is not valid.
Fate TakePoints(const ImageEntry& image, const AnnotationEntry& annotation,
                const pose::JointSet& set, Sample& sample);

}  // namespace cnp::datasets

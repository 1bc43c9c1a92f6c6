// Human3.6M: one person in a room, four calibrated cameras, 15 actions (spec 4-datasets).
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "convnextpose/base/result.h"
#include "convnextpose/datasets/dataset.h"
#include "convnextpose/datasets/options.h"

namespace cnp::datasets {

/// By protocol and split, or as the options name them. Error: a protocol that is neither 1 nor 2.
Result<std::vector<int>> Human36mSubjects(const ReadOptions& options);
/// Every n-th frame: as the options say, or the split's own. Error: negative.
Result<int> Human36mSubsample(const ReadOptions& options);
/// By action_idx: "Directions" is 2, the first two are empty.
const std::vector<std::string>& Human36mActions();

/// The three files of one subject, and what they are called in messages.
struct Human36mFiles {
  std::span<const std::byte> data;
  std::span<const std::byte> camera;
  std::span<const std::byte> joint_3d;
  std::string data_name;
  std::string camera_name;
  std::string joint_3d_name;
};

/// One subject's samples from the bytes of its files: any bytes. Sets samples, left_out; files as
/// the annotations name them. Errors: those of the parsers, a subsample that makes no sense.
Result<Dataset> ParseHuman36m(const Human36mFiles& files, int subject, const ReadOptions& options);

/// Joints are pose::Human36m(), Thorax the middle of the shoulders; camera space through R and t;
/// root_depth_mm is the pelvis's z. `dir`: see locate.h. Errors: files missing or unreadable, not
/// JSON, options that make no sense.
Result<Dataset> ReadHuman36m(const std::filesystem::path& dir, const ReadOptions& options);

}  // namespace cnp::datasets

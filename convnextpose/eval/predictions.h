// Predictions in a file, of this program or of anyone's: the list that the authors' code saves as
// bbox_root_pose_human36m_output.json (docs/formats.md, "Predictions").
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "convnextpose/base/result.h"
#include "convnextpose/datasets/dataset.h"
#include "convnextpose/eval/record.h"
#include "convnextpose/pose/box.h"
#include "convnextpose/pose/joint_set.h"
#include "convnextpose/pose/vec.h"

namespace cnp::eval {

struct Prediction {
  std::int64_t image_id = 0;
  std::vector<pose::Vec3> joint_cam;  ///< mm, relative to the root joint (as the authors save it)
                                      ///< or in camera space.
  pose::Box bbox;                     ///< The network's box, in pixels.
  pose::Vec3 root_cam{};              ///< The root in camera space, mm.
};

inline constexpr std::size_t kMostPredictedJoints = 256;

/// All entries have the same number of joints. Errors name the entry: "entry 17 (image_id 5):
/// joint_cam ...". `[]` is no error.
Result<std::vector<Prediction>> ParsePredictions(std::string_view json);
Result<std::vector<Prediction>> ReadPredictions(const std::filesystem::path& path);

/// One entry a line; mm and pixels to 4 decimals.
std::string ToJson(std::span<const Prediction> predictions);

/// The predictions that records hold, in the authors' form: joint_cam relative to the root, and
/// root_cam such that their sum is camera space. People without a pose in space, or with
/// numbers that are not finite, are left out.
std::vector<Prediction> ToPredictions(std::span<const Record> records, const pose::JointSet& set);

/// Camera space in the joints of `set`: a Thorax or Pelvis that is missing is the midpoint of the
/// shoulders or hips. Errors: a number of joints that fits no set which has those of `set`.
Result<std::vector<pose::Vec3>> InCameraSpace(const Prediction& prediction,
                                              const pose::JointSet& set);

/// Which prediction is of which sample.
struct Match {
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  std::vector<std::size_t> of_sample;  ///< Position of its prediction, or kNone.
  datasets::Problems missing;          ///< Samples without a prediction.
  datasets::Problems doubled;          ///< Predictions beyond the people that an image has.
  datasets::Problems unknown;          ///< Predictions of images that are not in the dataset.
};

/// By image_id; of several people in one image, those whose boxes overlap most belong together, the
/// best pair first.
Match MatchPredictions(std::span<const Prediction> predictions, const datasets::Dataset& dataset);

/// A record for each sample that has a prediction, in the dataset's order. Errors: InCameraSpace's.
Result<std::vector<Record>> ScorePredictions(std::span<const Prediction> predictions,
                                             const Match& match, const datasets::Dataset& dataset);

}  // namespace cnp::eval

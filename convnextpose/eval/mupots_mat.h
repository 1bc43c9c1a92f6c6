// MuPoTS-3D's result files, which its own MATLAB code scores: preds_2d_kpt_mupots.mat and
// preds_3d_kpt_mupots.mat (MATLAB v5). A variable a picture, "TS1_img_0001", of people x joints x 2
// (pixels) or 3 (mm in camera space).
#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "convnextpose/base/result.h"
#include "convnextpose/datasets/dataset.h"
#include "convnextpose/eval/record.h"
#include "convnextpose/pose/joint_set.h"
#include "convnextpose/pose/vec.h"

namespace cnp::eval {

/// People by the name of their picture's variable; all people of a picture have the same joints.
template <typename Vec>
using MupotsPeople = std::map<std::string, std::vector<std::vector<Vec>>>;

struct MupotsResults {
  MupotsPeople<pose::Vec2> image_px;
  MupotsPeople<pose::Vec3> camera_mm;
};

/// "MultiPersonTestSet/TS1/img_0001.jpg" -> "TS1_img_0001".
std::string MupotsVariable(const std::string& file);

/// Whether poses in these joints have all of MuPoTS. The error names those that they have not.
Status CheckMupotsJoints(const pose::JointSet& set);

/// What records predict in the joints of `set`, seen by the cameras of their samples, in the 17
/// joints of MuPoTS. Errors: a picture whose name makes no variable, those of CheckMupotsJoints.
/// People without a pose in space are left out; records that are not of this dataset too.
/// Precondition: the records' poses are in the joints of `set`.
Result<MupotsResults> ToMupots(std::span<const Record> records, const pose::JointSet& set,
                               const datasets::Dataset& dataset);

/// Atomic; overwrite `path`. Errors: those of writing, a name that is no MATLAB variable, people
/// with different joints in one picture.
Status WriteMupots(const std::filesystem::path& path, const MupotsPeople<pose::Vec2>& people);
Status WriteMupots(const std::filesystem::path& path, const MupotsPeople<pose::Vec3>& people);
/// Both files by their names; the folder must be there.
Status WriteMupots(const std::filesystem::path& folder, const MupotsResults& results);

/// Errors: missing, a variable of another shape, those of ReadMat5 (mat5.h).
Result<MupotsPeople<pose::Vec2>> ReadMupots2d(const std::filesystem::path& path);
Result<MupotsPeople<pose::Vec3>> ReadMupots3d(const std::filesystem::path& path);

}  // namespace cnp::eval

// What an evaluation leaves behind: everything that a comparison needs, in one JSON file
// (docs/formats.md, "What `eval --json` writes").
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "convnextpose/base/result.h"
#include "convnextpose/datasets/dataset.h"
#include "convnextpose/eval/record.h"
#include "convnextpose/eval/summary.h"
#include "convnextpose/pose/joint_set.h"

namespace cnp::eval {

/// What was evaluated. Empty or none: not known, as for predictions that came in a file.
struct ModelInfo {
  std::string name;     ///< For tables; ToJson needs none, a reader takes the file's name then.
  std::string variant;  ///< "XS", ...
  std::string file;
  std::optional<std::int64_t> parameters;  ///< Trainable ones.
  std::optional<double> gmac;              ///< Of one picture, without the flip test.
  std::string precision;
  std::string isa;
};

/// What the numbers depend on beside the model.
struct Settings {
  std::optional<bool> flip_test;
  std::string boxes;                   ///< "labelled", or a file's name.
  std::string roots;                   ///< "labelled", "bones", or a file's name.
  std::optional<bool> assumed_camera;  ///< Did the dataset have no intrinsics?
  std::optional<int> subsample;        ///< Every n-th frame.
  std::vector<int> subjects;           ///< Where others than the protocol's were chosen.
  std::optional<int> threads;
  std::optional<int> batch;
  std::vector<std::string> notes;  ///< What else a reader must know.
};

inline constexpr std::string_view kResultSchema = "convnextpose-eval/1";

struct Evaluation {
  std::string dataset;  ///< Dataset::name.
  std::string split;    ///< "test", ...; may be empty.
  std::string data;     ///< Its folder or file then, as an absolute path; may be empty, or gone.
  int protocol = 0;     ///< 1 or 2 for human36m; 0: there is none.
  const pose::JointSet* joints = nullptr;
  ModelInfo model;
  Settings settings;
  Summary summary;
  std::vector<Record> records;  ///< Without camera_mm.
  datasets::Problems left_out;
};

/// Numbers are rounded: mm to 4 decimals, shares to 6. Precondition: evaluation.joints.
std::string ToJson(const Evaluation& evaluation);

/// Errors name the place: "records[3].joint_mm: ...". The tables are taken as they stand, for a
/// file may come without records.
Result<Evaluation> FromJson(std::string_view json);
inline constexpr std::size_t kMaxResultBytes = std::size_t{256} << 20;

/// FromJson of a file; its name, without folder and ending, becomes model.name where there is none.
Result<Evaluation> LoadEvaluation(const std::filesystem::path& path);

}  // namespace cnp::eval

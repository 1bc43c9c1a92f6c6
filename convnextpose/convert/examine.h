// A checkpoint taken apart as far as it can be understood, also where it does not load.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "convnextpose/base/result.h"
#include "convnextpose/checkpoint/checkpoint.h"
#include "convnextpose/convert/identify.h"
#include "convnextpose/convert/keys.h"
#include "convnextpose/convert/load.h"
#include "convnextpose/convert/validate.h"

namespace cnp::convert {

/// Keys of our own in the metadata of a safetensors file (docs/formats.md).
inline constexpr const char* kConfigKey = "convnextpose.config";
inline constexpr const char* kEpochKey = "convnextpose.epoch";
inline constexpr const char* kSourceKey = "convnextpose.source";
inline constexpr const char* kFormatKey = "convnextpose.format";

struct Examination {
  checkpoint::Checkpoint file;  ///< Owns the bytes that `keys.tensors` point into.
  Keys keys;
  Identification id;
  std::vector<Problem> problems;      ///< Against id.spec, or id.nearest where there is none.
  std::optional<std::int64_t> epoch;  ///< Of the checkpoint or its metadata.

  /// What keeps it from loading, one line with the cure; empty if nothing does. Values are not
  /// looked at.
  [[nodiscard]] std::string Obstacle() const;
};

/// Errors: what the reader refuses, and two keys that mean one tensor. All else is in the result.
Result<Examination> Examine(const std::filesystem::path& path, const Options& options = {});

/// The network's tensors in float32, as Network::weights. Precondition: Obstacle() is empty.
/// Error: tensors that share memory so that they would fill more than their file holds.
Result<model::Weights> ReadWeights(const Examination& examination);

/// The second half of LoadNetwork. The error does not name the file.
Result<Network> FromExamination(const Examination& exam);

}  // namespace cnp::convert

// A result as JSON: the format "convnextpose/1" of docs/formats.md and docs/result.schema.json.
#pragma once

#include <string>

#include "convnextpose/pipeline/person.h"
#include "convnextpose/pose/joint_set.h"

namespace cnp::pipeline {

/// What made a result.
struct ModelInfo {
  std::string variant;
  std::string weights;            ///< Path as given.
  std::string sha256;             ///< Of the weights' bytes, hexadecimal.
  std::string isa;                ///< The kernels' instruction set: engine::CurrentIsa().
  std::string precision = "f32";  ///< engine::Name of the network's.
};

/// One object on one line. `file` is the picture's name; text that is not UTF-8 is replaced.
std::string ToJson(const PictureResult& result, const std::string& file, const ModelInfo& model,
                   const pose::JointSet& set);

}  // namespace cnp::pipeline

// A folded network as the bytes of an ONNX model.
#pragma once

#include <map>
#include <string>

#include "convnextpose/base/result.h"
#include "convnextpose/convert/fold.h"

namespace cnp::onnx {

struct ModelContents {
  convert::FoldedNetwork folded;
  std::map<std::string, std::string> metadata;
  bool heatmap = false;  ///< As ExportOptions.
};

/// Nodes, their outputs and the weights have the names of the layers and tensors.
/// Precondition: folded.layers stand in the order that model::Layers yields.
/// Errors: more than 2 GB, a build without ONNX.
Result<std::string> SerializeModel(const ModelContents& contents);

}  // namespace cnp::onnx

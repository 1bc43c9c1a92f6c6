// Writes a checkpoint as an ONNX model, for other runtimes. What is in the file: docs/formats.md.
#pragma once

#include <filesystem>

#include "convnextpose/base/result.h"
#include "convnextpose/convert/convert.h"

namespace cnp::onnx {

struct ExportOptions {
  convert::Options network;
  bool heatmap = false;  ///< End in the heatmaps' logits [batch, J, D, H, W], no soft-argmax.
};

/// The counterpart of convert::Convert for an `out` that ends in .onnx: float32, BatchNorms folded,
/// any batch. Atomic; overwrites `out`. Safe to call from several threads.
/// Errors: those of LoadNetwork, `out` being `in`, more weights than an ONNX file holds (2 GB), a
/// build without ONNX, those of writing.
Result<convert::Converted> Export(const std::filesystem::path& in, const std::filesystem::path& out,
                                  const ExportOptions& options = {});

}  // namespace cnp::onnx

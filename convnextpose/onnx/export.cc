#include "convnextpose/onnx/export.h"

#include <utility>

#include "convnextpose/base/file.h"
#include "convnextpose/convert/fold.h"
#include "convnextpose/convert/load.h"
#include "convnextpose/model/layers.h"
#include "convnextpose/onnx/model.h"

namespace cnp::onnx {
Result<convert::Converted> Export(const std::filesystem::path& in, const std::filesystem::path& out,
                                  const ExportOptions& options) {
  CNP_RETURN_IF_ERROR(convert::CheckDistinct(in, out));
  CNP_ASSIGN(convert::Network network, convert::LoadNetwork(in, options.network));
  const Result<std::string> bytes = SerializeModel(
      {.folded = convert::FoldBatchNorm(model::Layers(network.spec), network.weights),
       .metadata = convert::Metadata(network.spec, network.epoch, in.filename().string()),
       .heatmap = options.heatmap});
  if (!bytes.ok()) return bytes.error().In(out.string());
  CNP_RETURN_IF_ERROR(WriteFileAtomically(out, *bytes));
  return convert::Converted{.id = std::move(network.id),
                            .form = options.heatmap ? "ONNX, ending in heatmaps" : "ONNX",
                            .warnings = std::move(network.warnings)};
}

}  // namespace cnp::onnx

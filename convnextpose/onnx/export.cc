#include "convnextpose/onnx/export.h"

#include <utility>

#include "convnextpose/base/file.h"
#include "convnextpose/convert/fold.h"
#include "convnextpose/convert/load.h"
#include "convnextpose/model/layers.h"
#include "convnextpose/onnx/model.h"

namespace cnp::onnx {
namespace {

Result<std::string> Serialize(const convert::Network& network, const std::string& source,
                              bool heatmap) {
#ifdef CNP_HAVE_ONNX
  return SerializeModel(
      {.folded = convert::FoldBatchNorm(model::Layers(network.spec), network.weights),
       .metadata = convert::Metadata(network.spec, network.epoch, source),
       .heatmap = heatmap});
#else
  static_cast<void>(network), static_cast<void>(source), static_cast<void>(heatmap);
  return Error{
      "this build writes no ONNX; install libonnx-dev and libprotobuf-dev and build again"};
#endif
}

}  // namespace

Result<convert::Converted> Export(const std::filesystem::path& in, const std::filesystem::path& out,
                                  const ExportOptions& options) {
  CNP_RETURN_IF_ERROR(convert::CheckDistinct(in, out));
  CNP_ASSIGN(convert::Network network, convert::LoadNetwork(in, options.network));
  const Result<std::string> bytes = Serialize(network, in.filename().string(), options.heatmap);
  if (!bytes.ok()) return bytes.error().In(out.string());
  CNP_RETURN_IF_ERROR(WriteFileAtomically(out, *bytes));
  return convert::Converted{.id = std::move(network.id),
                            .form = options.heatmap ? "ONNX, ending in heatmaps" : "ONNX",
                            .warnings = std::move(network.warnings)};
}

}  // namespace cnp::onnx

// In place of model.cc in builds that have no ONNX.
#include "convnextpose/onnx/model.h"

namespace cnp::onnx {

Result<std::string> SerializeModel(const ModelContents& /*contents*/) {
  return Error{
      "this build writes no ONNX; install libonnx-dev and libprotobuf-dev and build again"};
}

}  // namespace cnp::onnx

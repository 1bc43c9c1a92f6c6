#include "convnextpose/onnx/model.h"

#include <array>
#include <cstdio>
#include <limits>

#include "convnextpose/image/crop.h"
#include "convnextpose/onnx/network_graph.h"

namespace cnp::onnx {
namespace {

constexpr int kIrVersion = 8;  ///< The one that opset 17 came with.
constexpr int kOpset = 17;
constexpr const char* kBatch = "batch";  ///< The free dimension.

std::string Triple(const std::array<float, 3>& values) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "(%g, %g, %g)", values[0], values[1], values[2]);
  return text.data();
}

std::string DescribePicture() {
  return "[batch, 3, height, width], RGB: (value / 255 - mean) / std, value 0 ... 255, mean " +
         Triple(image::kMean) + ", std " + Triple(image::kStd);
}

constexpr const char* kDescribeCoordinates =
    "[batch, joint, (x, y, z)] in heatmap cells: column, row and depth bin, from 0";
constexpr const char* kDescribeHeatmap =
    "[batch, joint, depth bin, row, column]: logits; the softmax over a joint's cells is its "
    "probability";

/// A float32 tensor [batch, sizes...].
void Describe(::onnx::ValueInfoProto& value, const std::string& name, const Integers& sizes,
              const std::string& text) {
  value.set_name(name);
  value.set_doc_string(text);
  auto& type = *value.mutable_type()->mutable_tensor_type();
  type.set_elem_type(::onnx::TensorProto::FLOAT);
  type.mutable_shape()->add_dim()->set_dim_param(kBatch);
  for (const std::int64_t size : sizes) type.mutable_shape()->add_dim()->set_dim_value(size);
}

void DescribeEnds(const ModelContents& contents, ::onnx::GraphProto& graph) {
  const model::Shape& in = contents.folded.layers.front().in;
  Describe(*graph.add_input(), kPicture, {in.channels, in.height, in.width}, DescribePicture());
  const model::Layer& last = contents.folded.layers.back();
  const std::int64_t joints = last.out.height;
  if (contents.heatmap) {
    Describe(*graph.add_output(), kHeatmap,
             {joints, last.in.channels / joints, last.in.height, last.in.width}, kDescribeHeatmap);
  } else {
    Describe(*graph.add_output(), kCoordinates, {joints, 3}, kDescribeCoordinates);
  }
}

}  // namespace

Result<std::string> SerializeModel(const ModelContents& contents) {
  ::onnx::ModelProto model;
  model.set_ir_version(kIrVersion);
  model.add_opset_import()->set_version(kOpset);
  model.set_producer_name("convnextpose");
  model.set_producer_version(CNP_VERSION);
  model.set_doc_string("ConvNeXtPose: a picture of one person to its 3-D joints");
  for (const auto& [key, value] : contents.metadata) {
    auto& entry = *model.add_metadata_props();
    entry.set_key(key);
    entry.set_value(value);
  }
  model.mutable_graph()->set_name("ConvNeXtPose");
  Graph graph(*model.mutable_graph());
  AddNetwork(contents.folded, contents.heatmap, graph);
  DescribeEnds(contents, *model.mutable_graph());

  if (model.ByteSizeLong() > std::numeric_limits<std::int32_t>::max()) {
    return Error{"the network is too large for an ONNX file (2 GB); write .safetensors"};
  }
  return model.SerializeAsString();
}

}  // namespace cnp::onnx

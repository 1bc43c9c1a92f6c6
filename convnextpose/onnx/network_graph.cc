#include "convnextpose/onnx/network_graph.h"

#include <array>
#include <utility>

#include "convnextpose/base/check.h"

namespace cnp::onnx {
namespace {

using model::Layer;
using model::LayerKind;

constexpr std::int64_t kAsInput = 0;  ///< In a Reshape: the size that the input has, any batch.

struct Matrix {
  Integers shape;
  std::vector<float> values;
};

/// [H * W, 3]: of every cell of a plane.
Matrix ColumnRowOne(const model::Shape& plane) {
  Matrix matrix{{std::int64_t{plane.height} * plane.width, 3}, {}};
  for (int y = 0; y < plane.height; ++y) {
    for (int x = 0; x < plane.width; ++x) {
      for (const int value : {x, y, 1}) matrix.values.push_back(static_cast<float>(value));
    }
  }
  return matrix;
}

/// [size, 2].
Matrix OneIndex(int size) {
  Matrix matrix{{size, 2}, {}};
  for (int i = 0; i < size; ++i) {
    for (const int value : {1, i}) matrix.values.push_back(static_cast<float>(value));
  }
  return matrix;
}

class Walker {
 public:
  Walker(const model::Weights& weights, bool heatmap, Graph& graph)
      : weights_(weights), heatmap_(heatmap), graph_(graph) {}

  void Add(const Layer& layer) {
    switch (layer.kind) {
      case LayerKind::kPatchConv:
      case LayerKind::kDepthwise:
      case LayerKind::kPointwise:
        return Convolution(layer);
      case LayerKind::kAffine:
        return Affine(layer);
      case LayerKind::kRelu:
        Next("Relu", layer.name, {value_});
        return;
      case LayerKind::kResidualBegin:
        skip_ = value_;
        return;
      case LayerKind::kResidualEnd:
        Next("Add", layer.name, {value_, skip_});
        return;
      case LayerKind::kUpsample:
        return Upsample(layer);
      case LayerKind::kSoftArgmax:
        return heatmap_ ? Heatmap(layer) : SoftArgmax(layer);
      case LayerKind::kBatchNorm:
        break;
    }
    CNP_CHECK(false, layer.name + " is to be folded first");
  }

 private:
  /// A node whose output the next layer reads.
  ::onnx::NodeProto& Next(const std::string& op, const std::string& name,
                          const std::vector<std::string>& inputs) {
    value_ = name;
    return graph_.Node(op, name, inputs);
  }

  std::string Weight(const std::string& name, const Integers& shape) {
    return graph_.Floats(name, shape, weights_.Get(name).values);
  }

  void Convolution(const Layer& layer) {
    std::vector<std::string> inputs = {value_};
    for (const model::TensorSpec& tensor : model::Tensors(layer)) {
      inputs.push_back(Weight(tensor.name, tensor.shape));
    }
    ::onnx::NodeProto& conv = Next("Conv", layer.name, inputs);
    const bool depthwise = layer.kind == LayerKind::kDepthwise;
    const std::int64_t stride = layer.kind == LayerKind::kPatchConv ? layer.kernel : 1;
    const std::int64_t padding = depthwise ? layer.kernel / 2 : 0;
    SetAttribute(conv, "kernel_shape", Integers(2, layer.kernel));
    SetAttribute(conv, "strides", Integers(2, stride));
    SetAttribute(conv, "pads", Integers(4, padding));
    SetAttribute(conv, "group", depthwise ? layer.in.channels : 1);
  }

  void Affine(const Layer& layer) {
    const Integers per_channel = {layer.out.channels, 1, 1};
    const std::string scaled = layer.name + ".scaled";
    graph_.Node("Mul", scaled, {value_, Weight(layer.name + ".weight", per_channel)});
    Next("Add", layer.name, {scaled, Weight(layer.name + ".bias", per_channel)});
  }

  void Upsample(const Layer& layer) {
    constexpr std::array<float, 4> kTwice = {1, 1, 2, 2};
    const std::string scales = graph_.Floats(layer.name + ".scales", {4}, kTwice);
    ::onnx::NodeProto& resize = Next("Resize", layer.name, {value_, "", scales});
    SetAttribute(resize, "mode", "linear");
    SetAttribute(resize, "coordinate_transformation_mode", "align_corners");
  }

  std::string Reshape(const std::string& name, const std::string& value, const Integers& shape) {
    graph_.Node("Reshape", name, {value, graph_.Int64s(name + ".shape", shape)});
    return name;
  }

  std::string MatMul(const std::string& name, const std::string& value, const Matrix& matrix) {
    const std::string constant = graph_.Floats(name + ".index", matrix.shape, matrix.values);
    graph_.Node("MatMul", name, {value, constant});
    return name;
  }

  void Heatmap(const Layer& layer) {
    const std::int64_t joints = layer.out.height;
    value_ =
        Reshape(kHeatmap, value_,
                {kAsInput, joints, layer.in.channels / joints, layer.in.height, layer.in.width});
  }

  /// Of operators that old runtimes know too: OpenCV 4.6 has no ReduceSum of this opset, and
  /// divides equal shapes only.
  void SoftArgmax(const Layer& layer) {
    const std::string& name = layer.name;
    const int joints = layer.out.height;
    const int depth_bins = layer.in.channels / joints;
    const std::string cells = Reshape(name + ".cells", value_, {kAsInput, joints, -1});
    const std::string softmax = name + ".softmax";
    SetAttribute(graph_.Node("Softmax", softmax, {cells}), "axis", std::int64_t{2});
    const std::string bins = Reshape(name + ".bins", softmax, {kAsInput, joints, depth_bins, -1});
    const std::string plane = MatMul(name + ".plane", bins, ColumnRowOne(layer.in));
    const std::string by_bin = name + ".by_bin";
    SetAttribute(graph_.Node("Transpose", by_bin, {plane}), "perm", Integers{0, 1, 3, 2});
    Expectations(name, MatMul(name + ".moments", by_bin, OneIndex(depth_bins)), joints);
  }

  /// `moments` [batch, J, 3, 2]: sums over a joint's cells of its probabilities times
  /// {column, row, 1} x {1, depth bin}. Divided by their plain sum, for a runtime's softmax over
  /// 64 x 64 x 64 cells in float32 sums to 1 within 1e-5 only, which costs 1e-3 cells.
  void Expectations(const std::string& name, const std::string& moments, int joints) {
    const std::string row = Reshape(name + ".row", moments, {kAsInput, joints, 6});
    graph_.Int64s(name + ".axis", {2});
    const std::string sum = Element(name, ".sum", row, 4);
    std::vector<std::string> coordinates;
    for (const auto& [axis, at] : {std::pair(".x", 0), std::pair(".y", 2), std::pair(".z", 5)}) {
      coordinates.push_back(name + axis);
      graph_.Node("Div", name + axis, {Element(name, axis + std::string(".moment"), row, at), sum});
    }
    SetAttribute(Next("Concat", kCoordinates, coordinates), "axis", std::int64_t{2});
  }

  /// [batch, J, 1] of [batch, J, n].
  std::string Element(const std::string& name, const std::string& what, const std::string& from,
                      int at) {
    std::string element = name + what;
    graph_.Node("Slice", element,
                {from, graph_.Int64s(element + ".begin", {at}),
                 graph_.Int64s(element + ".end", {at + 1}), name + ".axis"});
    return element;
  }

  const model::Weights& weights_;
  const bool heatmap_;
  Graph& graph_;
  std::string value_ = kPicture;  // What the next layer reads.
  std::string skip_;
};

}  // namespace

void AddNetwork(const convert::FoldedNetwork& network, bool heatmap, Graph& graph) {
  Walker walker(network.weights, heatmap, graph);
  for (const Layer& layer : network.layers) walker.Add(layer);
}

}  // namespace cnp::onnx

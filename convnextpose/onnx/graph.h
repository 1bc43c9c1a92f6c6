// Appends nodes and constants to an ONNX graph. A value is known by its name.
#pragma once

#include <onnx/onnx_pb.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace cnp::onnx {

using Integers = std::vector<std::int64_t>;

class Graph {
 public:
  /// `proto` must outlive it.
  explicit Graph(::onnx::GraphProto& proto) : proto_(proto) {}

  /// A constant, row-major.
  std::string Floats(const std::string& name, const Integers& shape, std::span<const float> values);
  /// A constant list of whole numbers.
  std::string Int64s(const std::string& name, const Integers& values);

  /// A node with one output, which has the node's name. The reference holds until the next node.
  ::onnx::NodeProto& Node(const std::string& op, const std::string& name,
                          const std::vector<std::string>& inputs);

 private:
  void Constant(const std::string& name, const Integers& shape, std::int32_t type,
                std::span<const std::byte> bytes);

  ::onnx::GraphProto& proto_;
};

void SetAttribute(::onnx::NodeProto& node, const std::string& name, std::int64_t value);
void SetAttribute(::onnx::NodeProto& node, const std::string& name, const Integers& values);
void SetAttribute(::onnx::NodeProto& node, const std::string& name, const std::string& value);

}  // namespace cnp::onnx

#include "convnextpose/onnx/graph.h"

#include <bit>

namespace cnp::onnx {
namespace {

static_assert(std::endian::native == std::endian::little, "raw_data is little-endian");

::onnx::AttributeProto& Add(::onnx::NodeProto& node, const std::string& name,
                            ::onnx::AttributeProto::AttributeType type) {
  ::onnx::AttributeProto& attribute = *node.add_attribute();
  attribute.set_name(name);
  attribute.set_type(type);
  return attribute;
}

}  // namespace

void Graph::Constant(const std::string& name, const Integers& shape, std::int32_t type,
                     std::span<const std::byte> bytes) {
  ::onnx::TensorProto& tensor = *proto_.add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(type);
  for (const std::int64_t size : shape) tensor.add_dims(size);
  tensor.set_raw_data(bytes.data(), bytes.size());
}

std::string Graph::Floats(const std::string& name, const Integers& shape,
                          std::span<const float> values) {
  Constant(name, shape, ::onnx::TensorProto::FLOAT, std::as_bytes(values));
  return name;
}

std::string Graph::Int64s(const std::string& name, const Integers& values) {
  Constant(name, {static_cast<std::int64_t>(values.size())}, ::onnx::TensorProto::INT64,
           std::as_bytes(std::span(values)));
  return name;
}

::onnx::NodeProto& Graph::Node(const std::string& op, const std::string& name,
                               const std::vector<std::string>& inputs) {
  ::onnx::NodeProto& node = *proto_.add_node();
  node.set_op_type(op);
  node.set_name(name);
  for (const std::string& input : inputs) node.add_input(input);
  node.add_output(name);
  return node;
}

void SetAttribute(::onnx::NodeProto& node, const std::string& name, std::int64_t value) {
  Add(node, name, ::onnx::AttributeProto::INT).set_i(value);
}

void SetAttribute(::onnx::NodeProto& node, const std::string& name, const Integers& values) {
  ::onnx::AttributeProto& attribute = Add(node, name, ::onnx::AttributeProto::INTS);
  for (const std::int64_t value : values) attribute.add_ints(value);
}

void SetAttribute(::onnx::NodeProto& node, const std::string& name, const std::string& value) {
  Add(node, name, ::onnx::AttributeProto::STRING).set_s(value);
}

}  // namespace cnp::onnx

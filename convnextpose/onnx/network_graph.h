// A folded network as the nodes of an ONNX graph, one layer after the other.
#pragma once

#include <string>

#include "convnextpose/convert/fold.h"
#include "convnextpose/onnx/graph.h"

namespace cnp::onnx {

/// Names of the network's input and of its output, with and without the soft-argmax.
inline constexpr const char* kPicture = "picture";
inline constexpr const char* kCoordinates = "coordinates";
inline constexpr const char* kHeatmap = "heatmap";

/// Adds every layer's nodes and weights, from kPicture to kCoordinates or kHeatmap. A node and its
/// output have the name of their layer, weights that of their tensor.
/// Precondition: the layers stand in the order that model::Layers yields, without kBatchNorm.
void AddNetwork(const convert::FoldedNetwork& network, bool heatmap, Graph& graph);

}  // namespace cnp::onnx

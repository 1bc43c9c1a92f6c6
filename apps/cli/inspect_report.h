// Everything that `inspect` tells about one checkpoint, gathered before any of it is printed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "convnextpose/base/result.h"
#include "convnextpose/convert/examine.h"
#include "convnextpose/model/layers.h"

namespace cnp::cli {

/// The values of some tensors.
struct ValueRange {
  std::int64_t count = 0;
  std::int64_t non_zero = 0;
  std::int64_t not_finite = 0;
  float min = 0;  ///< Of the finite ones; 0 if there are none.
  float max = 0;

  void Add(const ValueRange& other);
};

struct TensorReport {
  std::string name;  ///< Canonical.
  std::string key;   ///< As in the file.
  std::string dtype;
  std::vector<std::int64_t> shape;
  /// Nothing for a tensor whose elements share memory: it could be larger than any memory.
  std::optional<ValueRange> values;
};

/// What people call a layer: a downsampling, a stage, a layer of the head.
struct GroupReport {
  std::string name;
  int blocks = 0;  ///< Of a stage, else 0.
  std::int64_t kernel = 0;
  std::int64_t in = 0;
  std::int64_t out = 0;
  std::int64_t parameters = 0;
  ValueRange weights;  ///< Of the tensors called weight.
};

struct InspectReport {
  std::string path;
  bool asked = false;  ///< The user says which network it should be.
  convert::Examination exam;
  std::vector<TensorReport> tensors;
  std::vector<GroupReport> groups;    ///< In file order, what is beside the network last.
  std::vector<model::Layer> layers;   ///< Empty where the tensors fit no network.
  std::string obstacle;               ///< Why it does not load; empty if it does.
  std::vector<std::string> warnings;  ///< Of loading.

  [[nodiscard]] bool loads() const { return obstacle.empty(); }
};

/// Errors: as convert::Examine; a checkpoint that is read but does not load is a report.
Result<InspectReport> Inspect(const std::string& path, const convert::Options& options);

/// For a person, many lines.
struct InspectView {
  bool layers = false;   ///< Parameters and MACs by layer.
  bool tensors = false;  ///< Every tensor.
};
std::string ToText(const InspectReport& report, const InspectView& view);
/// For a person, one row a file.
std::string ToTable(const std::vector<InspectReport>& reports);
/// For machines: one object (docs/formats.md).
std::string ToJson(const InspectReport& report);

}  // namespace cnp::cli

#include "apps/cli/inspect_report.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string_view>

#include "convnextpose/checkpoint/printable.h"

namespace cnp::cli {
namespace {

using checkpoint::Tensor;

std::optional<ValueRange> Measure(const Tensor& tensor) {
  const auto held = static_cast<std::int64_t>(tensor.storage.size());
  if (checkpoint::ElementCount(tensor) > held / checkpoint::ElementSize(tensor.dtype)) return {};
  ValueRange range;
  for (const float value : checkpoint::ToFloat(tensor)) {
    const bool finite = std::isfinite(value);
    range.Add({.count = 1,
               .non_zero = value != 0 ? 1 : 0,
               .not_finite = finite ? 0 : 1,
               .min = finite ? value : 0,
               .max = finite ? value : 0});
  }
  return range;
}

/// The first `count` parts of a dotted name.
std::string_view Parts(std::string_view name, int count) {
  std::size_t at = 0;
  while (count-- > 0) {
    at = name.find('.', at);
    if (at == std::string_view::npos) return name;
    ++at;
  }
  return name.substr(0, at - 1);
}

std::string GroupOf(std::string_view name) {
  const bool numbered =
      name.starts_with("backbone.stages.") || name.starts_with("backbone.downsample_layers.");
  const bool inside = name.starts_with("backbone.") || name.starts_with("head.");
  return std::string(Parts(name, numbered ? 3 : inside ? 2 : 1));
}

/// What a tensor's shape says about the sizes of its group.
void AddShape(const TensorReport& tensor, GroupReport& group) {
  if (tensor.shape.size() != 4 || !tensor.name.ends_with(".weight")) return;
  const bool depthwise = tensor.name.ends_with(".dwconv.weight");
  const bool expands = tensor.name.ends_with(".pwconv1.weight");
  group.kernel = std::max(group.kernel, tensor.shape[2]);
  if (!depthwise && group.in == 0) group.in = tensor.shape[1];
  if (!expands) group.out = tensor.shape[0];
}

std::vector<GroupReport> Groups(const std::vector<TensorReport>& tensors) {
  std::vector<GroupReport> groups;
  std::map<std::string, std::size_t> index;
  std::map<std::string, std::set<std::string_view>> blocks;
  for (const TensorReport& tensor : tensors) {
    const std::string name = GroupOf(tensor.name);
    const auto [at, inserted] = index.emplace(name, groups.size());
    if (inserted) groups.push_back({.name = name});
    GroupReport& group = groups[at->second];
    AddShape(tensor, group);
    if (name.starts_with("backbone.stages.")) blocks[name].insert(Parts(tensor.name, 4));
    const bool buffer = tensor.name.find(".running_") != std::string::npos ||
                        tensor.name.ends_with(".num_batches_tracked");
    if (!tensor.values || buffer) continue;
    group.parameters += tensor.values->count;
    if (tensor.name.ends_with(".weight")) group.weights.Add(*tensor.values);
  }
  for (GroupReport& group : groups) {
    group.blocks = static_cast<int>(blocks[group.name].size());
  }
  return groups;
}

}  // namespace

void ValueRange::Add(const ValueRange& other) {
  const bool first = count == not_finite;
  if (other.count > other.not_finite) {
    min = first ? other.min : std::min(min, other.min);
    max = first ? other.max : std::max(max, other.max);
  }
  count += other.count;
  non_zero += other.non_zero;
  not_finite += other.not_finite;
}

Result<InspectReport> Inspect(const std::string& path, const convert::Options& options) {
  InspectReport report{.path = path, .asked = options.spec.has_value()};
  CNP_ASSIGN(report.exam, convert::Examine(path, options));
  const convert::Keys& keys = report.exam.keys;
  for (std::size_t i = 0; i < keys.tensors.size(); ++i) {
    const Tensor& tensor = keys.tensors[i];
    report.tensors.push_back({.name = checkpoint::Printable(tensor.name),
                              .key = checkpoint::Printable(keys.original[i]),
                              .dtype = std::string(checkpoint::Name(tensor.dtype)),
                              .shape = tensor.shape,
                              .values = Measure(tensor)});
  }
  report.groups = Groups(report.tensors);
  if (report.exam.id.spec) report.layers = model::Layers(*report.exam.id.spec);
  const auto network = convert::FromExamination(report.exam);
  if (network.ok()) {
    report.warnings = network->warnings;
  } else {
    report.obstacle = network.error().message;
  }
  return report;
}

}  // namespace cnp::cli

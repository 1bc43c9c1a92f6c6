// From what the network answers for a sample to the errors of its person.
#pragma once

#include <span>
#include <vector>

#include "convnextpose/base/result.h"
#include "convnextpose/datasets/dataset.h"
#include "convnextpose/eval/record.h"
#include "convnextpose/pose/pose.h"

namespace cnp::cli {

/// Scores a network's answers on one dataset; joints are matched by their names. Thread-safe.
class Scorer {
 public:
  /// Errors: no joint in common, or not even the root.
  static Result<Scorer> Make(const pose::JointSet& network, const datasets::Dataset& dataset,
                             const pose::Grid& grid);

  /// `heatmap`: cells, one entry a joint of the network.
  [[nodiscard]] eval::Record Score(const datasets::Sample& sample, const pose::Box& network_box,
                                   std::span<const pose::Vec3> heatmap) const;

 private:
  Scorer(const pose::JointSet& network, const datasets::Dataset& dataset, const pose::Grid& grid)
      : network_(&network), dataset_(&dataset), grid_(grid) {}

  // One entry a joint of the dataset, of values by joint of the network; `absent` where it has
  // none.
  template <typename T>
  std::vector<T> Matched(std::span<const T> values, const T& absent) const;
  [[nodiscard]] std::vector<std::uint8_t> Valid(const datasets::Sample& sample) const;

  const pose::JointSet* network_;
  const datasets::Dataset* dataset_;
  pose::Grid grid_;
  std::vector<int> network_joint_;  // By joint of the dataset; -1: the network has none.
};

}  // namespace cnp::cli

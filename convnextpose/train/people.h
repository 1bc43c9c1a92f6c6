// Every person that a run trains on, in two streams, and which of them an example shows.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "convnextpose/datasets/dataset.h"
#include "convnextpose/pose/box.h"

namespace cnp::train {

/// A sample of a set that can be used.
struct Person {
  const datasets::Dataset* set = nullptr;
  const datasets::Sample* sample = nullptr;
  pose::Box network_box;
  std::span<const double> depth_mm;  ///< FeedOptions::depths; empty: none.
};

/// Immutable; sets and depths must outlive it. Examples are numbered through the run: batch after
/// batch.
class People {
 public:
  /// Precondition: an even batch, so that it has two halves, where there
  /// are both people in space and others. `depths`: FeedOptions'.
  People(const std::vector<datasets::Dataset>& sets,
         const std::vector<std::vector<std::vector<double>>>& depths, std::int64_t rendered,
         std::uint64_t seed);

  /// Whom example `number` shows; null: someone to be rendered. Precondition: any() is true.
  [[nodiscard]] const Person* Of(std::int64_t number) const;

  [[nodiscard]] bool any() const { return in_space() + in_plane() > 0; }
  /// Examples take turns between the two streams.
  [[nodiscard]] bool mixed() const { return in_space() > 0 && in_plane() > 0; }
  /// Examples until all people of the longer stream were seen.
  [[nodiscard]] std::int64_t epoch() const;
  [[nodiscard]] std::int64_t left_out() const { return left_out_; }

 private:
  void Add(const datasets::Dataset& set, std::span<const std::vector<double>> depths);
  [[nodiscard]] std::int64_t in_space() const {
    return static_cast<std::int64_t>(in_space_.size()) + rendered_;
  }
  [[nodiscard]] std::int64_t in_plane() const {
    return static_cast<std::int64_t>(in_plane_.size());
  }

  std::vector<Person> in_space_;  // Those whose joints are known in space, without the rendered.
  std::vector<Person> in_plane_;
  const std::int64_t rendered_;
  const std::uint64_t seed_;
  std::int64_t left_out_ = 0;
};

}  // namespace cnp::train

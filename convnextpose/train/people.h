// Every person that a run trains on, in two streams, and which of them an example shows.
#pragma once

#include <cstdint>
#include <vector>

#include "convnextpose/datasets/dataset.h"
#include "convnextpose/pose/box.h"

namespace cnp::train {

/// A sample of a set that can be used.
struct Person {
  const datasets::Dataset* set = nullptr;
  const datasets::Sample* sample = nullptr;
  pose::Box network_box;
};

/// Immutable. Examples are numbered through the run: batch after batch.
class People {
 public:
  /// The sets must outlive it. Precondition: an even batch, so that it has two halves, where there
  /// are both people in space and others.
  People(const std::vector<datasets::Dataset>& sets, std::int64_t rendered, std::uint64_t seed);

  /// Whom example `number` shows; null: someone to be rendered. Precondition: any() is true.
  [[nodiscard]] const Person* Of(std::int64_t number) const;

  [[nodiscard]] bool any() const { return in_space() + in_plane() > 0; }
  /// Examples take turns between the two streams.
  [[nodiscard]] bool mixed() const { return in_space() > 0 && in_plane() > 0; }
  /// Examples until all people of the longer stream were seen.
  [[nodiscard]] std::int64_t epoch() const;
  [[nodiscard]] std::int64_t left_out() const { return left_out_; }

 private:
  void Add(const datasets::Dataset& set);
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

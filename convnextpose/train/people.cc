#include "convnextpose/train/people.h"

#include <algorithm>

#include "convnextpose/base/check.h"
#include "convnextpose/train/order.h"

namespace cnp::train {
namespace {

// Of the streams' orders.
constexpr std::uint64_t kSpace = 3;
constexpr std::uint64_t kPlane = 2;

Result<pose::Box> NetworkBoxOf(const datasets::Sample& sample) {
  if (!sample.network_box) {
    if (sample.width <= 0 || sample.height <= 0) return Error{"the picture has no size"};
    return pose::NetworkBox(sample.box, sample.width, sample.height);
  }
  CNP_RETURN_IF_ERROR(pose::CheckNetworkBox(*sample.network_box));
  return *sample.network_box;
}

}  // namespace

People::People(const std::vector<datasets::Dataset>& sets,
               const std::vector<std::vector<std::vector<double>>>& depths, std::int64_t rendered,
               std::uint64_t seed)
    : rendered_(rendered), seed_(seed) {
  for (std::size_t i = 0; i < sets.size(); ++i) {
    Add(sets[i], i < depths.size() ? depths[i] : std::span<const std::vector<double>>());
  }
}

void People::Add(const datasets::Dataset& set, std::span<const std::vector<double>> depths) {
  CNP_CHECK(depths.empty() || depths.size() == set.samples.size(), "depths of each sample");
  const bool space = std::any_of(set.samples.begin(), set.samples.end(),
                                 [](const auto& sample) { return !sample.camera_mm.empty(); });
  std::vector<Person>& stream = space ? in_space_ : in_plane_;
  for (std::size_t i = 0; i < set.samples.size(); ++i) {
    const datasets::Sample& sample = set.samples[i];
    const Result<pose::Box> box = NetworkBoxOf(sample);
    if (box.ok()) {
      stream.push_back(
          {&set, &sample, *box, depths.empty() ? std::span<const double>() : depths[i]});
    } else {
      ++left_out_;
    }
  }
}

const Person* People::Of(std::int64_t number) const {
  CNP_CHECK(any() && number >= 0, "an example of the run");
  const bool space = mixed() ? number % 2 == 0 : in_space() > 0;
  const std::int64_t place = mixed() ? number / 2 : number;
  if (!space) return &in_plane_[Walk(in_plane(), seed_ + kPlane, place)];
  const auto index = static_cast<std::size_t>(Walk(in_space(), seed_ + kSpace, place));
  return index < in_space_.size() ? &in_space_[index] : nullptr;
}

std::int64_t People::epoch() const {
  return mixed() ? 2 * std::max(in_space(), in_plane()) : in_space() + in_plane();
}

}  // namespace cnp::train

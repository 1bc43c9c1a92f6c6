#include "convnextpose/pipeline/estimator.h"

#include <algorithm>
#include <cmath>

#include "convnextpose/image/crop.h"

namespace cnp::pipeline {
namespace {

// Of a crop, cut by one thread at a time.
constexpr int kBandRows = 32;

Estimate ToEstimate(std::span<const engine::JointEstimate> joints) {
  Estimate estimate;
  for (const engine::JointEstimate& joint : joints) {
    estimate.heatmap.push_back({joint.mean[0], joint.mean[1], joint.mean[2]});
    estimate.sigma.push_back({joint.sigma[0], joint.sigma[1], joint.sigma[2]});
    estimate.confidence.push_back(joint.confidence);
  }
  return estimate;
}

// The two answers are taken as one distribution, half of each: its variance is the mean of theirs
// and what they disagree by. Spread has no direction, so mirror pairs only change places.
Estimate Merge(const Estimate& direct, const Estimate& mirrored, const pose::JointSet& set,
               const pose::Grid& grid) {
  const std::vector<int> mirror = pose::MirrorMap(set);
  Estimate merged = direct;
  merged.heatmap = pose::FlipMerge(direct.heatmap, mirrored.heatmap, set, grid);
  for (std::size_t joint = 0; joint < mirror.size(); ++joint) {
    const int other = mirror[joint];
    for (int axis = 0; axis < 3; ++axis) {
      const double a = direct.sigma[joint][axis];
      const double b = mirrored.sigma[other][axis];
      const double apart = direct.heatmap[joint][axis] - merged.heatmap[joint][axis];
      merged.sigma[joint][axis] = std::sqrt((a * a + b * b) / 2 + apart * apart);
    }
    merged.confidence[joint] = (direct.confidence[joint] + mirrored.confidence[other]) / 2;
  }
  return merged;
}

}  // namespace

Estimator::Estimator(const engine::Network& network, const pose::JointSet& set, ThreadPool& pool,
                     int max_batch, bool flip_test)
    : network_(network),
      set_(set),
      pool_(pool),
      views_(flip_test ? 2 : 1),
      crops_per_batch_(std::max(1, max_batch / views_)),
      grid_{network.heatmap().out_width(), network.heatmap().out_height(),
            network.heatmap().depth_bins},
      session_(network, pool, crops_per_batch_ * views_) {
  CNP_CHECK(set.size() == network.joints(), "the joint set is not the network's");
  const std::size_t batch = static_cast<std::size_t>(crops_per_batch_) * views_;
  input_.resize(batch * network.input().elements());
  joints_.resize(batch * network.joints());
}

double Estimator::aspect() const {
  return static_cast<double>(network_.input().width) / network_.input().height;
}

std::vector<Estimate> Estimator::Run(std::span<const CropRequest> crops) {
  std::vector<Estimate> estimates(crops.size());
  for (std::size_t first = 0; first < crops.size(); first += crops_per_batch_) {
    const std::size_t count = std::min<std::size_t>(crops_per_batch_, crops.size() - first);
    RunBatch(crops.subspan(first, count), std::span(estimates).subspan(first, count));
  }
  return estimates;
}

// Into input_, each crop's views one after the other.
void Estimator::Cut(std::span<const CropRequest> crops) {
  const model::Shape& shape = network_.input();
  const std::size_t floats = shape.elements();
  const std::size_t row_floats = floats / shape.height;
  const int bands = (shape.height + kBandRows - 1) / kBandRows;
  pool_.ParallelFor(static_cast<int>(crops.size()) * bands, [&](int task, int) {
    const CropRequest& crop = crops[task / bands];
    const int row = task % bands * kBandRows;
    const int rows = std::min(kBandRows, shape.height - row);
    const auto view = [&](int v) {
      const std::size_t first = (std::size_t{1} * (task / bands) * views_ + v) * floats;
      return std::span(input_).subspan(first + row * row_floats, rows * row_floats);
    };
    image::CropRows(crop.picture, crop.network_box, shape.width, shape.height, false, row, rows,
                    view(0));
    if (views_ == 2) image::MirrorRows(view(0), shape.width, view(1));
  });
}

void Estimator::RunBatch(std::span<const CropRequest> crops, std::span<Estimate> out) {
  const std::size_t floats = network_.input().elements();
  const int batch = static_cast<int>(crops.size()) * views_;
  Cut(crops);
  const std::size_t joints = network_.joints();
  session_.Run(std::span(input_).first(batch * floats), batch,
               std::span(joints_).first(batch * joints));
  for (std::size_t i = 0; i < crops.size(); ++i) {
    const auto view = [&](std::size_t v) {
      return ToEstimate(std::span(joints_).subspan((i * views_ + v) * joints, joints));
    };
    out[i] = views_ == 2 ? Merge(view(0), view(1), set_, grid_) : view(0);
  }
}

}  // namespace cnp::pipeline

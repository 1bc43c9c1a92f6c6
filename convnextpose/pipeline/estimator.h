// Crops -> joints in heatmap cells: the network with its crop before and the flip test behind it.
#pragma once

#include <span>
#include <vector>

#include "convnextpose/engine/network.h"
#include "convnextpose/engine/session.h"
#include "convnextpose/image/image.h"
#include "convnextpose/pose/box.h"
#include "convnextpose/pose/joint_set.h"
#include "convnextpose/pose/pose.h"

namespace cnp::pipeline {

/// What the network looks at: a box of a picture. The picture must outlive the call.
struct CropRequest {
  image::ImageView picture;
  pose::Box network_box;
};

/// One person's joints, one entry a joint.
struct Estimate {
  std::vector<pose::Vec3> heatmap;  ///< Cells: x, y, depth bin.
  std::vector<pose::Vec3> sigma;    ///< Standard deviation of the heatmap, cells.
  std::vector<double> confidence;   ///< 0..1, engine::JointEstimate.
};

/// Not thread-safe; several may share a network and a pool, which must outlive them.
class Estimator {
 public:
  /// Precondition: set.size() == network.joints(). `max_batch` counts what the network sees at
  /// once: with the flip test a crop counts twice.
  Estimator(const engine::Network& network, const pose::JointSet& set, ThreadPool& pool,
            int max_batch, bool flip_test);

  /// One estimate a crop; the same bits however crops are grouped.
  std::vector<Estimate> Run(std::span<const CropRequest> crops);

  [[nodiscard]] const pose::Grid& grid() const { return grid_; }
  [[nodiscard]] const pose::JointSet& joint_set() const { return set_; }
  /// Width over height of the network's input.
  [[nodiscard]] double aspect() const;

 private:
  void Cut(std::span<const CropRequest> crops);
  void RunBatch(std::span<const CropRequest> crops, std::span<Estimate> out);

  const engine::Network& network_;
  const pose::JointSet& set_;
  ThreadPool& pool_;
  const int views_;  // Of each crop: itself, and its mirror image in the flip test.
  const int crops_per_batch_;
  pose::Grid grid_;
  engine::Session session_;
  AlignedVector<float> input_;
  std::vector<engine::JointEstimate> joints_;
};

}  // namespace cnp::pipeline

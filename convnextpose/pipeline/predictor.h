// The main job: pictures -> people in camera space.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "convnextpose/base/result.h"
#include "convnextpose/pipeline/estimator.h"
#include "convnextpose/pipeline/person.h"
#include "convnextpose/pose/root_depth.h"

namespace cnp::pipeline {

/// What is known of the camera. Nothing: focal length 1500 px assumed, centre of the picture.
struct CameraOptions {
  std::optional<pose::Vec2> focal_px;
  std::optional<double> fov_degrees;  ///< Horizontal. Ignored where focal_px is given.
  std::optional<pose::Vec2> center_px;
};

struct PredictorOptions {
  CameraOptions camera;
  /// One for everybody, or one for each subject in order; empty: from bone lengths.
  std::vector<double> root_depth_mm;
  double height_mm = pose::kAverageAdultMm;  ///< Of the people, where depth is from bone lengths.
  bool flip_test = false;
  int max_batch = 8;
};

/// Not thread-safe; several may share a network and a pool, which must outlive them.
class Predictor {
 public:
  /// Precondition: set.size() == network.joints().
  Predictor(const engine::Network& network, const pose::JointSet& set, ThreadPool& pool,
            PredictorOptions options);

  /// One result a request, in order; crops of all pictures share batches. An error is of its
  /// picture alone: a box outside it, a depth that cannot be found, an answer that is not finite.
  std::vector<Result<PictureResult>> Predict(std::span<const PictureRequest> requests);

 private:
  struct Candidate;
  using Results = std::vector<Result<PictureResult>>;

  // The steps of Predict, in order. First, who is wanted in a picture and where.
  [[nodiscard]] Result<std::vector<Candidate>> Wanted(const PictureRequest& request,
                                                      std::size_t picture) const;
  // Those with a box get their estimate ...
  void LookIntoBoxes(std::span<const PictureRequest> requests, std::span<Candidate* const> boxed);
  // ... those without get a box as well, or their picture a note.
  void Search(std::span<const PictureRequest> requests, std::span<Candidate* const> unboxed,
              Results& results);
  // Adds the person to the picture's result, or makes it an error.
  void Place(const Candidate& candidate, Result<PictureResult>& result) const;
  [[nodiscard]] Result<Person> Finish(const pose::Camera& camera, const Candidate& candidate) const;
  [[nodiscard]] Status FindDepth(const pose::Camera& camera, const Candidate& candidate,
                                 const pose::Pose& pose, Person& person) const;

  PredictorOptions options_;
  Estimator estimator_;
};

}  // namespace cnp::pipeline

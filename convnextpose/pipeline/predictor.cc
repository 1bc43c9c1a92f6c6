#include "convnextpose/pipeline/predictor.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "convnextpose/pipeline/search.h"
#include "convnextpose/pose/pose.h"

namespace cnp::pipeline {
namespace {

Result<pose::Camera> MakeCamera(const CameraOptions& options, int width, int height) {
  pose::Camera camera = pose::DefaultCamera(width, height);
  if (options.focal_px) {
    const auto [x, y] = *options.focal_px;
    CNP_ASSIGN(camera, pose::CameraFromFocal(x, y, width, height));
  } else if (options.fov_degrees) {
    CNP_ASSIGN(camera, pose::CameraFromFov(*options.fov_degrees, width, height));
  }
  if (options.center_px) camera.center_px = *options.center_px;
  return camera;
}

Result<pose::Box> NetworkBoxOf(const Subject& subject, const image::ImageView& picture,
                               double aspect) {
  if (!subject.network_box) {
    return pose::NetworkBox(*subject.box, picture.width, picture.height, aspect);
  }
  CNP_RETURN_IF_ERROR(pose::CheckNetworkBox(*subject.network_box));
  return *subject.network_box;
}

// A picture before anybody is looked for in it.
Result<PictureResult> EmptyResult(const PictureRequest& request, const CameraOptions& options) {
  const auto [width, height] = std::pair(request.picture.width, request.picture.height);
  CNP_ASSIGN(const pose::Camera camera, MakeCamera(options, width, height));
  return PictureResult{.width = width, .height = height, .camera = camera};
}

}  // namespace

// Somebody who is wanted in a picture.
struct Predictor::Candidate {
  std::size_t picture = 0;
  std::size_t number = 0;                // Among those wanted in the picture.
  std::optional<pose::Box> box;          // The person's.
  std::optional<pose::Box> network_box;  // None: to be searched for; then: nobody was found.
  Estimate estimate;
};

Predictor::Predictor(const engine::Network& network, const pose::JointSet& set, ThreadPool& pool,
                     PredictorOptions options)
    : options_(std::move(options)),
      estimator_(network, set, pool, options_.max_batch, options_.flip_test) {}

std::vector<Result<PictureResult>> Predictor::Predict(std::span<const PictureRequest> requests) {
  Results results;
  std::vector<Candidate> candidates;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    results.push_back(EmptyResult(requests[i], options_.camera));
    if (!results[i].ok()) continue;
    Result<std::vector<Candidate>> wanted = Wanted(requests[i], i);
    if (wanted.ok()) {
      std::move(wanted->begin(), wanted->end(), std::back_inserter(candidates));
    } else {
      results[i] = wanted.error();
    }
  }
  std::vector<Candidate*> boxed;
  std::vector<Candidate*> unboxed;
  for (Candidate& candidate : candidates) {
    (candidate.network_box ? boxed : unboxed).push_back(&candidate);
  }
  LookIntoBoxes(requests, boxed);
  Search(requests, unboxed, results);
  for (const Candidate& candidate : candidates) Place(candidate, results[candidate.picture]);
  return results;
}

Result<std::vector<Predictor::Candidate>> Predictor::Wanted(const PictureRequest& request,
                                                            std::size_t picture) const {
  static const std::vector<Subject> anyone(1);
  std::vector<Candidate> wanted;
  for (const Subject& subject : request.subjects.empty() ? anyone : request.subjects) {
    Candidate candidate{.picture = picture, .number = wanted.size(), .box = subject.box};
    if (subject.network_box || subject.box) {
      CNP_ASSIGN(candidate.network_box,
                 NetworkBoxOf(subject, request.picture, estimator_.aspect()));
    }
    wanted.push_back(std::move(candidate));
  }
  return wanted;
}

void Predictor::LookIntoBoxes(std::span<const PictureRequest> requests,
                              std::span<Candidate* const> boxed) {
  std::vector<CropRequest> crops;
  for (const Candidate* candidate : boxed) {
    crops.push_back({requests[candidate->picture].picture, *candidate->network_box});
  }
  std::vector<Estimate> estimates = estimator_.Run(crops);
  for (std::size_t c = 0; c < boxed.size(); ++c) boxed[c]->estimate = std::move(estimates[c]);
}

void Predictor::Search(std::span<const PictureRequest> requests,
                       std::span<Candidate* const> unboxed, Results& results) {
  std::vector<image::ImageView> pictures;
  for (const Candidate* candidate : unboxed) {
    pictures.push_back(requests[candidate->picture].picture);
  }
  std::vector<Found> found = FindPeople(pictures, estimator_);
  for (std::size_t c = 0; c < unboxed.size(); ++c) {
    if (found[c].person) {
      unboxed[c]->box = found[c].box;
      unboxed[c]->network_box = found[c].network_box;
      unboxed[c]->estimate = std::move(found[c].estimate);
    } else {
      results[unboxed[c]->picture]->note = found[c].reason;
    }
  }
}

void Predictor::Place(const Candidate& candidate, Result<PictureResult>& result) const {
  if (!result.ok() || !candidate.network_box) return;
  Result<Person> person = Finish(result->camera, candidate);
  if (person.ok()) {
    result->people.push_back(std::move(person).value());
  } else {
    result = person.error().In("person " + std::to_string(candidate.number + 1));
  }
}

Result<Person> Predictor::Finish(const pose::Camera& camera, const Candidate& candidate) const {
  const pose::JointSet& set = estimator_.joint_set();
  const pose::Grid& grid = estimator_.grid();
  const Estimate& estimate = candidate.estimate;
  if (!std::all_of(estimate.heatmap.begin(), estimate.heatmap.end(),
                   [](const pose::Vec3& cell) { return pose::IsFinite(cell); })) {
    return Error{"the network's answer is not finite; the weights are damaged, see `inspect`"};
  }
  Person person{.box = candidate.box, .network_box = *candidate.network_box};
  pose::Pose pose = pose::PoseInPicture(estimate.heatmap, grid, person.network_box);
  CNP_RETURN_IF_ERROR(FindDepth(camera, candidate, pose, person));
  pose::PlaceInCamera(camera, person.root_depth_mm, set.root, pose);
  for (int j = 0; j < set.size(); ++j) {
    person.joints.push_back({.heatmap = estimate.heatmap[j],
                             .image_px = pose.image_px[j],
                             .root_relative_mm = pose.root_relative_mm[j],
                             .camera_mm = pose.camera_mm[j],
                             .confidence = estimate.confidence[j],
                             .sigma_mm = pose::SigmaMm(estimate.sigma[j], grid, person.network_box,
                                                       camera, pose.camera_mm[j][2])});
  }
  return person;
}

Status Predictor::FindDepth(const pose::Camera& camera, const Candidate& candidate,
                            const pose::Pose& pose, Person& person) const {
  const std::vector<double>& given = options_.root_depth_mm;
  if (given.empty()) {
    CNP_ASSIGN(person.root_depth_mm,
               pose::RootDepthFromBones(estimator_.joint_set(), pose.image_px,
                                        pose.relative_depth_mm, candidate.estimate.confidence,
                                        camera, {.height_mm = options_.height_mm}));
    person.root_depth_source = DepthSource::kBoneLength;
    return {};
  }
  const std::size_t which = given.size() == 1 ? 0 : candidate.number;
  if (which >= given.size()) {
    return Error{"no root depth is given for it; give one for all or one for each box"};
  }
  person.root_depth_mm = given[which];
  person.root_depth_source = DepthSource::kGiven;
  return {};
}

}  // namespace cnp::pipeline

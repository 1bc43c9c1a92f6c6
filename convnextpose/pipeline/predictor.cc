#include "convnextpose/pipeline/predictor.h"

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

// A person to be placed: one crop's answer, and where it belongs.
struct Candidate {
  std::size_t picture = 0;
  std::size_t number = 0;  // Among the picture's people.
  Subject subject;
  pose::Box network_box;
  Estimate estimate;
};

}  // namespace

Predictor::Predictor(const engine::Network& network, const pose::JointSet& set, ThreadPool& pool,
                     PredictorOptions options)
    : options_(std::move(options)),
      estimator_(network, set, pool, options_.max_batch, options_.flip_test) {}

std::vector<Result<PictureResult>> Predictor::Predict(std::span<const PictureRequest> requests) {
  std::vector<Result<PictureResult>> results;
  std::vector<Candidate> candidates;
  std::vector<image::ImageView> unboxed;
  std::vector<std::size_t> unboxed_picture;
  std::vector<CropRequest> crops;

  for (std::size_t i = 0; i < requests.size(); ++i) {
    const image::ImageView& picture = requests[i].picture;
    PictureResult result{.width = picture.width, .height = picture.height};
    const Result<pose::Camera> camera = MakeCamera(options_.camera, picture.width, picture.height);
    results.emplace_back(std::move(result));
    if (!camera.ok()) {
      results[i] = camera.error();
      continue;
    }
    results[i]->camera = *camera;
    if (requests[i].subjects.empty()) {
      unboxed.push_back(picture);
      unboxed_picture.push_back(i);
    }
    for (std::size_t n = 0; n < requests[i].subjects.size() && results[i].ok(); ++n) {
      const Subject& subject = requests[i].subjects[n];
      const Result<pose::Box> box = NetworkBoxOf(subject, picture, estimator_.aspect());
      if (!box.ok()) {
        results[i] = box.error();
        break;
      }
      crops.push_back({picture, *box});
      candidates.push_back({i, n, subject, *box, {}});
    }
  }

  std::vector<Estimate> estimates = estimator_.Run(crops);
  for (std::size_t c = 0; c < candidates.size(); ++c) {
    candidates[c].estimate = std::move(estimates[c]);
  }
  const std::vector<Found> found = FindPeople(unboxed, estimator_);
  for (std::size_t f = 0; f < found.size(); ++f) {
    const std::size_t i = unboxed_picture[f];
    if (!found[f].person) {
      results[i]->note = found[f].reason;
      continue;
    }
    candidates.push_back({i, 0, {.box = found[f].box}, found[f].network_box, found[f].estimate});
  }

  for (const Candidate& candidate : candidates) {
    Result<PictureResult>& result = results[candidate.picture];
    if (!result.ok()) continue;
    Result<Person> person = Finish(result->camera, candidate.subject, candidate.number,
                                   candidate.network_box, candidate.estimate);
    if (person.ok()) {
      result->people.push_back(std::move(person).value());
    } else {
      result = person.error().In("person " + std::to_string(candidate.number + 1));
    }
  }
  return results;
}

Result<Person> Predictor::Finish(const pose::Camera& camera, const Subject& subject,
                                 std::size_t number, const pose::Box& network_box,
                                 const Estimate& estimate) const {
  const pose::JointSet& set = estimator_.joint_set();
  const pose::Grid& grid = estimator_.grid();
  for (const pose::Vec3& cell : estimate.heatmap) {
    if (!pose::IsFinite(cell)) {
      return Error{"the network's answer is not finite; the weights are damaged, see `inspect`"};
    }
  }
  Person person{.box = subject.box, .network_box = network_box};
  pose::Pose pose = pose::PoseInPicture(estimate.heatmap, grid, network_box);
  if (options_.root_depth_mm.empty()) {
    CNP_ASSIGN(
        person.root_depth_mm,
        pose::RootDepthFromBones(set, pose.image_px, pose.relative_depth_mm, estimate.confidence,
                                 camera, {.height_mm = options_.height_mm}));
  } else {
    const std::size_t which = options_.root_depth_mm.size() == 1 ? 0 : number;
    if (which >= options_.root_depth_mm.size()) {
      return Error{"no root depth is given for it; give one for all or one for each box"};
    }
    person.root_depth_mm = options_.root_depth_mm[which];
    person.root_depth_source = DepthSource::kGiven;
  }
  pose::PlaceInCamera(camera, person.root_depth_mm, set.root, pose);
  for (int j = 0; j < set.size(); ++j) {
    person.joints.push_back({.heatmap = estimate.heatmap[j],
                             .image_px = pose.image_px[j],
                             .root_relative_mm = pose.root_relative_mm[j],
                             .camera_mm = pose.camera_mm[j],
                             .confidence = estimate.confidence[j],
                             .sigma_mm = pose::SigmaMm(estimate.sigma[j], grid, network_box, camera,
                                                       pose.camera_mm[j][2])});
  }
  return person;
}

}  // namespace cnp::pipeline

#include "convnextpose/pipeline/search.h"

#include <algorithm>
#include <numeric>

#include "convnextpose/pose/pose.h"

namespace cnp::pipeline {
namespace {

// Joints below this do not pull the box.
constexpr double kMinJointConfidence = 0.3;
// Mean confidence from which an answer counts as a person.
constexpr double kMinPersonConfidence = 0.5;
// Two boxes that overlap so much are the same.
constexpr double kSettled = 0.9;

double Mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// One picture on its way from the whole of it to the person in it.
struct Search {
  image::ImageView picture;
  pose::Box network_box;  // To look at next.
  bool going = true;
  Found found;

  // Takes the network's answer; decides whether to look again, and where.
  void Take(Estimate estimate, const pose::Grid& grid, double aspect) {
    found.network_box = network_box;
    found.estimate = std::move(estimate);
    const pose::Pose pose = pose::PoseInPicture(found.estimate.heatmap, grid, network_box);
    const Result<pose::Box> box =
        pose::BoxAroundJoints(pose.image_px, found.estimate.confidence, kMinJointConfidence);
    if (!box.ok()) return Stop("no joint is clear");
    const Result<pose::Box> next = pose::NetworkBox(*box, picture.width, picture.height, aspect);
    if (!next.ok()) return Stop("the joints found lie outside the picture");
    found.box = *box;
    if (pose::IntersectionOverUnion(network_box, *next) > kSettled) going = false;
    network_box = *next;
  }

  void Stop(const char* reason) {
    found.reason = reason;
    going = false;
  }
};

}  // namespace

std::vector<Found> FindPeople(std::span<const image::ImageView> pictures, Estimator& estimator) {
  std::vector<Search> searches;
  for (const image::ImageView& picture : pictures) {
    Search search{.picture = picture};
    const Result<pose::Box> whole = pose::NetworkBox(
        {0, 0, static_cast<double>(picture.width), static_cast<double>(picture.height)},
        picture.width, picture.height, estimator.aspect());
    if (whole.ok()) {
      search.network_box = *whole;
    } else {
      search.Stop("the picture is too small");
    }
    searches.push_back(std::move(search));
  }
  for (int round = 0; round < kMaxRounds; ++round) {
    std::vector<CropRequest> crops;
    std::vector<Search*> asking;
    for (Search& search : searches) {
      if (!search.going) continue;
      crops.push_back({search.picture, search.network_box});
      asking.push_back(&search);
    }
    std::vector<Estimate> estimates = estimator.Run(crops);
    for (std::size_t i = 0; i < asking.size(); ++i) {
      asking[i]->Take(std::move(estimates[i]), estimator.grid(), estimator.aspect());
    }
  }
  std::vector<Found> found;
  for (Search& search : searches) {
    if (search.found.reason.empty()) {
      search.found.person = Mean(search.found.estimate.confidence) >= kMinPersonConfidence;
      if (!search.found.person) search.found.reason = "nothing in it looks like a person";
    }
    found.push_back(std::move(search.found));
  }
  return found;
}

}  // namespace cnp::pipeline

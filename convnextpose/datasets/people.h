// From the lists of a file to samples: what every reader does alike.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "convnextpose/datasets/coco_layout.h"
#include "convnextpose/datasets/dataset.h"
#include "convnextpose/datasets/options.h"

namespace cnp::datasets {

/// Where entries are, by their ids; of two with one id the first counts.
class IdIndex {
 public:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  template <typename Entries>
  explicit IdIndex(const Entries& entries) {
    positions_.reserve(entries.size());
    for (std::size_t i = 0; i < entries.size(); ++i) positions_.emplace_back(entries[i].id, i);
    Sort();
  }
  [[nodiscard]] std::size_t Find(std::int64_t id) const;
  [[nodiscard]] const std::vector<std::int64_t>& doubled() const { return doubled_; }

 private:
  void Sort();
  std::vector<std::pair<std::int64_t, std::size_t>> positions_;
  std::vector<std::int64_t> doubled_;  // Ids that entries share.
};

/// What becomes of a person.
struct Fate {
  enum Kind { kTake, kByRule, kLeftOut };
  Kind kind = kTake;
  std::string why;  ///< Of kLeftOut.

  static Fate Take() { return {}; }
  static Fate ByRule() { return {kByRule, {}}; }
  static Fate LeaveOut(std::string why) { return {kLeftOut, std::move(why)}; }
};

/// Adds a sample for each annotation that can be used, until there are options.limit; whether it
/// needs a box of its own, the options say as well.
/// `concerns(image)`: is the image part of what is read; others are passed over silently.
/// `finish(image, annotation, sample)` fills joints, camera and depth of a sample that has its
/// file, size, origin and box, and returns its Fate.
using Concerns = std::function<bool(const ImageEntry&)>;
using Finish = std::function<Fate(const ImageEntry&, const AnnotationEntry&, Sample&)>;
/// Concerns of a reader that takes all of a file.
inline bool AllImages(const ImageEntry& /*image*/) { return true; }
void AddPeople(const CocoFile& file, const ReadOptions& options, const Concerns& concerns,
               const Finish& finish, Dataset& dataset);

/// Joints in the picture that are labelled where their third number is not 0. False: not `joints`
/// times three numbers.
bool ReadKeypoints(const Rows& keypoints, std::size_t joints, Sample& sample);

/// Lists of x, y (and perhaps more) and x, y, z. False: not `joints` points.
bool ReadPoints(const Rows& rows, std::size_t joints, std::vector<pose::Vec2>& points);
bool ReadPoints(const Rows& rows, std::size_t joints, std::vector<pose::Vec3>& points);

/// A few of their pictures, from the beginning, the middle and the end.
std::vector<std::string> SomeFiles(const std::vector<Sample>& samples);

/// "file.json, annotation 17".
std::string Place(const std::string& file, const char* what, std::int64_t id);

}  // namespace cnp::datasets

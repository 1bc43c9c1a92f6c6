#include "convnextpose/datasets/muco.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <vector>

#include "convnextpose/datasets/coco_layout.h"
#include "convnextpose/datasets/people.h"
#include "convnextpose/datasets/reader.h"

namespace cnp::datasets {
namespace {

constexpr double kApartMm = 500;
// Pictures hold four people or so. In a file that claims thousands, pairs would take for ever.
constexpr std::size_t kMostPeople = 100;

const pose::JointSet& Joints() { return *pose::FindJointSet("muco").value(); }

// Who stands where in one picture.
struct Standing {
  AnnotationEntry* annotation = nullptr;
  pose::Vec3 root_mm{};
};

// The published rule asks for as much in space, too: it is never less there.
bool AreApart(const Standing& a, const Standing& b) {
  return std::hypot(a.root_mm[0] - b.root_mm[0], a.root_mm[1] - b.root_mm[1]) >= kApartMm;
}

// The nearest, of equally near ones the first.
std::size_t Nearest(const std::vector<Standing>& people) {
  const auto nearest = std::ranges::min_element(
      people, {}, [](const Standing& person) { return person.root_mm[2]; });
  return static_cast<std::size_t>(nearest - people.begin());
}

bool IsApartFromAll(const std::vector<Standing>& people, std::size_t i) {
  for (std::size_t j = 0; j < people.size(); ++j) {
    if (i != j && !AreApart(people[i], people[j])) return false;
  }
  return true;
}

// Makes those who are not picked invalid. Whose joints are not readable stays, so that it is told.
void Pick(CocoFile& file) {
  std::map<std::int64_t, std::vector<Standing>> pictures;
  std::vector<pose::Vec3> points;
  for (AnnotationEntry& annotation : file.annotations) {
    if (!ReadPoints(annotation.camera_mm, Joints().joints.size(), points)) continue;
    pictures[annotation.image_id].push_back(
        {&annotation, points[static_cast<std::size_t>(Joints().root)]});
  }
  for (const auto& [image, people] : pictures) {
    const std::size_t nearest = Nearest(people);
    const bool too_many = people.size() > kMostPeople;
    for (std::size_t i = 0; i < people.size(); ++i) {
      people[i].annotation->valid = i == nearest || (!too_many && IsApartFromAll(people, i));
    }
  }
}

Fate Examine(const ImageEntry& image, const AnnotationEntry& annotation, Sample& sample) {
  return TakePoints(image, annotation, Joints(), sample);
}

}  // namespace

Result<Dataset> ParseMuco(std::span<const std::byte> bytes, const std::string& name,
                          const ReadOptions& options) {
  CNP_ASSIGN(
      CocoFile file,
      ParseCoco(bytes, name,
                {.keypoints_img = true, .keypoints_cam = true, .needs_box = options.needs_box}));
  Pick(file);
  Dataset dataset{.name = "muco", .joints = &Joints()};
  AddPeople(file, options, AllImages, Examine, dataset);
  return dataset;
}

Result<Dataset> ReadMuco(const std::filesystem::path& dir, const ReadOptions& options) {
  if (options.split == Split::kTest) {
    return Error{"MuCo-3DHP is to train on, it has no test set; MuPoTS-3D is its counterpart"};
  }
  CNP_ASSIGN(Folders folders, Folders::Open(dir));
  CNP_ASSIGN(const std::filesystem::path file, FindFile(folders, "MuCo-3DHP.json",
                                                        "it comes beside augmented_set/ and "
                                                        "unaugmented_set/"));
  return ReadAnnotations(folders, file, ParseMuco, options);
}

}  // namespace cnp::datasets

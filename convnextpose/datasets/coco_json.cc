#include "convnextpose/datasets/coco_json.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "convnextpose/datasets/coco_joints.h"
#include "convnextpose/datasets/coco_layout.h"
#include "convnextpose/datasets/people.h"
#include "convnextpose/datasets/reader.h"

namespace cnp::datasets {
namespace {

namespace fs = std::filesystem;

// How the file's joints become those of a set.
struct Mapping {
  const pose::JointSet* set = nullptr;
  bool is_coco_file = false;          // Thorax and Pelvis are to be made.
  std::vector<std::size_t> position;  // In the file, of each joint of the set that it has.
};

// "left_Hip" -> "l_hip".
std::string Plain(std::string_view name) {
  std::string plain(name);
  for (char& c : plain) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (plain.starts_with("left_")) plain.erase(1, 3);
  if (plain.starts_with("right_")) plain.erase(1, 4);
  return plain;
}

// Where each of `joints` is among `names`; nothing unless all are.
std::optional<std::vector<std::size_t>> Positions(std::span<const std::string_view> joints,
                                                  const std::vector<std::string>& names) {
  if (joints.size() != names.size()) return std::nullopt;
  std::vector<std::size_t> positions;
  for (const std::string_view joint : joints) {
    const auto found = std::ranges::find(names, Plain(joint), Plain);
    if (found == names.end()) return std::nullopt;
    positions.push_back(static_cast<std::size_t>(found - names.begin()));
  }
  return positions;
}

std::vector<std::size_t> InOrder(std::size_t count) {
  std::vector<std::size_t> positions(count);
  for (std::size_t i = 0; i < count; ++i) positions[i] = i;
  return positions;
}

Error NoSet(const CocoFile& file, std::size_t joints) {
  std::string known;
  for (const pose::JointSet& set : pose::JointSets()) known += " " + std::string(set.name);
  return {file.name + ": its " + std::to_string(joints) +
          " joints are of no known set; name them in categories[0].keypoints as in one of" + known};
}

Result<Mapping> MapNames(const CocoFile& file) {
  for (const pose::JointSet& set : pose::JointSets()) {
    if (auto positions = Positions(set.joints, file.joints)) {
      return Mapping{.set = &set, .position = std::move(*positions)};
    }
  }
  if (auto positions = Positions(CocoJoints().joints.first(kCocoFileJoints), file.joints)) {
    return Mapping{.set = &CocoJoints(), .is_coco_file = true, .position = std::move(*positions)};
  }
  return NoSet(file, file.joints.size());
}

std::size_t JointsOf(const AnnotationEntry& annotation) {
  const bool in_picture = !annotation.keypoints.numbers.empty();
  return (in_picture ? annotation.keypoints : annotation.camera_mm).numbers.size() / 3;
}

Result<Mapping> MapJoints(const CocoFile& file) {
  if (!file.joints.empty()) return MapNames(file);
  std::size_t joints = 0;
  for (const AnnotationEntry& annotation : file.annotations) {
    joints = std::max(joints, JointsOf(annotation));
  }
  const pose::JointSet* set = pose::JointSetOfSize(static_cast<int>(joints));
  if (set == nullptr) return NoSet(file, joints);
  return Mapping{.set = set, .position = InOrder(joints)};
}

template <typename T>
void Reorder(const std::vector<std::size_t>& position, std::vector<T>& values) {
  if (values.empty()) return;
  std::vector<T> ordered;
  ordered.reserve(position.size());
  for (const std::size_t p : position) ordered.push_back(values[p]);
  values = std::move(ordered);
}

// Where the picture is not labelled, from space.
void ProjectJoints(Sample& sample) {
  for (const pose::Vec3& point : sample.camera_mm) {
    const pose::Vec2 px = pose::Project(sample.camera, point);
    const bool seen = pose::IsFinite(px);
    sample.image_px.push_back(seen ? px : pose::Vec2{});
    sample.visible.push_back(seen ? 1 : 0);
  }
}

// Empty: nothing is wrong.
std::string ReadJoints(const ImageEntry& image, const AnnotationEntry& annotation,
                       std::size_t joints, Sample& sample) {
  const std::string count = std::to_string(joints);
  const bool in_space = !annotation.camera_mm.numbers.empty();
  if (in_space && !ReadPoints(annotation.camera_mm, joints, sample.camera_mm)) {
    return "its keypoints_cam are not " + count + " points in mm";
  }
  if (!annotation.keypoints.numbers.empty()) {
    if (ReadKeypoints(annotation.keypoints, joints, sample)) return "";
    return "its keypoints are not " + count + " times x, y, visibility";
  }
  if (!in_space) return "it has neither keypoints nor keypoints_cam";
  if (!image.camera) return "it has keypoints_cam alone, and its image no camera {f, c}";
  ProjectJoints(sample);
  return "";
}

Fate Examine(const Mapping& mapping, const ImageEntry& image, const AnnotationEntry& annotation,
             Sample& sample) {
  if (annotation.crowd || !annotation.valid || annotation.labelled == 0) return Fate::ByRule();
  std::string wrong = ReadJoints(image, annotation, mapping.position.size(), sample);
  if (!wrong.empty()) return Fate::LeaveOut(std::move(wrong));
  Reorder(mapping.position, sample.image_px);
  Reorder(mapping.position, sample.visible);
  Reorder(mapping.position, sample.camera_mm);
  if (mapping.is_coco_file) AddThoraxAndPelvis(sample);
  if (!sample.camera_mm.empty()) {
    sample.root_depth_mm = sample.camera_mm[static_cast<std::size_t>(mapping.set->root)][2];
    if (!(sample.root_depth_mm > 0)) {
      return Fate::LeaveOut("its root joint is not in front of the camera");
    }
  }
  return Labelled(sample) == 0 ? Fate::ByRule() : Fate::Take();
}

Result<fs::path> FindAnnotations(Folders& folders, Split split) {
  constexpr std::array<const char*, 1> train = {"train.json"};
  constexpr std::array<const char*, 2> test = {"test.json", "val.json"};
  const std::span<const char* const> names =
      split == Split::kTrain ? std::span<const char* const>(train) : test;
  for (const char* name : names) {
    if (const auto folder = folders.FolderOf(name)) return *folder / name;
  }
  const std::vector<fs::path> any = folders.Matching("", ".json");
  if (any.size() == 1) return any.front();
  return Error{std::string(names.front()) + ": not found in " + folders.LookedIn() + ", and " +
               (any.empty() ? "no" : "more than one") +
               " other .json file; put it into annotations/, or give its path"};
}

}  // namespace

Result<Dataset> ParseCocoJson(std::span<const std::byte> bytes, const std::string& name,
                              const ReadOptions& options) {
  CNP_ASSIGN(const CocoFile file,
             ParseCoco(bytes, name,
                       {.keypoints = true, .keypoints_cam = true, .needs_box = options.needs_box}));
  CNP_ASSIGN(const Mapping mapping, MapJoints(file));
  Dataset dataset{.name = "coco-json", .joints = mapping.set};
  AddPeople(
      file, options, AllImages,
      [&](const ImageEntry& image, const AnnotationEntry& annotation, Sample& sample) {
        return Examine(mapping, image, annotation, sample);
      },
      dataset);
  return dataset;
}

Result<Dataset> ReadCocoJson(const fs::path& dir, const ReadOptions& options) {
  std::error_code error;
  const bool is_file = fs::is_regular_file(dir, error);
  CNP_ASSIGN(Folders folders, Folders::Open(is_file ? fs::absolute(dir).parent_path() : dir));
  if (is_file) return ReadAnnotations(folders, fs::absolute(dir), ParseCocoJson, options);
  CNP_ASSIGN(const fs::path file, FindAnnotations(folders, options.split));
  return ReadAnnotations(folders, file, ParseCocoJson, options);
}

}  // namespace cnp::datasets

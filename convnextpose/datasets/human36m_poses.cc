#include "convnextpose/datasets/human36m_poses.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "convnextpose/datasets/coco_layout.h"
#include "convnextpose/datasets/json.h"

namespace cnp::datasets {
namespace {

namespace od = json::od;

constexpr int kMostCameras = 1000;
constexpr double kFarthestMm = 1e8;  // 100 km: so far no sum or product loses its millimetres.

// "12" -> 12; nothing else.
std::optional<int> ToNumber(std::string_view key) {
  int number = 0;
  const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), number);
  if (error != std::errc{} || end != key.data() + key.size() || number < 0) return std::nullopt;
  return number;
}

// Actions and subactions have one or two digits.
std::optional<std::uint64_t> KeyOf(int action, int subaction, int frame) {
  constexpr int most = 0xFFFF;
  if (action < 0 || subaction < 0 || frame < 0 || action > most || subaction > most) {
    return std::nullopt;
  }
  return std::uint64_t{static_cast<std::uint32_t>(action)} << 48 |
         std::uint64_t{static_cast<std::uint32_t>(subaction)} << 32 |
         static_cast<std::uint32_t>(frame);
}

std::optional<std::uint64_t> KeyOf(const Origin& origin) {
  return KeyOf(origin.action, origin.subaction, origin.frame);
}

bool Read(od::value value, WorldPose& pose) {
  od::array joints;
  if (!json::IsArray(value) || value.get_array().get(joints)) return false;
  std::size_t count = 0;
  for (auto item : joints) {
    od::value joint;
    if (json::Take(item, joint)) return false;
    if (count == pose.size() || !json::Read(joint, pose[count])) return false;
    for (const double mm : pose[count]) {
      if (!(std::abs(mm) < kFarthestMm)) return false;
    }
    ++count;
  }
  return count == pose.size();
}

// body(number, value) for each field whose name is a number. Error: a value that is no object, or
// another name.
template <typename Body>
Status ForEachNumbered(const json::Text& text, od::object object, const std::string& path,
                       const Body& body) {
  return json::ForEachField(text, object, [&](std::string_view key, od::value value) -> Status {
    const std::optional<int> number = ToNumber(key);
    if (!number) {
      return Error{text.name() + ": " + path + " has a field that is no number: expected are " +
                   "{action: {subaction: {frame: 17 x 3 numbers}}}"};
    }
    return body(*number, value);
  });
}

Status ToObject(const json::Text& text, od::value value, const std::string& path,
                od::object& object) {
  if (!json::IsObject(value)) {
    return Error{text.name() + ": " + path + " is not an object: expected are {action: " +
                 "{subaction: {frame: 17 x 3 numbers}}}"};
  }
  if (const auto code = value.get_object().get(object)) return text.NotJson(code);
  return {};
}

// How far R * R^T is from the identity; also a mirrored one is no rotation.
bool IsRotation(const std::array<pose::Vec3, 3>& R) {
  constexpr double tolerance = 1e-3;
  const auto dot = [](const pose::Vec3& a, const pose::Vec3& b) {
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
  };
  for (int i = 0; i < 3; ++i) {
    for (int j = 0; j < 3; ++j) {
      if (!(std::abs(dot(R[i], R[j]) - (i == j ? 1 : 0)) < tolerance)) return false;
    }
  }
  const pose::Vec3 cross = {R[0][1] * R[1][2] - R[0][2] * R[1][1],
                            R[0][2] * R[1][0] - R[0][0] * R[1][2],
                            R[0][0] * R[1][1] - R[0][1] * R[1][0]};
  return dot(cross, R[2]) > 0;
}

bool Read(od::value value, std::array<pose::Vec3, 3>& rows) {
  std::vector<double> numbers;
  int columns = 0;
  if (!json::ReadRows(value, 9, numbers, columns) || columns != 3 || numbers.size() != 9) {
    return false;
  }
  for (std::size_t i = 0; i < 9; ++i) rows[i / 3][i % 3] = numbers[i];
  return true;
}

// t is written as three numbers, or as a column of three.
bool ReadColumn(od::value value, pose::Vec3& column) {
  std::vector<double> numbers;
  int columns = 0;
  if (!json::ReadRows(value, 3, numbers, columns) || numbers.size() != 3) return false;
  std::ranges::copy(numbers, column.begin());
  return true;
}

Result<WorldCamera> ReadCamera(const json::Text& text, od::value value) {
  WorldCamera camera;
  bool rotation = false;
  bool translation = false;
  bool focal = false;
  bool center = false;
  if (json::IsObject(value)) {
    CNP_RETURN_IF_ERROR(
        json::ForEachField(text, value, [&](std::string_view key, od::value field) -> Status {
          if (key == "R") rotation = Read(field, camera.rotation);
          if (key == "t") translation = ReadColumn(field, camera.translation_mm);
          if (key == "f") focal = json::Read(field, camera.lens.focal_px);
          if (key == "c") center = json::Read(field, camera.lens.center_px);
          return {};
        }));
  }
  if (!rotation || !IsRotation(camera.rotation)) camera.wrong = "its R is not a rotation";
  if (!translation) camera.wrong = "its t is not three numbers";
  if (!focal || !center || !IsLens(camera.lens)) {
    camera.wrong = "its f and c are not two numbers each, in pixels";
  }
  return camera;
}

}  // namespace

const WorldPose* WorldPoses::Find(const Origin& origin) const {
  const auto key = KeyOf(origin);
  if (!key) return nullptr;
  const auto found = std::ranges::lower_bound(keys_, std::pair(*key, std::uint32_t{0}));
  return found != keys_.end() && found->first == *key ? &poses_[found->second] : nullptr;
}

std::string WorldPoses::WhyNot(const Origin& origin) const {
  const std::string frame = "action " + std::to_string(origin.action) + ", subaction " +
                            std::to_string(origin.subaction) + ", frame " +
                            std::to_string(origin.frame);
  const auto key = KeyOf(origin);
  const bool broken = key && std::ranges::binary_search(broken_, *key);
  return frame + (broken ? " in the file of joints is not 17 x 3 finite numbers in mm"
                         : " is not in the file of joints");
}

void WorldPoses::Add(std::uint64_t key, const WorldPose& pose) {
  keys_.emplace_back(key, static_cast<std::uint32_t>(poses_.size()));
  poses_.push_back(pose);
}

void WorldPoses::Sort() {
  std::ranges::sort(keys_);
  std::ranges::sort(broken_);
}

Result<WorldPoses> ParseHuman36mPoses(std::span<const std::byte> bytes, const std::string& name,
                                      int subsample) {
  CNP_CHECK(subsample > 0, "every n-th frame: n is positive");
  WorldPoses poses;
  json::Text text(bytes, name);
  CNP_ASSIGN(od::object root, text.RootObject());
  const auto read_frame = [&](int action, int subaction, int frame, od::value value) {
    const auto key = KeyOf(action, subaction, frame);
    if (frame % subsample != 0 || !key) return Status();
    WorldPose pose;
    if (Read(value, pose)) {
      poses.Add(*key, pose);
    } else {
      poses.AddBroken(*key);
    }
    return Status();
  };
  const auto read_action = [&](int action, od::value value) -> Status {
    const std::string path = "action " + std::to_string(action);
    od::object subactions;
    CNP_RETURN_IF_ERROR(ToObject(text, value, path, subactions));
    return ForEachNumbered(
        text, subactions, path, [&](int subaction, od::value frames_value) -> Status {
          const std::string inner = path + ", subaction " + std::to_string(subaction);
          od::object frames;
          CNP_RETURN_IF_ERROR(ToObject(text, frames_value, inner, frames));
          return ForEachNumbered(text, frames, inner, [&](int frame, od::value joints) {
            return read_frame(action, subaction, frame, joints);
          });
        });
  };
  CNP_RETURN_IF_ERROR(ForEachNumbered(text, root, "the root", read_action));
  CNP_RETURN_IF_ERROR(text.Finish());
  poses.Sort();
  return poses;
}

pose::Vec3 ToCamera(const WorldCamera& camera, const pose::Vec3& world_mm) {
  pose::Vec3 out = camera.translation_mm;
  for (int row = 0; row < 3; ++row) {
    for (int column = 0; column < 3; ++column) {
      out[row] += camera.rotation[row][column] * world_mm[column];
    }
  }
  return out;
}

Result<WorldCameras> ParseHuman36mCameras(std::span<const std::byte> bytes,
                                          const std::string& name) {
  WorldCameras cameras;
  json::Text text(bytes, name);
  CNP_ASSIGN(od::object root, text.RootObject());
  CNP_RETURN_IF_ERROR(
      json::ForEachField(text, root, [&](std::string_view key, od::value value) -> Status {
        const std::optional<int> number = ToNumber(key);
        if (!number || cameras.size() >= kMostCameras) return {};
        CNP_ASSIGN(WorldCamera camera, ReadCamera(text, value));
        cameras.emplace(*number, camera);
        return {};
      }));
  CNP_RETURN_IF_ERROR(text.Finish());
  return cameras;
}

}  // namespace cnp::datasets

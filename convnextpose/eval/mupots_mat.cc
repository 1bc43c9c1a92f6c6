#include "convnextpose/eval/mupots_mat.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "convnextpose/base/check.h"
#include "convnextpose/base/file.h"
#include "convnextpose/eval/mat5.h"
#include "convnextpose/pose/camera.h"

namespace cnp::eval {
namespace {

constexpr std::size_t kLongestVariable = 63;  // MATLAB's namelengthmax.

bool IsVariable(const std::string& name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto allowed = [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '_'; };
  return !name.empty() && name.size() <= kLongestVariable && letter(name[0]) &&
         std::ranges::all_of(name, allowed);
}

// People x joints x coordinates.
template <typename Vec>
Result<MatArray> Pack(const std::string& name, const std::vector<std::vector<Vec>>& people) {
  constexpr std::size_t n = std::tuple_size_v<Vec>;
  if (!IsVariable(name)) return Error{"\"" + name + "\" is no name of a MATLAB variable"};
  const std::size_t joints = people.empty() ? 0 : people[0].size();
  MatArray array = {name, {people.size(), joints, n}, {}};
  for (const auto& person : people) {
    if (person.size() != joints) return Error{name + ": its people have different joints"};
  }
  for (std::size_t k = 0; k < n; ++k) {
    for (std::size_t j = 0; j < joints; ++j) {
      for (const auto& person : people) array.numbers.push_back(person[j][k]);
    }
  }
  return array;
}

template <typename Vec>
Result<std::vector<std::vector<Vec>>> Unpack(const MatArray& array) {
  constexpr std::size_t n = std::tuple_size_v<Vec>;
  if (array.dims.size() != 3 || array.dims[2] != n) {
    return Error{array.name + ": must be people x joints x " + std::to_string(n) + " numbers"};
  }
  if (array.numbers.empty()) return std::vector<std::vector<Vec>>();
  std::vector<std::vector<Vec>> people(array.dims[0], std::vector<Vec>(array.dims[1]));
  auto number = array.numbers.begin();
  for (std::size_t k = 0; k < n; ++k) {
    for (std::size_t j = 0; j < array.dims[1]; ++j) {
      for (auto& person : people) person[j][k] = *number++;
    }
  }
  return people;
}

template <typename Vec>
Status Write(const std::filesystem::path& path, const MupotsPeople<Vec>& people) {
  std::vector<MatArray> arrays;
  for (const auto& [name, of_picture] : people) {
    CNP_ASSIGN(MatArray array, Pack(name, of_picture));
    arrays.push_back(std::move(array));
  }
  return WriteFileAtomically(path, WriteMat5(arrays));
}

template <typename Vec>
Result<MupotsPeople<Vec>> ReadPeople(std::span<const std::byte> bytes) {
  CNP_ASSIGN(const std::vector<MatArray> arrays, ReadMat5(bytes));
  MupotsPeople<Vec> people;
  for (const MatArray& array : arrays) {
    CNP_ASSIGN(people[array.name], Unpack<Vec>(array));
  }
  return people;
}

template <typename Vec>
Result<MupotsPeople<Vec>> Read(const std::filesystem::path& path) {
  CNP_ASSIGN(const MappedFile file, MappedFile::Open(path));
  Result<MupotsPeople<Vec>> read = ReadPeople<Vec>(file.bytes());
  if (!read.ok()) return read.error().In(path.string());
  return read;
}

const pose::JointSet& Joints() { return *pose::FindJointSet("mupots").value(); }

// By name: MuCo's networks have four joints more.
std::vector<pose::Vec3> InMupotsJoints(const Record& record, const pose::JointSet& set) {
  CNP_CHECK(record.camera_mm.size() == set.joints.size(), "a pose has the set's joints");
  std::vector<pose::Vec3> camera_mm;
  for (const std::string_view joint : Joints().joints) {
    const auto at = std::ranges::find(set.joints, joint) - set.joints.begin();
    camera_mm.push_back(record.camera_mm[static_cast<std::size_t>(at)]);
  }
  return camera_mm;
}

using Samples = std::map<std::pair<std::int64_t, std::int64_t>, const datasets::Sample*>;

Samples ById(const datasets::Dataset& dataset) {
  Samples samples;
  for (const datasets::Sample& sample : dataset.samples) {
    samples.emplace(std::pair(sample.image_id, sample.annotation_id), &sample);
  }
  return samples;
}

}  // namespace

std::string MupotsVariable(const std::string& file) {
  const std::filesystem::path path(file);
  return path.parent_path().filename().string() + "_" + path.stem().string();
}

Status CheckMupotsJoints(const pose::JointSet& set) {
  std::string missing;
  for (const std::string_view joint : Joints().joints) {
    if (std::ranges::find(set.joints, joint) != set.joints.end()) continue;
    missing += (missing.empty() ? "" : ", ") + std::string(joint);
  }
  if (missing.empty()) return {};
  return Error{"MuPoTS' evaluators need all of its 17 joints; " + std::string(set.title) +
               " has no " + missing};
}

Result<MupotsResults> ToMupots(std::span<const Record> records, const pose::JointSet& set,
                               const datasets::Dataset& dataset) {
  CNP_RETURN_IF_ERROR(CheckMupotsJoints(set));
  const Samples samples = ById(dataset);
  MupotsResults results;
  for (const Record& record : records) {
    const auto sample = samples.find({record.image_id, record.annotation_id});
    if (sample == samples.end() || record.camera_mm.empty()) continue;
    const std::string variable = MupotsVariable(record.file);
    if (!IsVariable(variable)) {
      return Error{record.file + ": \"" + variable +
                   "\" can be no variable; MuPoTS has pictures like TS1/img_0001.jpg"};
    }
    std::vector<pose::Vec3> camera_mm = InMupotsJoints(record, set);
    std::vector<pose::Vec2> image_px(camera_mm.size());
    std::ranges::transform(camera_mm, image_px.begin(), [&](const pose::Vec3& mm) {
      return Project(sample->second->camera, mm);
    });
    results.image_px[variable].push_back(std::move(image_px));
    results.camera_mm[variable].push_back(std::move(camera_mm));
  }
  return results;
}

Status WriteMupots(const std::filesystem::path& path, const MupotsPeople<pose::Vec2>& people) {
  return Write(path, people);
}

Status WriteMupots(const std::filesystem::path& path, const MupotsPeople<pose::Vec3>& people) {
  return Write(path, people);
}

Status WriteMupots(const std::filesystem::path& folder, const MupotsResults& results) {
  CNP_RETURN_IF_ERROR(WriteMupots(folder / "preds_2d_kpt_mupots.mat", results.image_px));
  return WriteMupots(folder / "preds_3d_kpt_mupots.mat", results.camera_mm);
}

Result<MupotsPeople<pose::Vec2>> ReadMupots2d(const std::filesystem::path& path) {
  return Read<pose::Vec2>(path);
}

Result<MupotsPeople<pose::Vec3>> ReadMupots3d(const std::filesystem::path& path) {
  return Read<pose::Vec3>(path);
}

}  // namespace cnp::eval

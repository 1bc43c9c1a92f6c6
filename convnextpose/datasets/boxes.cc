#include "convnextpose/datasets/boxes.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "convnextpose/base/file.h"
#include "convnextpose/datasets/json.h"
#include "convnextpose/datasets/people.h"

namespace cnp::datasets {
namespace {

namespace od = json::od;

constexpr double kFarthestMm = 1e8;

std::tuple<std::int64_t, std::int64_t> Key(const KnownBox& box) {
  return {box.image_id, box.annotation_id};
}

struct BoxReading {
  KnownBox box;
  bool has_box = false;
  bool has_root = false;

  void Field(std::string_view key, od::value value) {
    if (key == "image_id") json::Read(value, box.image_id);
    if (key == "ann_id") json::Read(value, box.annotation_id);
    if (key == "bbox") {
      std::array<double, 4> numbers{};
      has_box = json::Read(value, numbers);
      box.network_box = {numbers[0], numbers[1], numbers[2], numbers[3]};
    }
    if (key == "root_cam") has_root = json::Read(value, box.root_mm);
  }

  // Empty: nothing.
  [[nodiscard]] std::string Wrong() const {
    if (box.image_id < 0) return "it has no image_id";
    if (!has_box) return "its bbox is not four numbers";
    if (!has_root) return "its root_cam is not three numbers";
    if (!(box.root_mm[2] > 0 && box.root_mm[2] < kFarthestMm)) {
      return "its root_cam is not in front of the camera";
    }
    const Status fits = pose::CheckNetworkBox(box.network_box);
    return fits.ok() ? "" : fits.error().message;
  }
};

Status ReadEntry(const json::Text& text, od::value value, std::size_t position, Boxes& boxes) {
  BoxReading reading;
  if (json::IsObject(value)) {
    CNP_RETURN_IF_ERROR(
        json::ForEachField(text, value, [&](std::string_view key, od::value field) -> Status {
          reading.Field(key, field);
          return {};
        }));
  }
  std::string wrong = reading.Wrong();
  if (wrong.empty()) {
    boxes.known.push_back(reading.box);
  } else {
    boxes.left_out.Add({text.name() + ", entry " + std::to_string(position), std::move(wrong)});
  }
  return {};
}

void Sort(Boxes& boxes) {
  std::ranges::stable_sort(boxes.known, {}, Key);
  // clang 14 cannot use the ranges that libstdc++ 12's std::ranges::unique returns.
  const auto same = [](const KnownBox& x, const KnownBox& y) { return Key(x) == Key(y); };
  for (std::size_t i = 1; i < boxes.known.size(); ++i) {
    if (!same(boxes.known[i - 1], boxes.known[i])) continue;
    boxes.left_out.Add(
        {Place(boxes.name, "image", boxes.known[i].image_id), "it has an entry already"});
  }
  boxes.known.erase(std::unique(boxes.known.begin(), boxes.known.end(), same), boxes.known.end());
}

// Empty: `found` is what the sample gets.
std::string Find(const Boxes& boxes, const Sample& sample, const KnownBox*& found) {
  // Entries that name no annotation come first.
  const auto begin =
      std::ranges::lower_bound(boxes.known, sample.image_id, {}, &KnownBox::image_id);
  const auto end = std::ranges::upper_bound(boxes.known, sample.image_id, {}, &KnownBox::image_id);
  if (begin == end) return "its image has no entry in " + boxes.name;
  const auto own = std::ranges::find(begin, end, sample.annotation_id, &KnownBox::annotation_id);
  if (own == end && begin->annotation_id >= 0) return "it has no entry in " + boxes.name;
  found = own != end ? &*own : &*begin;
  return "";
}

}  // namespace

Result<Boxes> ParseBoxes(std::span<const std::byte> bytes, const std::string& name) {
  Boxes boxes{.name = name};
  json::Text text(bytes, name);
  CNP_ASSIGN(od::array root, text.RootArray());
  std::size_t position = 0;
  CNP_RETURN_IF_ERROR(json::ForEachElement(
      text, root, [&](od::value value) { return ReadEntry(text, value, position++, boxes); }));
  CNP_RETURN_IF_ERROR(text.Finish());
  Sort(boxes);
  return boxes;
}

Result<Boxes> ReadBoxes(const std::filesystem::path& path) {
  CNP_ASSIGN(const MappedFile file, MappedFile::Open(path));
  return ParseBoxes(file.bytes(), path.string());
}

void ApplyBoxes(const Boxes& boxes, Dataset& dataset) {
  dataset.left_out.Append(boxes.left_out);
  std::erase_if(dataset.samples, [&](Sample& sample) {
    const KnownBox* found = nullptr;
    std::string why = Find(boxes, sample, found);
    if (found == nullptr) {
      dataset.left_out.Add(
          {Place(dataset.name, "annotation", sample.annotation_id), std::move(why)});
      return true;
    }
    sample.network_box = found->network_box;
    sample.root_depth_mm = found->root_mm[2];
    return false;
  });
}

}  // namespace cnp::datasets

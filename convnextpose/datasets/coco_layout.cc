#include "convnextpose/datasets/coco_layout.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "convnextpose/datasets/json.h"

namespace cnp::datasets {
namespace {

namespace od = json::od;

constexpr int kLongestSide = 1 << 20;       // Of a picture.
constexpr std::size_t kMostNumbers = 3000;  // In the joints of one person.
constexpr std::size_t kMostJoints = 1000;

// An entry as it comes: its ids, and the first thing that is wrong with it.
struct Trouble {
  const char* why = nullptr;
  void Note(bool fine, const char* text) {
    if (!fine && why == nullptr) why = text;
  }
};

// Those without ids are only counted and named, for a file may hold millions of "{}".
void AddBroken(const char* what, const BrokenEntry& entry, std::size_t position,
               std::vector<BrokenEntry>& broken, CocoFile& file) {
  if (entry.id >= 0 && entry.image_id >= 0) {
    broken.push_back(entry);
    return;
  }
  file.nameless.Add(
      {file.name + ", " + what + " at place " + std::to_string(position) + " of its list",
       entry.why});
}

// ---- images

struct ImageReading {
  ImageEntry entry{.id = -1};
  Trouble trouble;
  std::array<double, 2> focal{};
  std::array<double, 2> center{};
  bool has_focal = false;
  bool has_center = false;

  Status Field(const json::Text& text, std::string_view key, od::value value);
  void Finish();

 private:
  void Pair(od::value value, std::array<double, 2>& pair, bool& has, const char* why) {
    has = json::Read(value, pair);
    trouble.Note(has, why);
  }
  void Intrinsic(od::value value);
};

constexpr const char* kBadFocal = "its focal length f is not two numbers";
constexpr const char* kBadCenter = "its principal point c is not two numbers";

void ImageReading::Intrinsic(od::value value) {
  std::array<double, 4> all{};  // fx, fy, cx, cy
  has_focal = has_center = json::Read(value, all);
  trouble.Note(has_focal, "its intrinsic is not four numbers");
  focal = {all[0], all[1]};
  center = {all[2], all[3]};
}

Status ImageReading::Field(const json::Text& text, std::string_view key, od::value value) {
  if (key == "id") {
    trouble.Note(json::Read(value, entry.id), "its id is not a whole number");
  } else if (key == "file_name") {
    trouble.Note(json::Read(value, entry.file), "its file_name is not a text");
  } else if (key == "width") {
    trouble.Note(json::Read(value, entry.width), "its width is not a whole number");
  } else if (key == "height") {
    trouble.Note(json::Read(value, entry.height), "its height is not a whole number");
  } else if (key == "subject") {
    trouble.Note(json::Read(value, entry.origin.subject), "its subject is not a whole number");
  } else if (key == "action_idx") {
    trouble.Note(json::Read(value, entry.origin.action), "its action_idx is not a whole number");
  } else if (key == "subaction_idx") {
    trouble.Note(json::Read(value, entry.origin.subaction),
                 "its subaction_idx is not a whole number");
  } else if (key == "cam_idx") {
    trouble.Note(json::Read(value, entry.origin.camera), "its cam_idx is not a whole number");
  } else if (key == "frame_idx") {
    trouble.Note(json::Read(value, entry.origin.frame), "its frame_idx is not a whole number");
  } else if (key == "f") {
    Pair(value, focal, has_focal, kBadFocal);
  } else if (key == "c") {
    Pair(value, center, has_center, kBadCenter);
  } else if (key == "intrinsic") {
    Intrinsic(value);
  } else if (key == "camera" && json::IsObject(value)) {
    return json::ForEachField(text, value, [&](std::string_view inner, od::value number) -> Status {
      if (inner == "f") Pair(number, focal, has_focal, kBadFocal);
      if (inner == "c") Pair(number, center, has_center, kBadCenter);
      return {};
    });
  }
  return {};
}

// A name that leads out of the folder of pictures, or nowhere.
bool IsInside(const std::string& file) {
  if (file.empty() || file.find('\0') != std::string::npos) return false;
  const std::filesystem::path path(file);
  return path.is_relative() && std::ranges::find(path, "..") == path.end();
}

void ImageReading::Finish() {
  trouble.Note(entry.id >= 0, "it has no id");
  trouble.Note(IsInside(entry.file), "its file_name is missing or leaves the folder of pictures");
  const auto is_side = [](int pixels) { return pixels > 0 && pixels <= kLongestSide; };
  trouble.Note(is_side(entry.width) && is_side(entry.height),
               "its width and height are no size of a picture");
  trouble.Note(has_focal == has_center, "of its camera one of f and c is missing");
  if (!has_focal) return;
  entry.camera = pose::Camera{.focal_px = focal, .center_px = center};
  trouble.Note(IsLens(*entry.camera), "its f and c are no camera's, in pixels");
}

Status ReadImage(const json::Text& text, od::value value, std::size_t position, CocoFile& file) {
  ImageReading reading;
  if (json::IsObject(value)) {
    CNP_RETURN_IF_ERROR(json::ForEachField(text, value, [&](std::string_view key, od::value field) {
      return reading.Field(text, key, field);
    }));
  }
  reading.Finish();
  if (reading.trouble.why == nullptr) {
    file.images.push_back(std::move(reading.entry));
  } else {
    AddBroken("image", {.id = reading.entry.id, .image_id = 0, .why = reading.trouble.why},
              position, file.broken_images, file);
  }
  return {};
}

// ---- annotations

struct AnnotationReading {
  AnnotationEntry entry{.id = -1, .image_id = -1};
  Trouble trouble;
  bool has_box = false;

  void Field(std::string_view key, od::value value, const CocoFields& fields);
  void Finish(bool needs_box);

 private:
  void Box(od::value value, bool needed);
  void Joints(bool wanted, od::value value, Rows& rows, const char* why) {
    if (wanted) {
      trouble.Note(json::ReadRows(value, kMostNumbers, rows.numbers, rows.columns), why);
    }
  }
};

void AnnotationReading::Box(od::value value, bool needed) {
  std::array<double, 4> box{};
  has_box = json::Read(value, box) && std::ranges::all_of(box, [](double number) {
              return std::abs(number) <= json::kFarthest;
            });
  trouble.Note(has_box || !needed, "its bbox is not four numbers");
  if (has_box) entry.box = {box[0], box[1], box[2], box[3]};
}

void AnnotationReading::Field(std::string_view key, od::value value, const CocoFields& fields) {
  if (key == "id") {
    trouble.Note(json::Read(value, entry.id), "its id is not a whole number");
  } else if (key == "image_id") {
    trouble.Note(json::Read(value, entry.image_id), "its image_id is not a whole number");
  } else if (key == "bbox") {
    Box(value, fields.needs_box);
  } else if (key == "iscrowd") {
    trouble.Note(json::ReadFlag(value, entry.crowd), "its iscrowd is neither 0 nor 1");
  } else if (key == "is_valid") {
    trouble.Note(json::ReadFlag(value, entry.valid), "its is_valid is neither 0 nor 1");
  } else if (key == "num_keypoints") {
    trouble.Note(json::Read(value, entry.labelled), "its num_keypoints is not a whole number");
  } else if (key == "keypoints") {
    Joints(fields.keypoints, value, entry.keypoints, "its keypoints are not a list of numbers");
  } else if (key == "keypoints_img") {
    Joints(fields.keypoints_img, value, entry.image_px,
           "its keypoints_img are not a list of numbers");
  } else if (key == "keypoints_cam") {
    Joints(fields.keypoints_cam, value, entry.camera_mm,
           "its keypoints_cam are not a list of numbers");
  }
}

void AnnotationReading::Finish(bool needs_box) {
  trouble.Note(entry.id >= 0, "it has no id");
  trouble.Note(entry.image_id >= 0, "it has no image_id");
  trouble.Note(has_box || !needs_box, "it has no bbox");
}

Status ReadAnnotation(const json::Text& text, od::value value, std::size_t position,
                      const CocoFields& fields, CocoFile& file) {
  AnnotationReading reading;
  if (json::IsObject(value)) {
    CNP_RETURN_IF_ERROR(
        json::ForEachField(text, value, [&](std::string_view key, od::value field) -> Status {
          reading.Field(key, field, fields);
          return {};
        }));
  }
  reading.Finish(fields.needs_box);
  if (reading.trouble.why == nullptr) {
    file.annotations.push_back(std::move(reading.entry));
  } else {
    AddBroken(
        "annotation",
        {.id = reading.entry.id, .image_id = reading.entry.image_id, .why = reading.trouble.why},
        position, file.broken_annotations, file);
  }
  return {};
}

// ---- the rest

Status ReadJointNames(const json::Text& text, od::value categories, CocoFile& file) {
  if (!json::IsArray(categories)) return {};
  return json::ForEachElement(text, categories, [&](od::value category) -> Status {
    if (!json::IsObject(category) || !file.joints.empty()) return {};
    return json::ForEachField(text, category, [&](std::string_view key, od::value names) -> Status {
      if (key != "keypoints" || !json::IsArray(names)) return {};
      return json::ForEachElement(text, names, [&](od::value name) -> Status {
        std::string joint;
        json::Read(name, joint);
        if (file.joints.size() < kMostJoints) file.joints.push_back(std::move(joint));
        return {};
      });
    });
  });
}

// body(value, position) for each element of the list `key`.
template <typename Body>
Status ReadList(const json::Text& text, std::string_view key, od::value list, const Body& body) {
  if (!json::IsArray(list)) {
    return Error{text.name() + ": \"" + std::string(key) + "\" is not a list"};
  }
  std::size_t position = 0;
  return json::ForEachElement(text, list, [&](od::value value) { return body(value, position++); });
}

}  // namespace

bool IsLens(const pose::Camera& camera) {
  constexpr double most = 1e6;
  const auto is_focal = [](double px) { return px >= 1 && px <= most; };
  const auto is_center = [](double px) { return std::abs(px) <= most; };
  return std::ranges::all_of(camera.focal_px, is_focal) &&
         std::ranges::all_of(camera.center_px, is_center);
}

Result<CocoFile> ParseCoco(std::span<const std::byte> bytes, const std::string& name,
                           const CocoFields& fields) {
  CocoFile file{.name = name};
  json::Text text(bytes, name);
  CNP_ASSIGN(od::object root, text.RootObject());
  bool has_images = false;
  bool has_annotations = false;
  const auto read_field = [&](std::string_view key, od::value value) -> Status {
    if (key == "images") {
      has_images = true;
      return ReadList(text, key, value, [&](od::value image, std::size_t position) {
        return ReadImage(text, image, position, file);
      });
    }
    if (key == "annotations") {
      has_annotations = true;
      return ReadList(text, key, value, [&](od::value annotation, std::size_t position) {
        return ReadAnnotation(text, annotation, position, fields, file);
      });
    }
    if (key == "categories") return ReadJointNames(text, value, file);
    return {};
  };
  CNP_RETURN_IF_ERROR(json::ForEachField(text, root, read_field));
  CNP_RETURN_IF_ERROR(text.Finish());
  if (!has_images || !has_annotations) {
    return Error{name + ": has no list \"" + (has_images ? "annotations" : "images") +
                 "\"; is it the right file?"};
  }
  return file;
}

}  // namespace cnp::datasets

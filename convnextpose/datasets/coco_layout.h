// The layout that all these datasets share: COCO's lists of images and annotations, with whatever
// fields a dataset adds. Reads any bytes safely. What the fields mean is the readers' business.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "convnextpose/base/result.h"
#include "convnextpose/datasets/dataset.h"

namespace cnp::datasets {

struct ImageEntry {
  std::int64_t id = 0;
  std::string file;
  int width = 0;
  int height = 0;
  Origin origin;
  std::optional<pose::Camera> camera;  ///< From f and c, camera {f, c}, or intrinsic.
};

/// A list of numbers, perhaps in rows: keypoints.
struct Rows {
  std::vector<double> numbers;
  int columns = 0;  ///< 0: one list without rows.
};

struct AnnotationEntry {
  std::int64_t id = 0;
  std::int64_t image_id = 0;
  pose::Box box;
  bool crowd = false;  ///< iscrowd
  bool valid = true;   ///< is_valid
  int labelled = -1;   ///< num_keypoints
  Rows keypoints;      ///< x, y, visibility
  Rows image_px;       ///< keypoints_img
  Rows camera_mm;      ///< keypoints_cam
};

/// An entry that cannot be used, but has an id. `why` lives for ever.
struct BrokenEntry {
  std::int64_t id = -1;
  std::int64_t image_id = -1;  ///< Of an annotation.
  const char* why = "";
};

struct CocoFile {
  std::string name;  ///< For messages.
  std::vector<ImageEntry> images;
  std::vector<AnnotationEntry> annotations;
  std::vector<BrokenEntry> broken_images;
  std::vector<BrokenEntry> broken_annotations;
  Problems nameless;  ///< Images without an id, annotations without an id or an image.
  std::vector<std::string> joints;  ///< categories[0].keypoints, where there are any.
};

/// Which optional lists are read; others would cost time and memory.
struct CocoFields {
  bool keypoints = false;
  bool keypoints_img = false;
  bool keypoints_cam = false;
  bool needs_box = true;  ///< Are annotations without four numbers as bbox broken?
};

/// Could it be a camera's: focal lengths from 1 to 1e6 pixels, the centre as near?
bool IsLens(const pose::Camera& camera);

/// Errors: not JSON (with the offset), or no lists "images" and "annotations".
Result<CocoFile> ParseCoco(std::span<const std::byte> bytes, const std::string& name,
                           const CocoFields& fields);

}  // namespace cnp::datasets

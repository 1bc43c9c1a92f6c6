// Boxes and root positions that another network found (bbox_root_..._output.json): a list of
// {image_id, bbox, root_cam}, the box squared and enlarged already; ann_id where an image has many.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "convnextpose/base/result.h"
#include "convnextpose/datasets/dataset.h"

namespace cnp::datasets {

struct KnownBox {
  std::int64_t image_id = -1;
  std::int64_t annotation_id = -1;  ///< -1: not told.
  pose::Box network_box;
  pose::Vec3 root_mm{};  ///< Camera space.
};

struct Boxes {
  std::string name;             ///< Of the file.
  std::vector<KnownBox> known;  ///< By image, then annotation.
  Problems left_out;            ///< Entries that cannot be used, or come twice.
};

/// Errors: unreadable, not JSON (with the offset), not a list.
Result<Boxes> ReadBoxes(const std::filesystem::path& path);
Result<Boxes> ParseBoxes(std::span<const std::byte> bytes, const std::string& name);

/// Gives each sample its network_box and root_depth_mm: of the entry that names its annotation,
/// else of one of its image that names none. Samples without an entry move to left_out; entries
/// that cannot be used are told there, too.
void ApplyBoxes(const Boxes& boxes, Dataset& dataset);

}  // namespace cnp::datasets

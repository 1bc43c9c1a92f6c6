// What `predict` leaves behind for one picture: JSON, pictures to look at, a table.
#pragma once

#include <filesystem>
#include <string>

#include "convnextpose/base/result.h"
#include "convnextpose/image/image.h"
#include "convnextpose/pipeline/person.h"
#include "convnextpose/pose/joint_set.h"

namespace cnp::cli {

/// Writes folder/stem.json, stem.overlay.png and stem.3d.png, each atomically. `precision`: of the
/// matrix products, to be told.
Status WriteOutputs(const std::filesystem::path& folder, const std::string& stem,
                    const std::string& json, const image::Image& picture,
                    const pipeline::PictureResult& result, const pose::JointSet& set,
                    const std::string& precision);

/// For people: what was found, what was assumed, and every joint.
std::string JointTable(const pipeline::PictureResult& result, const pose::JointSet& set,
                       const std::string& precision);

/// The same in one line.
std::string Summary(const pipeline::PictureResult& result);

}  // namespace cnp::cli

// A network whose answer is known, for tests: made by hand, it points at coloured spots. Joints
// with even numbers are where the picture is red, those with odd ones where it is green; all are as
// deep as the root. Without a spot the heatmap is flat.
#pragma once

#include <filesystem>

#include "convnextpose/base/result.h"
#include "convnextpose/image/image.h"
#include "convnextpose/model/spec.h"
#include "convnextpose/model/weights.h"
#include "convnextpose/pose/vec.h"

namespace cnp::test {

/// 256 x 256 pixels to 32 x 32 x 32 cells of each joint. It sees blocks of 32 pixels and
/// interpolates between them: positions are good to half a block, an eighth of the box less.
model::Spec PointerSpec(int joints = 18);
model::Weights PointerWeights(const model::Spec& spec = PointerSpec());

/// As a PyTorch checkpoint; identified without any option.
Status WritePointerCheckpoint(const std::filesystem::path& path, int joints = 18);

/// A grey picture with a red and a green square of `side` pixels about these centres.
image::Image TwoSpots(int width, int height, const pose::Vec2& red, const pose::Vec2& green,
                      int side);
image::Image Grey(int width, int height);
image::Image Mirrored(const image::Image& picture);

}  // namespace cnp::test

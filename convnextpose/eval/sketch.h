// A predicted pose as a drawing needs it, small enough to stand in a result for every person.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "convnextpose/datasets/dataset.h"
#include "convnextpose/eval/record.h"
#include "convnextpose/pose/joint_set.h"

namespace cnp::eval {

/// One entry a joint: where it is in the picture, and how far behind the root, in mm; kNoPlace
/// where a number is not finite or absurdly large. Precondition: spans of one length, a box of
/// positive size.
std::vector<SketchJoint> MakeSketch(std::span<const pose::Vec2> image_px,
                                    std::span<const double> relative_depth_mm,
                                    const pose::Box& network_box);

/// The record's sketch in pixels, good to a thousandth of its box; NaN for joints of no place.
std::vector<pose::Vec2> SketchPixels(const Record& record);

/// And in space, relative to the root, seen by the sample's camera: at the record's root depth, or,
/// where that is not known, at the one that the bones' lengths say. NaN for joints of no place;
/// empty where nothing tells the depth. Precondition: the sketch, if any, has set.size() joints.
std::vector<pose::Vec3> SketchInSpace(const Record& record, const datasets::Sample& sample,
                                      const pose::JointSet& set);

}  // namespace cnp::eval

// COCO's joints: the 17 of its files, and the two that are made of them.
#pragma once

#include <cstddef>

#include "convnextpose/datasets/dataset.h"

namespace cnp::datasets {

inline constexpr std::size_t kCocoFileJoints = 17;

/// The files' 17, Thorax, Pelvis.
const pose::JointSet& CocoJoints();

/// Middles of shoulders and hips, labelled where both ends are. Precondition: the sample has the
/// files' 17 joints in the picture; joints in space are empty or as many.
void AddThoraxAndPelvis(Sample& sample);

}  // namespace cnp::datasets

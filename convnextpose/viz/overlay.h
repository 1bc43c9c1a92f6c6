// NAME.overlay.png: the skeletons over the picture they were found in.
#pragma once

#include <span>

#include "convnextpose/image/image.h"
#include "convnextpose/pose/joint_set.h"
#include "convnextpose/viz/person.h"

namespace cnp::viz {

/// Draws each person's bones coloured by side, joints, box, the corners of the network's box
/// and the label.
/// Widths follow the person's and the picture's size. People may lie partly or wholly outside.
/// Precondition: a picture with pixels.
void DrawOverlay(const pose::JointSet& set, std::span<const Person> people, image::Image& picture);

}  // namespace cnp::viz

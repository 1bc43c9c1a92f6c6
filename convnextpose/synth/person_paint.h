// The texture of a procedural person: every region of the parts has its place in one picture.
#pragma once

#include "convnextpose/image/image.h"
#include "convnextpose/synth/person.h"

namespace cnp::synth {

image::Image PaintPerson(const Look& look, const std::vector<Part>& parts);

/// Where a point of a region lies in the picture, 0..1. `place`: around and along (LoftMesh).
Eigen::Vector2f TexturePlace(Region region, const Eigen::Vector2f& place);

}  // namespace cnp::synth

// What a Scene holds; of this folder alone.
#pragma once

#include <Eigen/Geometry>
#include <vector>

#include "convnextpose/synth/backdrop.h"
#include "convnextpose/synth/finish.h"
#include "convnextpose/synth/generator.h"
#include "convnextpose/synth/light.h"
#include "convnextpose/synth/shade.h"
#include "convnextpose/synth/shadow.h"
#include "convnextpose/synth/stock.h"

namespace cnp::synth {

struct SceneParts {
  Subject subject;
  Eigen::Isometry3f camera_from_world = Eigen::Isometry3f::Identity();  // y down, z forward.
  std::vector<Mesh> meshes;                                             // The subject's first.
  Light light;
  SunShadow sun;
  FloorShade sky;
  Backdrop backdrop;
  Finish finish;
  std::shared_ptr<const Stock> stock;  // Meshes and backdrop point into it.
};

}  // namespace cnp::synth

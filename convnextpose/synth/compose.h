// A scene from a seed.
#pragma once

#include <cstdint>
#include <memory>

#include "convnextpose/synth/scene.h"

namespace cnp::synth {

std::unique_ptr<SceneParts> ComposeParts(const SceneOptions& options,
                                         const std::shared_ptr<const Stock>& stock,
                                         std::uint64_t seed);

}  // namespace cnp::synth

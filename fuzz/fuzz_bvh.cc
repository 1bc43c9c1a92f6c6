// Any bytes as a BVH file.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "convnextpose/base/check.h"
#include "convnextpose/synth/bvh.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto motion = cnp::synth::ParseBvh({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (!motion.ok()) {
    CNP_CHECK(!motion.error().message.empty(), "an error without words");
    return 0;
  }
  // What everyone who takes poses relies on.
  const auto frames = static_cast<std::size_t>(motion->frames);
  CNP_CHECK(frames > 0 && motion->root_m.size() == frames, "frames");
  CNP_CHECK(motion->rotations.size() == frames * motion->bones.size(), "rotations");
  CNP_CHECK(motion->frame_s > 0 && std::isfinite(motion->leg_length_m), "numbers");
  for (const auto& root : motion->root_m) CNP_CHECK(root.allFinite(), "root");
  for (const auto& turn : motion->rotations) {
    CNP_CHECK(std::abs(turn.norm() - 1) < 1e-3F, "a rotation is no rotation");
  }
  return 0;
}

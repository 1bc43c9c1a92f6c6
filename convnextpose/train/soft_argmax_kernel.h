// Soft-argmax of one picture and its gradient in two passes over the logits each, where LibTorch's
// softmax, sums and copies take a fifth of a training step. Knows no LibTorch.
#pragma once

#include <cstdint>

namespace cnp::train {

/// Logits [height, width, joints, depth].
struct HeatmapShape {
  int height = 0;
  int width = 0;
  int joints = 0;
  int depth = 0;  ///< A multiple of kDepthStep.
};
constexpr int kDepthStep = 16;

/// What the gradient needs of a joint, beside the logits.
struct JointMoments {
  float largest = 0;          ///< Logit.
  float sum = 0;              ///< Of exp(logit - largest).
  float mean[3] = {0, 0, 0};  ///< x, y, z in cells. NaN where a logit is not finite.
};

/// Numbers that are bfloat16 by their bits.
enum class Bfloat16 : std::uint16_t {};

void FindMoments(const HeatmapShape& shape, const float* logits, JointMoments* moments);
void FindMoments(const HeatmapShape& shape, const Bfloat16* logits, JointMoments* moments);

/// `gradients` [joints, 3] of the means -> `out` of the logits.
void MomentsGradient(const HeatmapShape& shape, const float* logits, const JointMoments* moments,
                     const float* gradients, float* out);
void MomentsGradient(const HeatmapShape& shape, const Bfloat16* logits, const JointMoments* moments,
                     const float* gradients, Bfloat16* out);

}  // namespace cnp::train

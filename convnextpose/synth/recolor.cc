#include "convnextpose/synth/recolor.h"

#include <Eigen/Geometry>
#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>
#include <vector>

#include "convnextpose/synth/skeleton.h"

namespace cnp::synth {
namespace {

using Eigen::Vector3f;

// Corners that belong to the head by more than half.
std::vector<std::size_t> CornersOfHead(const Body& body, const Surface& surface) {
  std::vector<std::size_t> corners;
  const int head = FindBone(body, "Head");
  if (head < 0) return corners;
  for (const std::uint32_t index : surface.indices) {
    const Hold& hold = body.holds[index];
    float weight = 0;
    for (std::size_t i = 0; i < 4; ++i) weight += hold.bone[i] == head ? hold.weight[i] : 0;
    if (weight > 0.5F) corners.push_back(index);
  }
  return corners;
}

Vector3f TexelAt(const image::Image& picture, const Eigen::Vector2f& at) {
  const auto clamp = [](float share, int size) {
    return std::clamp(static_cast<int>(share * static_cast<float>(size)), 0, size - 1);
  };
  if (!at.allFinite()) return Vector3f::Zero();
  const Eigen::Vector2f inside = at.cwiseMax(0.0F).cwiseMin(1.0F);
  const std::size_t i = 3 * (static_cast<std::size_t>(clamp(inside.y(), picture.height)) *
                                 static_cast<std::size_t>(picture.width) +
                             static_cast<std::size_t>(clamp(inside.x(), picture.width)));
  return {static_cast<float>(picture.rgb[i]), static_cast<float>(picture.rgb[i + 1]),
          static_cast<float>(picture.rgb[i + 2])};
}

// Colour without brightness.
Eigen::Vector2f Chroma(const Vector3f& rgb) {
  const float sum = rgb.sum() + 15;
  return {(rgb[0] - rgb[1]) / sum, (rgb[1] - rgb[2]) / sum};
}

float MedianOf(std::vector<float> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2),
                   values.end());
  return values[values.size() / 2];
}

// The colour of most of the head's surface.
std::optional<Vector3f> FaceColor(const Body& body, const Surface& surface) {
  std::array<std::vector<float>, 3> channels;
  for (const std::size_t corner : CornersOfHead(body, surface)) {
    const Vector3f rgb = TexelAt(*surface.texture, body.texture_coordinates[corner]);
    for (std::size_t c = 0; c < 3; ++c) channels[c].push_back(rgb[static_cast<Eigen::Index>(c)]);
  }
  if (channels[0].empty()) return std::nullopt;
  return Vector3f(MedianOf(channels[0]), MedianOf(channels[1]), MedianOf(channels[2]));
}

std::uint8_t Everything(std::uint8_t /*red*/, std::uint8_t /*green*/, std::uint8_t /*blue*/) {
  return 255;
}

}  // namespace

Mask ClothMask(const Body& body, const Surface& surface) {
  if (surface.kind == Surface::Kind::kCloth) return Everything;
  if (surface.kind != Surface::Kind::kUnknown) return {};
  const std::optional<Vector3f> face = FaceColor(body, surface);
  if (!face) return Everything;
  const Eigen::Vector2f skin = Chroma(*face);
  return [skin](std::uint8_t red, std::uint8_t green, std::uint8_t blue) {
    const Eigen::Vector2f chroma =
        Chroma({static_cast<float>(red), static_cast<float>(green), static_cast<float>(blue)});
    const float distance = (chroma - skin).norm();
    return static_cast<std::uint8_t>(std::clamp((distance - 0.06F) / 0.03F, 0.0F, 1.0F) * 255);
  };
}

Eigen::Matrix3f MakeRecolor(Random& random) {
  const auto angle = static_cast<float>(random.Uniform(-std::numbers::pi, std::numbers::pi));
  const Eigen::Matrix3f turn =
      Eigen::AngleAxisf(angle, Vector3f::Ones().normalized()).toRotationMatrix();
  const auto strength = static_cast<float>(random.LogUniform(0.5, 3));
  const Eigen::Matrix3f grey = Eigen::Matrix3f::Constant(1.0F / 3);
  const Eigen::Matrix3f colorful = grey + strength * (Eigen::Matrix3f::Identity() - grey);
  const auto brightness = static_cast<float>(random.LogUniform(0.5, 2.5));
  const Vector3f tint(static_cast<float>(random.LogUniform(0.6, 1.6)),
                      static_cast<float>(random.LogUniform(0.6, 1.6)),
                      static_cast<float>(random.LogUniform(0.6, 1.6)));
  return brightness * tint.asDiagonal() * colorful * turn;
}

}  // namespace cnp::synth

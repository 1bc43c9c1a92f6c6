#include "convnextpose/synth/recolor.h"

#include <Eigen/Geometry>
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <string>

#include "convnextpose/base/check.h"

namespace cnp::synth {
namespace {

using Eigen::Vector3f;

// No gloves, no hats: what hangs on these is skin and hair. Fingers are LeftHandIndex1 and so on.
bool IsBare(const std::string& bone) {
  return bone == "Head" || bone.find("Hand") != std::string::npos;
}
bool IsOfHand(const std::string& bone) { return bone.find("Hand") != std::string::npos; }

/// For each corner, whether bones that the predicate names hold it by more than half.
template <typename Predicate>
std::vector<bool> CornersOn(const Body& body, const Predicate& wanted) {
  std::vector<bool> on(body.holds.size());
  for (std::size_t i = 0; i < on.size(); ++i) {
    const Hold& hold = body.holds[i];
    float weight = 0;
    for (std::size_t k = 0; k < 4; ++k) {
      if (hold.weight[k] > 0 && wanted(body.bones[hold.bone[k]].name)) weight += hold.weight[k];
    }
    on[i] = weight > 0.5F;
  }
  return on;
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

std::vector<Vector3f> HandColors(const Body& body, const Surface& surface) {
  const std::vector<bool> on_hand = CornersOn(body, IsOfHand);
  std::vector<Vector3f> colors;
  for (const std::uint32_t corner : surface.indices) {
    if (!on_hand[corner]) continue;
    colors.push_back(TexelAt(*surface.texture, body.texture_coordinates[corner]));
  }
  return colors;
}

// What skin looks like where it is dark, middling and bright; empty where there is none to look at.
std::vector<Eigen::Vector2f> SkinChromas(const Body& body, const Surface& surface) {
  std::vector<Vector3f> colors = HandColors(body, surface);
  std::sort(colors.begin(), colors.end(),
            [](const Vector3f& a, const Vector3f& b) { return a.sum() < b.sum(); });
  std::vector<Eigen::Vector2f> chromas;
  for (const std::size_t sixth : {1U, 3U, 5U}) {
    if (!colors.empty()) chromas.push_back(Chroma(colors[sixth * colors.size() / 6]));
  }
  return chromas;
}

// Knees and elbows are redder than hands.
float Distance(const Eigen::Vector2f& chroma, const Eigen::Vector2f& skin) {
  constexpr float kRedder = 0.4F;
  const Eigen::Vector2f beyond = chroma - skin;
  return Eigen::Vector2f(beyond.x() > 0 ? kRedder * beyond.x() : beyond.x(), beyond.y()).norm();
}

// 255 where a texel has no skin's colour.
std::vector<std::uint8_t> UnlikeSkin(const image::Image& picture,
                                     const std::vector<Eigen::Vector2f>& skin) {
  std::vector<std::uint8_t> mask(picture.rgb.size() / 3, 255);
  for (std::size_t i = 0; i < mask.size(); ++i) {
    const std::uint8_t* rgb = &picture.rgb[3 * i];
    const Eigen::Vector2f chroma = Chroma(
        {static_cast<float>(rgb[0]), static_cast<float>(rgb[1]), static_cast<float>(rgb[2])});
    float nearest = 1;
    for (const Eigen::Vector2f& like : skin) nearest = std::min(nearest, Distance(chroma, like));
    const float share = std::clamp((nearest - 0.06F) / 0.03F, 0.0F, 1.0F);
    mask[i] = static_cast<std::uint8_t>(share * 255);
  }
  return mask;
}

/// The distance of a point to the inside of a triangle's sides, at most; below 0 outside.
float Inside(const std::array<Eigen::Vector2f, 3>& corners, float area, const Eigen::Vector2f& at) {
  float least = std::numeric_limits<float>::max();
  for (std::size_t i = 0; i < 3; ++i) {
    const Eigen::Vector2f along = corners[(i + 1) % 3] - corners[i];
    const Eigen::Vector2f to = at - corners[i];
    const float length = along.norm();
    if (!(length > 0)) continue;
    const float distance = (along.x() * to.y() - along.y() * to.x()) / length;
    least = std::min(least, area < 0 ? -distance : distance);
  }
  return least;
}

// Texels under a triangle, and those about it, for they are mixed in. Returns how many were looked
// at.
std::size_t ClearTriangle(const image::Image& picture,
                          const std::array<Eigen::Vector2f, 3>& corners,
                          std::vector<std::uint8_t>& mask) {
  constexpr float kAbout = 2;
  const Eigen::Vector2f size(static_cast<float>(picture.width), static_cast<float>(picture.height));
  const Eigen::Vector2f low = corners[0].cwiseMin(corners[1]).cwiseMin(corners[2]);
  const Eigen::Vector2f high = corners[0].cwiseMax(corners[1]).cwiseMax(corners[2]);
  // Of a texture that repeats, only the first copy counts.
  const auto first = (low.array() - kAbout).max(0.0F).min(size.array()).cast<int>().eval();
  const auto last = (high.array() + kAbout + 1).max(0.0F).min(size.array()).cast<int>().eval();
  const Eigen::Vector2f ab = corners[1] - corners[0];
  const Eigen::Vector2f ac = corners[2] - corners[0];
  const float area = ab.x() * ac.y() - ab.y() * ac.x();
  for (int y = first.y(); y < last.y(); ++y) {
    for (int x = first.x(); x < last.x(); ++x) {
      const Eigen::Vector2f at(static_cast<float>(x) + 0.5F, static_cast<float>(y) + 0.5F);
      if (Inside(corners, area, at) < -kAbout) continue;
      mask[static_cast<std::size_t>(y) * static_cast<std::size_t>(picture.width) +
           static_cast<std::size_t>(x)] = 0;
    }
  }
  const Eigen::Array2i seen = (last - first).max(0);
  return static_cast<std::size_t>(seen.x()) * static_cast<std::size_t>(seen.y());
}

void ClearBare(const Body& body, const Surface& surface, std::vector<std::uint8_t>& mask) {
  const std::vector<bool> bare = CornersOn(body, IsBare);
  const image::Image& picture = *surface.texture;
  const Eigen::Vector2f size(static_cast<float>(picture.width), static_cast<float>(picture.height));
  // People's triangles lie side by side; a file whose do not takes no longer.
  const std::size_t most = 16 * mask.size();
  std::size_t seen = 0;
  for (std::size_t i = 0; i + 2 < surface.indices.size() && seen < most; i += 3) {
    std::array<Eigen::Vector2f, 3> corners;
    bool all = true;
    for (std::size_t k = 0; k < 3; ++k) {
      const std::uint32_t corner = surface.indices[i + k];
      all = all && bare[corner];
      corners[k] = body.texture_coordinates[corner].cwiseProduct(size);
    }
    if (all) seen += ClearTriangle(picture, corners, mask);
  }
}

}  // namespace

std::vector<std::uint8_t> ClothMask(const Body& body, const Surface& surface) {
  CNP_CHECK(surface.texture != nullptr, "a mask is of a texture");
  const image::Image& picture = *surface.texture;
  if (surface.kind == Surface::Kind::kCloth) {
    return std::vector<std::uint8_t>(picture.rgb.size() / 3, 255);
  }
  if (surface.kind != Surface::Kind::kUnknown) return {};
  std::vector<std::uint8_t> mask = UnlikeSkin(picture, SkinChromas(body, surface));
  ClearBare(body, surface, mask);
  return mask;
}

std::optional<Vector3f> SkinColor(const Body& body, const Surface& surface) {
  CNP_CHECK(surface.texture != nullptr, "a colour is of a texture");
  const std::vector<Vector3f> colors = HandColors(body, surface);
  if (colors.empty()) return std::nullopt;
  Vector3f sum = Vector3f::Zero();
  for (const Vector3f& color : colors) sum += (color / 255).cwiseAbs2();
  return sum / static_cast<float>(colors.size());
}

Dye MakeDye(const Vector3f& cloth, Random& random) {
  const auto angle = static_cast<float>(random.Uniform(-std::numbers::pi, std::numbers::pi));
  const Eigen::Matrix3f turn =
      Eigen::AngleAxisf(angle, Vector3f::Ones().normalized()).toRotationMatrix();
  const auto strength = static_cast<float>(random.LogUniform(0.5, 3));
  const Eigen::Matrix3f grey = Eigen::Matrix3f::Constant(1.0F / 3);
  const Eigen::Matrix3f colorful = grey + strength * (Eigen::Matrix3f::Identity() - grey);
  const auto brightness = static_cast<float>(random.LogUniform(0.02, 0.7));
  const float scale = std::clamp(brightness / std::max(cloth.mean(), 1e-3F), 0.02F, 20.0F);
  const Vector3f tint(static_cast<float>(random.LogUniform(0.6, 1.6)),
                      static_cast<float>(random.LogUniform(0.6, 1.6)),
                      static_cast<float>(random.LogUniform(0.6, 1.6)));
  return {scale * tint.asDiagonal() * colorful * turn, Vector3f::Zero()};
}

Dye SkinDye(const Vector3f& cloth, const Vector3f& skin) {
  constexpr float kShades = 0.3F;
  const Eigen::RowVector3f brightness =
      Eigen::RowVector3f::Constant(1.0F / 3) / std::max(cloth.mean(), 1e-2F);
  return {kShades * skin * brightness, (1 - kShades) * skin};
}

}  // namespace cnp::synth

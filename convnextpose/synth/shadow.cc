#include "convnextpose/synth/shadow.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace cnp::synth {
namespace {

using Eigen::Vector3f;

constexpr float kBias = 0.03F;  // Metres: else surfaces shade themselves.
constexpr int kFloorCells = FloorShade::kSize;

std::size_t FloorAt(int x, int y) {
  return static_cast<std::size_t>(y) * kFloorCells + static_cast<std::size_t>(x);
}

// Mean over 2 * radius + 1 cells along one direction (`step` apart) of every line.
void Smooth(int radius, std::size_t step, std::size_t line_step, std::vector<float>& cells) {
  std::array<float, kFloorCells> line{};
  for (int l = 0; l < kFloorCells; ++l) {
    float* start = &cells[static_cast<std::size_t>(l) * line_step];
    for (std::size_t i = 0; i < line.size(); ++i) line[i] = start[i * step];
    for (int i = 0; i < kFloorCells; ++i) {
      float sum = 0;
      for (int k = std::max(i - radius, 0); k <= std::min(i + radius, kFloorCells - 1); ++k) {
        sum += line[static_cast<std::size_t>(k)];
      }
      start[static_cast<std::size_t>(i) * step] = sum / static_cast<float>(2 * radius + 1);
    }
  }
}

}  // namespace

void SunShadow::Reset(const Vector3f& to_sun, float reach_m) {
  const Vector3f helper = std::abs(to_sun.y()) < 0.9F ? Vector3f::UnitY() : Vector3f::UnitX();
  const Vector3f x = to_sun.cross(helper).normalized();
  const Vector3f y = to_sun.cross(x);
  const float scale = kSize / (2 * reach_m);
  map_from_world_.row(0) = scale * x;
  map_from_world_.row(1) = scale * y;
  map_from_world_.row(2) = to_sun;
  map_.Reset(kSize, kSize);
}

void SunShadow::Add(std::span<const Vector3f> positions, std::span<const std::uint32_t> indices) {
  corners_.resize(positions.size());
  for (std::size_t i = 0; i < positions.size(); ++i) {
    const Vector3f at = map_from_world_ * positions[i];
    corners_[i] = {at.x() + kSize / 2.0F, at.y() + kSize / 2.0F, at.z()};
  }
  for (std::size_t i = 0; i + 2 < indices.size(); i += 3) {
    DrawTriangle(corners_[indices[i]], corners_[indices[i + 1]], corners_[indices[i + 2]], 0, map_);
  }
}

float SunShadow::LightAt(const Vector3f& point) const {
  const Vector3f at = map_from_world_ * point;
  const float x = at.x() + kSize / 2.0F;
  const float y = at.y() + kSize / 2.0F;
  if (!(x >= 0 && y >= 0 && x < kSize - 1 && y < kSize - 1)) return 1;
  const int left = static_cast<int>(x);
  const int top = static_cast<int>(y);
  const float along = x - static_cast<float>(left);
  const float down = y - static_cast<float>(top);
  const float own = at.z() + kBias;
  const auto lit = [&](int dx, int dy) {
    return own >= map_.nearness[map_.At(left + dx, top + dy)] ? 1.0F : 0.0F;
  };
  const float upper = lit(0, 0) + along * (lit(1, 0) - lit(0, 0));
  const float lower = lit(0, 1) + along * (lit(1, 1) - lit(0, 1));
  return upper + down * (lower - upper);
}

void FloorShade::Reset() { cover_.assign(static_cast<std::size_t>(kFloorCells) * kFloorCells, 0); }

void FloorShade::Add(std::span<const Vector3f> positions) {
  constexpr float kScale = kFloorCells / (2 * kReach);
  for (const Vector3f& p : positions) {
    const float x = (p.x() + kReach) * kScale;
    const float z = (p.z() + kReach) * kScale;
    if (!(x >= 0 && z >= 0 && x < kFloorCells && z < kFloorCells)) continue;
    // What is high above shades little.
    const float height = std::max(p.y(), 0.0F);
    float& cell = cover_[FloorAt(static_cast<int>(x), static_cast<int>(z))];
    cell = std::max(cell, 1 / (1 + 12 * height * height + 3 * height));
  }
}

void FloorShade::Finish() {
  for (int pass = 0; pass < 2; ++pass) {
    Smooth(1, 1, kFloorCells, cover_);
    Smooth(1, kFloorCells, 1, cover_);
  }
}

float FloorShade::SkyAt(float x, float z) const {
  constexpr float kScale = kFloorCells / (2 * kReach);
  const float across = (x + kReach) * kScale - 0.5F;
  const float down = (z + kReach) * kScale - 0.5F;
  if (!(across >= 0 && down >= 0 && across < kFloorCells - 1 && down < kFloorCells - 1)) return 1;
  const int left = static_cast<int>(across);
  const int top = static_cast<int>(down);
  const float u = across - static_cast<float>(left);
  const float v = down - static_cast<float>(top);
  const float upper = cover_[FloorAt(left, top)] * (1 - u) + cover_[FloorAt(left + 1, top)] * u;
  const float lower =
      cover_[FloorAt(left, top + 1)] * (1 - u) + cover_[FloorAt(left + 1, top + 1)] * u;
  return 1 - 0.65F * std::min(1.0F, upper * (1 - v) + lower * v);
}

}  // namespace cnp::synth

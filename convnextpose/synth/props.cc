#include "convnextpose/synth/props.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <memory>
#include <numbers>
#include <vector>

namespace cnp::synth {
namespace {

using Eigen::Vector2f;
using Eigen::Vector3f;

// What a thing's mesh points into.
struct Shape {
  std::vector<Vector3f> positions;
  std::vector<Vector3f> normals;
  std::vector<Vector2f> texture_coordinates;
  std::vector<std::uint32_t> indices;
};

std::uint32_t Count(const Shape& shape) {
  return static_cast<std::uint32_t>(shape.positions.size());
}

void AddSide(int axis, float sign, const Vector3f& half, Shape& shape) {
  Vector3f normal = Vector3f::Zero();
  normal[axis] = sign;
  const int u = (axis + 1) % 3;
  const int v = (axis + 2) % 3;
  const std::uint32_t first = Count(shape);
  for (int i = 0; i < 4; ++i) {
    Vector3f corner = normal.cwiseProduct(half);
    corner[u] = (i & 1) != 0 ? half[u] : -half[u];
    corner[v] = (i & 2) != 0 ? half[v] : -half[v];
    shape.positions.push_back(corner);
    shape.normals.push_back(normal);
    shape.texture_coordinates.emplace_back(corner[u] + half[u], corner[v] + half[v]);
  }
  for (const std::uint32_t i : {0U, 1U, 2U, 1U, 3U, 2U}) shape.indices.push_back(first + i);
}

std::shared_ptr<const Shape> BoxShape(const Vector3f& edges) {
  auto shape = std::make_shared<Shape>();
  for (int axis = 0; axis < 3; ++axis) {
    for (const float sign : {-1.0F, 1.0F}) AddSide(axis, sign, edges / 2, *shape);
  }
  return shape;
}

std::shared_ptr<const Shape> DiscShape(float radius) {
  constexpr std::uint32_t kCorners = 32;
  auto shape = std::make_shared<Shape>();
  for (std::uint32_t i = 0; i < kCorners; ++i) {
    const float angle = static_cast<float>(i) * 2 * std::numbers::pi_v<float> / kCorners;
    shape->positions.emplace_back(radius * std::cos(angle), radius * std::sin(angle), 0);
    shape->normals.emplace_back(0, 0, 1);
    shape->texture_coordinates.emplace_back(0.5F + std::cos(angle) / 2, 0.5F + std::sin(angle) / 2);
    if (i >= 2) shape->indices.insert(shape->indices.end(), {0, i - 1, i});
  }
  return shape;
}

Mesh Placed(std::shared_ptr<const Shape> shape, const Eigen::Isometry3f& pose,
            const Texture& texture, const Vector3f& color, float texels_a_metre) {
  Mesh mesh;
  for (const Vector3f& position : shape->positions) mesh.positions.push_back(pose * position);
  for (const Vector3f& normal : shape->normals) mesh.normals.push_back(pose.linear() * normal);
  mesh.texture_coordinates = shape->texture_coordinates;
  MeshPart part;
  part.indices = shape->indices;
  part.texture = &texture;
  part.color = color;
  part.texels_a_metre = texels_a_metre;
  mesh.parts.push_back(part);
  mesh.owner = std::move(shape);
  return mesh;
}

}  // namespace

Mesh MakeBox(const Vector3f& edges_m, const Eigen::Isometry3f& world_from_box,
             const Texture& texture, const Vector3f& color) {
  const auto texels = static_cast<float>(texture.levels[0].width);  // The texture is a metre wide.
  return Placed(BoxShape(edges_m), world_from_box, texture, color, texels);
}

Mesh MakeDisc(float radius_m, const Eigen::Isometry3f& world_from_disc, const Texture& texture,
              const Vector3f& color) {
  const float texels = static_cast<float>(texture.levels[0].width) / (2 * radius_m);
  return Placed(DiscShape(radius_m), world_from_disc, texture, color, texels);
}

Mesh MakeThing(Random random, const Vector3f& middle, float size_m, const Texture& texture) {
  Eigen::Isometry3f pose = Eigen::Isometry3f::Identity();
  pose.translation() = middle;
  pose.rotate(Eigen::AngleAxisf(static_cast<float>(random.Uniform(0, 2 * std::numbers::pi)),
                                Vector3f::UnitY()));
  if (random.Chance(0.5)) {
    pose.rotate(Eigen::AngleAxisf(static_cast<float>(random.Uniform(0, 2 * std::numbers::pi)),
                                  Vector3f(0.8F, 0, 0.6F)));
  }
  Vector3f color;
  for (float& c : color) c = static_cast<float>(random.LogUniform(0.2, 1));
  const auto length = [&](double low, double high) {
    return size_m * static_cast<float>(random.LogUniform(low, high));
  };
  switch (random.Pick(3)) {
    case 0:
      return MakeBox({length(0.3, 1), length(0.3, 1), length(0.3, 1)}, pose, texture, color);
    case 1:  // A bar.
      return MakeBox({length(1.5, 5), length(0.04, 0.15), length(0.04, 0.15)}, pose, texture,
                     color);
    default:
      return MakeDisc(length(0.2, 0.6), pose, texture, color);
  }
}

}  // namespace cnp::synth

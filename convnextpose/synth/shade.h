// Meshes in the world and the colours they are seen in.
#pragma once

#include <Eigen/Geometry>
#include <array>
#include <memory>
#include <span>
#include <vector>

#include "convnextpose/synth/light.h"
#include "convnextpose/synth/raster.h"
#include "convnextpose/synth/recolor.h"
#include "convnextpose/synth/shadow.h"
#include "convnextpose/synth/texture.h"
#include "convnextpose/synth/view.h"

namespace cnp::synth {

/// A part of a mesh that has one look. Colours are linear.
struct MeshPart {
  std::span<const std::uint32_t> indices;
  const Texture* texture = nullptr;  ///< Null: white.
  Eigen::Vector3f color = Eigen::Vector3f::Ones();
  Dye dye;  ///< Applied where the texture's mask is set, in its measure.
  float texels_a_metre = 0;
};

/// In the world, lit. Spans belong to `owner`, to this, or to what outlives it.
struct Mesh {
  std::vector<Eigen::Vector3f> positions;
  std::vector<Eigen::Vector3f> normals;
  std::vector<Eigen::Vector3f> ambient;  ///< Radiance of white, a corner.
  std::vector<float> facing_sun;         ///< Cosine, a corner.
  std::span<const Eigen::Vector2f> texture_coordinates;
  std::vector<MeshPart> parts;
  std::shared_ptr<const void> owner;
};

/// Fills ambient and facing_sun.
void LightMesh(const Light& light, Mesh& mesh);

/// Colours, planar: values 0..255, red, green, blue.
struct Picture {
  int width = 0;
  int height = 0;
  std::array<std::vector<float>, 3> planes;

  void Resize(int new_width, int new_height);
};

/// Draws meshes over what is in `picture`, with soft edges: four samples a pixel.
void DrawMeshes(const View& view, std::span<const Mesh> meshes, const Light& light,
                const SunShadow& shadow, Picture& picture);

}  // namespace cnp::synth

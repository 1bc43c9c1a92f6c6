#include "convnextpose/synth/shade.h"

#include <algorithm>
#include <cmath>

namespace cnp::synth {
namespace {

using Eigen::Vector3f;

constexpr int kFine = 2;  // Samples along a pixel's side.

// Of one mesh in one view.
struct Projected {
  std::vector<HomogeneousVertex> corners;
  std::vector<ScreenVertex> fine;  // On the grid of samples.
};

// Memory that is used again by the next picture of the same thread.
struct Workspace {
  std::vector<Projected> meshes;
  Visibility seen;
};

Workspace& OfThisThread() {
  thread_local Workspace workspace;
  return workspace;
}

// Triangles are numbered through; where each part of each mesh begins.
struct PartBegin {
  std::uint32_t first_id = 0;
  std::uint32_t mesh = 0;
  std::uint32_t part = 0;
};

void Project(const View& view, const Mesh& mesh, Projected& out) {
  const Eigen::Matrix<float, 3, 4>& m = view.pixel_from_world;
  const std::size_t count = mesh.positions.size();
  out.corners.resize(count);
  out.fine.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    const Vector3f& p = mesh.positions[i];
    const float x = m(0, 0) * p.x() + m(0, 1) * p.y() + m(0, 2) * p.z() + m(0, 3);
    const float y = m(1, 0) * p.x() + m(1, 1) * p.y() + m(1, 2) * p.z() + m(1, 3);
    const float w = m(2, 0) * p.x() + m(2, 1) * p.y() + m(2, 2) * p.z() + m(2, 3);
    // The grid of samples: pixel 0 has the samples 0 and 1, its centre is at 0.5.
    const float fine_x = kFine * x + (kFine - 1) * 0.5F * w;
    const float fine_y = kFine * y + (kFine - 1) * 0.5F * w;
    out.corners[i] = {fine_x, fine_y, w};
    const float nearness = 1 / w;
    out.fine[i] = {fine_x * nearness, fine_y * nearness, nearness};
  }
}

std::vector<PartBegin> FindVisible(const View& view, std::span<const Mesh> meshes,
                                   Workspace& space) {
  std::vector<PartBegin> begins;
  space.meshes.resize(std::max(space.meshes.size(), meshes.size()));
  space.seen.Reset(kFine * view.width, kFine * view.height);
  std::uint32_t next_id = 0;
  for (std::uint32_t m = 0; m < meshes.size(); ++m) {
    Projected& projected = space.meshes[m];
    Project(view, meshes[m], projected);
    for (std::uint32_t p = 0; p < meshes[m].parts.size(); ++p) {
      const std::span<const std::uint32_t> indices = meshes[m].parts[p].indices;
      begins.push_back({next_id, m, p});
      DrawMesh(projected.corners, projected.fine, indices, next_id, space.seen);
      next_id += static_cast<std::uint32_t>(indices.size() / 3);
    }
  }
  return begins;
}

// Colours of samples.
class Shader {
 public:
  Shader(const View& view, std::span<const Mesh> meshes, const Light& light,
         const SunShadow& shadow, std::span<const PartBegin> begins, const Workspace& space)
      : view_(view),
        meshes_(meshes),
        light_(light),
        shadow_(shadow),
        begins_(begins),
        space_(space),
        sunny_(light.sun.maxCoeff() > 0) {}

  /// Of a triangle at a point of the grid of samples: 0..255.
  [[nodiscard]] Vector3f ColorOf(std::uint32_t id, float x, float y) const {
    const PartBegin& begin = Find(id);
    const Mesh& mesh = meshes_[begin.mesh];
    const MeshPart& part = mesh.parts[begin.part];
    const std::uint32_t* corner = &part.indices[std::size_t{3} * (id - begin.first_id)];
    const std::vector<HomogeneousVertex>& corners = space_.meshes[begin.mesh].corners;
    const Vector3f share = Shares(corners[corner[0]], corners[corner[1]], corners[corner[2]], x, y);
    const auto mix = [&](const auto& values) {
      return (share[0] * values[corner[0]] + share[1] * values[corner[1]] +
              share[2] * values[corner[2]])
          .eval();
    };
    Vector3f color = part.color;
    if (part.texture != nullptr) {
      const float depth = share[0] * corners[corner[0]].w + share[1] * corners[corner[1]].w +
                          share[2] * corners[corner[2]].w;
      color = color.cwiseProduct(Textured(part, mix(mesh.texture_coordinates), depth));
    }
    Vector3f lit = mix(mesh.ambient);
    if (sunny_) {
      const float facing = share[0] * mesh.facing_sun[corner[0]] +
                           share[1] * mesh.facing_sun[corner[1]] +
                           share[2] * mesh.facing_sun[corner[2]];
      if (facing > 0) lit += facing * shadow_.LightAt(mix(mesh.positions)) * light_.sun;
    }
    const Vector3f seen = color.cwiseProduct(lit);
    return {Displayed(seen[0]), Displayed(seen[1]), Displayed(seen[2])};
  }

 private:
  [[nodiscard]] const PartBegin& Find(std::uint32_t id) const {
    std::size_t i = begins_.size() - 1;
    while (begins_[i].first_id > id) --i;
    return begins_[i];
  }

  // Of the corners in a point, right in perspective; a point just outside counts as on the edge.
  static Vector3f Shares(const HomogeneousVertex& a, const HomogeneousVertex& b,
                         const HomogeneousVertex& c, float x, float y) {
    const float ax = a.x - x * a.w;
    const float ay = a.y - y * a.w;
    const float bx = b.x - x * b.w;
    const float by = b.y - y * b.w;
    const float cx = c.x - x * c.w;
    const float cy = c.y - y * c.w;
    Vector3f share(bx * cy - by * cx, cx * ay - cy * ax, ax * by - ay * bx);
    if (share.sum() < 0) share = -share;
    share = share.cwiseMax(0.0F);
    const float sum = share.sum();
    return sum > 0 ? Vector3f(share / sum) : Vector3f::Constant(1.0F / 3);
  }

  [[nodiscard]] Vector3f Textured(const MeshPart& part, const Eigen::Vector2f& at,
                                  float depth) const {
    const float texels_a_pixel = part.texels_a_metre * depth / view_.pixels_at_one_metre;
    const std::uint32_t texel =
        Sample(part.texture->For(texels_a_pixel), at.x(), at.y(), Edges::kRepeat);
    Vector3f color = LinearTexel(texel);
    const auto mask = static_cast<float>(texel >> 24) / 255;
    if (mask > 0) {
      const Vector3f other = (part.dye.turn * color + part.dye.add).cwiseMax(0.0F).cwiseMin(1.0F);
      color += mask * (other - color);
    }
    return color;
  }

  const View& view_;
  std::span<const Mesh> meshes_;
  const Light& light_;
  const SunShadow& shadow_;
  std::span<const PartBegin> begins_;
  const Workspace& space_;
  bool sunny_;
};

// The samples of one pixel.
struct Samples {
  std::array<std::uint32_t, std::size_t{kFine} * kFine> ids{};
  float nearest = 0;
  float farthest = 0;
  int covered = 0;
};

Samples SamplesOf(const Visibility& seen, int x, int y) {
  Samples samples;
  samples.farthest = std::numeric_limits<float>::max();
  for (int i = 0; i < kFine * kFine; ++i) {
    const std::size_t at = seen.At(kFine * x + i % kFine, kFine * y + i / kFine);
    samples.ids[static_cast<std::size_t>(i)] = seen.ids[at];
    if (seen.ids[at] == Visibility::kNothing) continue;
    ++samples.covered;
    samples.nearest = std::max(samples.nearest, seen.nearness[at]);
    samples.farthest = std::min(samples.farthest, seen.nearness[at]);
  }
  return samples;
}

// One sample stands for all where they lie on one surface.
bool Smooth(const Samples& samples) {
  return samples.covered == kFine * kFine && samples.farthest > 0.97F * samples.nearest;
}

void DrawPixel(const Shader& shader, const Samples& samples, int x, int y, Picture& picture) {
  const std::size_t at = static_cast<std::size_t>(y) * static_cast<std::size_t>(picture.width) +
                         static_cast<std::size_t>(x);
  const auto fine_x = static_cast<float>(kFine * x);
  const auto fine_y = static_cast<float>(kFine * y);
  Vector3f color = Vector3f::Zero();
  float cover = 1;
  if (Smooth(samples)) {
    color = shader.ColorOf(samples.ids[0], fine_x + 0.5F, fine_y + 0.5F);
  } else {
    for (int i = 0; i < kFine * kFine; ++i) {
      const std::uint32_t id = samples.ids[static_cast<std::size_t>(i)];
      if (id == Visibility::kNothing) continue;
      const auto column = static_cast<float>(i % kFine);
      const int row = static_cast<int>(i) / kFine;
      color += shader.ColorOf(id, fine_x + column, fine_y + static_cast<float>(row));
    }
    color /= kFine * kFine;
    cover = static_cast<float>(samples.covered) / (kFine * kFine);
  }
  for (std::size_t c = 0; c < 3; ++c) {
    float& value = picture.planes[c][at];
    value = (1 - cover) * value + color[static_cast<Eigen::Index>(c)];
  }
}

}  // namespace

void LightMesh(const Light& light, Mesh& mesh) {
  const std::size_t count = mesh.normals.size();
  mesh.ambient.resize(count);
  mesh.facing_sun.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    mesh.ambient[i] = AmbientOn(light, mesh.normals[i]);
    mesh.facing_sun[i] = mesh.normals[i].dot(light.to_sun);
  }
}

void Picture::Resize(int new_width, int new_height) {
  width = new_width;
  height = new_height;
  for (auto& plane : planes) {
    plane.resize(static_cast<std::size_t>(width) * static_cast<std::size_t>(height));
  }
}

void DrawMeshes(const View& view, std::span<const Mesh> meshes, const Light& light,
                const SunShadow& shadow, Picture& picture) {
  Workspace& space = OfThisThread();
  const std::vector<PartBegin> begins = FindVisible(view, meshes, space);
  if (begins.empty()) return;
  const Shader shader(view, meshes, light, shadow, begins, space);
  for (int y = 0; y < view.height; ++y) {
    for (int x = 0; x < view.width; ++x) {
      const Samples samples = SamplesOf(space.seen, x, y);
      if (samples.covered > 0) DrawPixel(shader, samples, x, y, picture);
    }
  }
}

}  // namespace cnp::synth

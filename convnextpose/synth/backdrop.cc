#include "convnextpose/synth/backdrop.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace cnp::synth {
namespace {

using Eigen::Vector2f;
using Eigen::Vector3f;

constexpr int kStep = 8;  // Pixels between exact directions; straight in between.

void Put(std::uint32_t texel, std::size_t at, Picture& picture) {
  picture.planes[0][at] = static_cast<float>(texel & 255);
  picture.planes[1][at] = static_cast<float>(texel >> 8 & 255);
  picture.planes[2][at] = static_cast<float>(texel >> 16 & 255);
}

Vector3f RayAt(const View& view, int x, int y) {
  return view.ray_from_pixel * Vector3f(static_cast<float>(x), static_cast<float>(y), 1);
}

// Where in the panorama a ray ends that leaves the eye: on the floor, or on a sphere about the
// place from which the panorama was taken.
Vector2f PanoramaAt(const Backdrop& backdrop, const Vector3f& eye, const Vector3f& ray) {
  const Vector3f from_middle = eye - Vector3f(0, backdrop.taken_at_m, 0);
  const float reach = std::max(backdrop.reach_m, from_middle.norm() + 3);
  const float a = ray.squaredNorm();
  const float b = ray.dot(from_middle);
  const float c = from_middle.squaredNorm() - reach * reach;
  float t = (-b + std::sqrt(std::max(b * b - a * c, 0.0F))) / a;
  if (ray.y() < 0 && eye.y() > 0) t = std::min(t, -eye.y() / ray.y());
  const Vector3f end = from_middle + t * ray;
  const float up = std::clamp(end.y() / end.norm(), -1.0F, 1.0F);
  constexpr float kPi = std::numbers::pi_v<float>;
  return {0.5F + std::atan2(end.x(), -end.z()) / (2 * kPi), std::acos(up) / kPi};
}

void DrawPanorama(const View& view, const Backdrop& backdrop, Picture& picture) {
  const float texels_a_pixel = static_cast<float>(backdrop.texture->levels[0].width) /
                               (2 * std::numbers::pi_v<float> * view.pixels_at_one_metre);
  const TextureLevel& level = backdrop.texture->For(texels_a_pixel);
  for (int y = 0; y < view.height; ++y) {
    std::size_t at = static_cast<std::size_t>(y) * static_cast<std::size_t>(view.width);
    Vector2f here = PanoramaAt(backdrop, view.eye, RayAt(view, 0, y));
    for (int x = 0; x < view.width; x += kStep) {
      const Vector2f next = PanoramaAt(backdrop, view.eye, RayAt(view, x + kStep, y));
      Vector2f step = next - here;
      step.x() -= std::round(step.x());  // The short way around.
      step /= kStep;
      for (int i = 0; i < std::min(kStep, view.width - x); ++i, ++at) {
        const Vector2f uv = here + static_cast<float>(i) * step;
        Put(Sample(level, uv.x(), uv.y(), Edges::kRepeatAcross), at, picture);
      }
      here = next;
    }
  }
}

void DrawPhotograph(const View& view, const Backdrop& backdrop, Picture& picture) {
  const Eigen::Matrix<float, 2, 3> map = backdrop.from_picture * view.picture_from_pixel;
  const TextureLevel& whole = backdrop.texture->levels[0];
  const float texels_a_pixel =
      std::sqrt(std::abs(map.leftCols<2>().determinant()) * static_cast<float>(whole.width) *
                static_cast<float>(whole.height));
  const TextureLevel& level = backdrop.texture->For(texels_a_pixel);
  std::size_t at = 0;
  for (int y = 0; y < view.height; ++y) {
    const Vector2f start = map.col(1) * static_cast<float>(y) + map.col(2);
    for (int x = 0; x < view.width; ++x, ++at) {
      const Vector2f uv = start + map.col(0) * static_cast<float>(x);
      Put(Sample(level, uv.x(), uv.y(), Edges::kMirror), at, picture);
    }
  }
}

}  // namespace

void DrawBackdrop(const View& view, const Backdrop& backdrop, Picture& picture) {
  if (backdrop.panorama) {
    DrawPanorama(view, backdrop, picture);
  } else {
    DrawPhotograph(view, backdrop, picture);
  }
}

void DrawFloorShadows(const View& view, const Light& light, const SunShadow& sun,
                      const FloorShade& sky, Picture& picture) {
  constexpr float kReach = 8;
  if (view.eye.y() <= 0) return;
  const Vector3f ambient = AmbientOn(light, Vector3f::UnitY()).cwiseMax(1e-4F);
  const Vector3f sunny = light.sun * light.to_sun.y();
  const Vector3f sun_share = sunny.cwiseQuotient(ambient + sunny);
  for (int y = 0; y < view.height; ++y) {
    std::size_t at = static_cast<std::size_t>(y) * static_cast<std::size_t>(view.width);
    const Vector3f first = RayAt(view, 0, y);
    for (int x = 0; x < view.width; ++x, ++at) {
      const Vector3f ray = first + static_cast<float>(x) * view.ray_from_pixel.col(0);
      if (ray.y() >= -0.01F) continue;
      const Vector3f floor = view.eye - (view.eye.y() / ray.y()) * ray;
      if (std::abs(floor.x()) > kReach || std::abs(floor.z()) > kReach) continue;
      const float seen = sky.SkyAt(floor.x(), floor.z());
      const float lit = sun.LightAt(floor);
      if (seen == 1 && lit == 1) continue;
      for (std::size_t c = 0; c < 3; ++c) {
        const float share = sun_share[static_cast<Eigen::Index>(c)];
        const float left = (1 - share) * seen + share * lit;
        // Pictures are about the square root of light.
        picture.planes[c][at] *= std::sqrt(left);
      }
    }
  }
}

}  // namespace cnp::synth

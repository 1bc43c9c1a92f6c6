#include "convnextpose/synth/generator.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "convnextpose/base/check.h"
#include "convnextpose/synth/compose.h"
#include "convnextpose/synth/view.h"

namespace cnp::synth {
namespace {

// The window with `coarse` times fewer pixels.
Window Coarser(const Window& window, double coarse) {
  Window small = window;
  small.width = std::max(static_cast<int>(std::lround(window.width / coarse)), 8);
  small.height = std::max(static_cast<int>(std::lround(window.height / coarse)), 8);
  const double x = static_cast<double>(window.width) / small.width;
  const double y = static_cast<double>(window.height) / small.height;
  for (auto& row : small.picture_from_output) {
    row[2] += row[0] * (x - 1) / 2 + row[1] * (y - 1) / 2;
    row[0] *= x;
    row[1] *= y;
  }
  return small;
}

// Bilinear; corners of both coincide.
image::Image Enlarged(const image::Image& from, int width, int height) {
  image::Image out{.width = width, .height = height, .rgb = {}};
  out.rgb.resize(std::size_t{3} * static_cast<std::size_t>(width) *
                 static_cast<std::size_t>(height));
  const auto place = [](int at, int size, int from_size) {
    const float value =
        (static_cast<float>(at) + 0.5F) * static_cast<float>(from_size) / static_cast<float>(size) -
        0.5F;
    return std::clamp(value, 0.0F, static_cast<float>(from_size - 1));
  };
  const auto row_bytes = static_cast<std::size_t>(from.width) * 3;
  std::size_t at = 0;
  for (int y = 0; y < height; ++y) {
    const float down = place(y, height, from.height);
    const auto top = static_cast<std::size_t>(down);
    const std::size_t below = std::min(top + 1, static_cast<std::size_t>(from.height - 1));
    const float v = down - static_cast<float>(top);
    for (int x = 0; x < width; ++x) {
      const float across = place(x, width, from.width);
      const auto left = static_cast<std::size_t>(across);
      const std::size_t right = std::min(left + 1, static_cast<std::size_t>(from.width - 1));
      const float u = across - static_cast<float>(left);
      for (std::size_t c = 0; c < 3; ++c, ++at) {
        const auto value = [&](std::size_t row, std::size_t column) {
          return static_cast<float>(from.rgb[row * row_bytes + 3 * column + c]);
        };
        const float upper = value(top, left) + u * (value(top, right) - value(top, left));
        const float lower = value(below, left) + u * (value(below, right) - value(below, left));
        out.rgb[at] = static_cast<std::uint8_t>(std::lround(upper + v * (lower - upper)));
      }
    }
  }
  return out;
}

// Black where the camera's picture has ended.
void Blacken(const SceneOptions& options, const Window& window, image::Image& picture) {
  const auto& map = window.picture_from_output;
  const auto inside = [&](int x, int y) {
    const double px = map[0][0] * x + map[0][1] * y + map[0][2];
    const double py = map[1][0] * x + map[1][1] * y + map[1][2];
    return px >= -0.5 && py >= -0.5 && px <= options.width - 0.5 && py <= options.height - 0.5;
  };
  const int right = picture.width - 1;
  const int bottom = picture.height - 1;
  if (inside(0, 0) && inside(right, 0) && inside(0, bottom) && inside(right, bottom)) return;
  std::size_t at = 0;
  for (int y = 0; y < picture.height; ++y) {
    for (int x = 0; x < picture.width; ++x, at += 3) {
      if (!inside(x, y)) std::fill_n(&picture.rgb[at], 3, std::uint8_t{0});
    }
  }
}

}  // namespace

Scene::Scene() = default;
Scene::Scene(std::unique_ptr<const SceneParts> parts) : parts_(std::move(parts)) {}
Scene::Scene(Scene&&) noexcept = default;
Scene& Scene::operator=(Scene&&) noexcept = default;
Scene::~Scene() = default;

const Subject& Scene::subject() const {
  CNP_CHECK(parts_ != nullptr, "an empty scene has no subject");
  return parts_->subject;
}

Generator::Generator(SceneOptions options, const Assets& assets)
    : options_(options), stock_(std::make_shared<const Stock>(MakeStock(assets))) {}

Scene Generator::Compose(std::uint64_t seed) const {
  return Scene(ComposeParts(options_, stock_, seed));
}

image::Image Generator::Draw(const Scene& scene, const Window& window) const {
  CNP_CHECK(scene.parts_ != nullptr, "an empty scene cannot be drawn");
  CNP_CHECK(window.width > 0 && window.height > 0, "a window needs pixels");
  const SceneParts& parts = *scene.parts_;
  const Window taken = parts.finish.coarse > 1 ? Coarser(window, parts.finish.coarse) : window;
  const View view = MakeView(parts.subject.camera, parts.camera_from_world, taken);
  thread_local Picture picture;
  picture.Resize(taken.width, taken.height);
  DrawBackdrop(view, parts.backdrop, picture);
  if (parts.backdrop.shadows) {
    DrawFloorShadows(view, parts.light, parts.sun, parts.sky, picture);
  }
  DrawMeshes(view, parts.meshes, parts.light, parts.sun, picture);
  const double person = std::max(parts.subject.box.w, parts.subject.box.h);
  ApplyFinish(parts.finish, person * view.pixels_a_picture_pixel, picture);
  image::Image image = ToImage(picture);
  if (taken.width != window.width || taken.height != window.height) {
    image = Enlarged(image, window.width, window.height);
  }
  Blacken(options_, window, image);
  return image;
}

image::Image Generator::DrawWhole(const Scene& scene, int width, int height) const {
  return Draw(scene, WholeWindow(options_, width, height));
}

}  // namespace cnp::synth

// Pictures of synthetic people with exact joints. Everything is a pure function of the options, the
// assets and a seed: the same on any number of threads and on any day.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "convnextpose/base/result.h"
#include "convnextpose/image/image.h"
#include "convnextpose/pose/box.h"
#include "convnextpose/pose/camera.h"
#include "convnextpose/pose/vec.h"
#include "convnextpose/synth/assets.h"

namespace cnp::synth {

/// What may happen in a picture; probabilities and ranges.
struct SceneOptions {
  int width = 1000;  ///< Of the nominal picture that the camera takes.
  int height = 1000;
  double min_fov_degrees = 25;  ///< Horizontal.
  double max_fov_degrees = 90;
  double max_roll_degrees = 45;
  double pitched = 0.4;       ///< Share seen from below or above, however far.
  double upside_down = 0.03;  ///< Share of pictures turned any way.
  double others = 0.3;        ///< Share with other people about.
  double objects = 0.3;       ///< Share with things in front.
  double cut = 0.2;           ///< Share where the picture's edge cuts the person.
};

/// What is known of the person whom a picture is about. Joints in the order of pose::Human36m().
struct Subject {
  pose::Camera camera;                ///< Of the nominal picture.
  std::vector<pose::Vec3> camera_mm;  ///< Camera space.
  std::vector<pose::Vec2> image_px;   ///< Nominal picture; may lie outside it.
  pose::Box box;  ///< Around the visible body, in the nominal picture, clipped to it.
};

struct Stock;       // The assets, made ready to draw.
struct SceneParts;  // Meshes, light, camera.

/// One scene, placed and lit, ready to be drawn in any window.
class Scene {
 public:
  Scene();
  Scene(Scene&&) noexcept;
  Scene& operator=(Scene&&) noexcept;
  ~Scene();
  [[nodiscard]] const Subject& subject() const;

 private:
  friend class Generator;
  explicit Scene(std::unique_ptr<const SceneParts> parts);
  std::unique_ptr<const SceneParts> parts_;
};

/// A part of the nominal picture to draw, perhaps turned and stretched: output pixel
/// (x, y) shows the nominal picture at picture_from_output * (x, y, 1).
struct Window {
  std::array<std::array<double, 3>, 2> picture_from_output{};
  int width = 0;
  int height = 0;
};

/// Thread-safe: all members are const.
class Generator {
 public:
  /// Assets without bodies, motions or backgrounds are made up for (MakeBody, MakePose, painted
  /// backgrounds).
  Generator(SceneOptions options, const Assets& assets);

  [[nodiscard]] Scene Compose(std::uint64_t seed) const;

  /// Draws people, shadows, background, then what a camera does: blur, noise, compression. A crop
  /// drawn by a window equals, but for resampling, the crop of the whole picture. Nothing is drawn
  /// outside the nominal picture: black, as the network's crop has it.
  [[nodiscard]] image::Image Draw(const Scene& scene, const Window& window) const;

  /// The whole picture at `width` x `height`.
  [[nodiscard]] image::Image DrawWhole(const Scene& scene, int width, int height) const;

 private:
  SceneOptions options_;
  std::shared_ptr<const Stock> stock_;
};

}  // namespace cnp::synth

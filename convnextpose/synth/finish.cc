#include "convnextpose/synth/finish.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>
#include <vector>

#include "convnextpose/synth/filter.h"
#include "convnextpose/synth/jpeg_artefacts.h"

namespace cnp::synth {
namespace {

void Sharpen(double weight, Picture& picture) {
  if (weight <= 0) return;
  Picture soft = picture;
  Blur(1, soft);
  const auto w = static_cast<float>(weight);
  for (std::size_t c = 0; c < 3; ++c) {
    for (std::size_t i = 0; i < soft.planes[c].size(); ++i) {
      float& value = picture.planes[c][i];
      value += w * (value - soft.planes[c][i]);
    }
  }
}

// Normal numbers, looked up: drawing them one by one would take longer than drawing the people.
const std::vector<float>& NoiseTable() {
  static const std::vector<float> table = [] {
    Random random(1);
    std::vector<float> values(std::size_t{1} << 15);
    for (float& value : values) value = static_cast<float>(random.Normal());
    return values;
  }();
  return table;
}

void AddNoise(const Finish& finish, Picture& picture) {
  if (finish.noise <= 0) return;
  const std::vector<float>& table = NoiseTable();
  Random random(finish.seed);
  const auto grey = static_cast<float>(finish.noise * (1 - finish.color_noise));
  const auto color = static_cast<float>(finish.noise * finish.color_noise);
  const auto width = static_cast<std::size_t>(picture.width);
  const std::size_t piece = std::min(width, table.size() / 2);  // Wide rows repeat the table.
  const auto numbers = [&] { return &table[random.Next() % (table.size() - piece)]; };
  for (int y = 0; y < picture.height; ++y) {
    for (std::size_t from = 0; from < width; from += piece) {
      const std::size_t count = std::min(width - from, piece);
      const float* shared = numbers();
      for (auto& plane : picture.planes) {
        const float* own = numbers();
        float* out = &plane[static_cast<std::size_t>(y) * width + from];
        for (std::size_t x = 0; x < count; ++x) {
          // Photons: more where it is brighter, but less than in proportion.
          const float scale = 0.6F + out[x] * (1 / 320.0F);
          out[x] += scale * (grey * shared[x] + color * own[x]);
        }
      }
    }
  }
}

void ApplyCurve(const Finish& finish, Picture& picture) {
  for (std::size_t c = 0; c < 3; ++c) {
    std::array<float, 257> curve{};
    for (std::size_t i = 0; i < curve.size(); ++i) {
      const double in = std::min(static_cast<double>(i) * finish.gain[c] / 255, 1.0);
      const double out = 255 * std::pow(in, finish.gamma);
      curve[i] = static_cast<float>(
          std::clamp(128 + finish.contrast * (out - 128) + finish.brightness, 0.0, 255.0));
    }
    for (float& value : picture.planes[c]) {
      const float at = std::clamp(value, 0.0F, 255.0F);
      const auto cell = static_cast<std::size_t>(at);
      value = curve[cell] + (at - static_cast<float>(cell)) * (curve[cell + 1] - curve[cell]);
    }
  }
}

void MakeGrey(Picture& picture) {
  auto& [r, g, b] = picture.planes;
  for (std::size_t i = 0; i < r.size(); ++i) {
    r[i] = g[i] = b[i] = 0.299F * r[i] + 0.587F * g[i] + 0.114F * b[i];
  }
}

}  // namespace

Finish MakeFinish(Random random) {
  Finish finish;
  finish.seed = random.Next();
  if (random.Chance(0.35)) finish.blur = random.LogUniform(0.001, 0.01);
  if (random.Chance(0.12)) {
    const double length = random.LogUniform(0.006, 0.05);
    const double angle = random.Uniform(0, 2 * std::numbers::pi);
    finish.motion = {length * std::cos(angle), length * std::sin(angle)};
  }
  if (random.Chance(0.25)) finish.sharpen = random.Uniform(0.2, 1.2);
  if (random.Chance(0.2)) finish.coarse = random.LogUniform(1.2, 3);
  if (random.Chance(0.45)) finish.noise = random.LogUniform(1, 10);
  finish.color_noise = random.Uniform(0, 0.8);
  if (random.Chance(0.5)) finish.jpeg_quality = static_cast<int>(random.Uniform(25, 92));
  finish.grey = random.Chance(0.04);
  finish.gamma = random.LogUniform(0.75, 1.35);
  finish.contrast = random.LogUniform(0.75, 1.3);
  finish.brightness = random.Normal(0, 10);
  for (double& gain : finish.gain) gain = std::exp(random.Normal(0, 0.07));
  return finish;
}

void ApplyFinish(const Finish& finish, double person_px, Picture& picture) {
  Blur(std::min(finish.blur * person_px, 8.0), picture);
  MoveBlur(finish.motion[0] * person_px, finish.motion[1] * person_px, picture);
  Sharpen(finish.sharpen, picture);
  ApplyCurve(finish, picture);
  if (finish.grey) MakeGrey(picture);
  AddNoise(finish, picture);
  if (finish.jpeg_quality > 0) CompressLikeJpeg(finish.jpeg_quality, picture);
}

image::Image ToImage(const Picture& picture) {
  image::Image image{.width = picture.width, .height = picture.height, .rgb = {}};
  const std::size_t count = picture.planes[0].size();
  image.rgb.resize(3 * count);
  for (std::size_t c = 0; c < 3; ++c) {
    const float* in = picture.planes[c].data();
    for (std::size_t i = 0; i < count; ++i) {
      const float value = std::clamp(in[i], 0.0F, 255.0F) + 0.5F;
      image.rgb[3 * i + c] = static_cast<std::uint8_t>(static_cast<int>(value));
    }
  }
  return image;
}

}  // namespace cnp::synth

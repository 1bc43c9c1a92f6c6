#include "tests/pointer_network.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "convnextpose/base/check.h"
#include "convnextpose/checkpoint/writer.h"
#include "convnextpose/model/layers.h"

namespace cnp::test {
namespace {

constexpr int kChannels = 4;  // The first is redness, the second greenness, the rest zero.
constexpr float kSharpness = 40;

using Values = std::vector<float>;

// Weights [out, in, kernel, kernel] that pass each channel on, averaged over the kernel.
Values MeanOfEachChannel(int kernel) {
  Values values(static_cast<std::size_t>(kChannels) * kChannels * kernel * kernel);
  const int area = kernel * kernel;
  for (int channel = 0; channel < kChannels; ++channel) {
    const auto begin =
        values.begin() + static_cast<std::ptrdiff_t>(channel) * (kChannels + 1) * area;
    std::fill_n(begin, area, 1.0F / static_cast<float>(area));
  }
  return values;
}

// 4 x 4 pixels of RGB: red less green, and green less red.
Values ColourDifference() {
  constexpr int kArea = 16;
  constexpr std::array<std::array<float, 3>, 2> kMix = {{{1, -1, 0}, {-1, 1, 0}}};
  Values values(static_cast<std::size_t>(kChannels) * 3 * kArea);
  for (int channel = 0; channel < 2; ++channel) {
    for (int colour = 0; colour < 3; ++colour) {
      const auto begin = values.begin() + static_cast<std::ptrdiff_t>(channel * 3 + colour) * kArea;
      std::fill_n(begin, kArea, kMix[channel][colour] / kArea);
    }
  }
  return values;
}

Values CentreTap(int kernel) {
  const std::size_t area = static_cast<std::size_t>(kernel) * kernel;
  Values values(kChannels * area);
  for (std::size_t channel = 0; channel < kChannels; ++channel)
    values[channel * area + area / 2] = 1;
  return values;
}

// Every depth bin of a joint answers to the joint's colour ...
Values HeatmapWeights(const model::Spec& spec) {
  Values values(static_cast<std::size_t>(spec.heatmap_channels()) * kChannels);
  for (int channel = 0; channel < spec.heatmap_channels(); ++channel) {
    values[channel * kChannels + channel / spec.depth_bins % 2] = kSharpness;
  }
  return values;
}

// ... and the one in the middle, the root's own depth, is the likeliest.
Values HeatmapBias(const model::Spec& spec) {
  Values values;
  for (int channel = 0; channel < spec.heatmap_channels(); ++channel) {
    const int from_root = channel % spec.depth_bins - spec.depth_bins / 2;
    values.push_back(static_cast<float>(-std::abs(from_root)));
  }
  return values;
}

Values ValuesOf(const model::TensorSpec& tensor, const model::Spec& spec) {
  const std::string& name = tensor.name;
  if (name == "backbone.downsample_layers.0.0.weight") return ColourDifference();
  if (name == "head.final_layer.weight") return HeatmapWeights(spec);
  if (name == "head.final_layer.bias") return HeatmapBias(spec);
  const bool weight = name.ends_with(".weight");
  if (weight && name.starts_with("head.") && tensor.shape.size() == 4) {
    const int kernel = static_cast<int>(tensor.shape.back());
    return name.ends_with("dwconv.weight") ? CentreTap(kernel) : MeanOfEachChannel(kernel);
  }
  if (weight && name.starts_with("backbone.downsample_layers") && tensor.shape.size() == 4) {
    return MeanOfEachChannel(static_cast<int>(tensor.shape.back()));
  }
  // BatchNorms change nothing, and blocks add next to nothing: zeros would be warned about.
  const bool one = name.ends_with("running_var") || (weight && tensor.shape.size() == 1);
  return Values(static_cast<std::size_t>(tensor.elements()), one ? 1.0F : weight ? 1e-12F : 0.0F);
}

std::uint8_t* Pixel(image::Image& picture, int x, int y) {
  return picture.rgb.data() + (static_cast<std::size_t>(y) * picture.width + x) * 3;
}

void Fill(image::Image& picture, const pose::Vec2& centre, int side,
          const std::array<std::uint8_t, 3>& colour) {
  const int left = static_cast<int>(centre[0]) - side / 2;
  const int top = static_cast<int>(centre[1]) - side / 2;
  CNP_CHECK(left >= 0 && top >= 0 && left + side <= picture.width && top + side <= picture.height,
            "the spot lies inside the picture");
  for (int y = top; y < top + side; ++y) {
    for (int x = left; x < left + side; ++x) {
      std::copy(colour.begin(), colour.end(), Pixel(picture, x, y));
    }
  }
}

}  // namespace

model::Spec PointerSpec(int joints) {
  return {.name = "pointer",
          .depths = {1, 1, 1, 1},
          .dims = {kChannels, kChannels, kChannels, kChannels},
          .head = {{kChannels, 3, true}, {kChannels, 3, true}, {kChannels, 3, false}},
          .depth_bins = 32,
          .joints = joints};
}

model::Weights PointerWeights(const model::Spec& spec) {
  model::Weights weights;
  for (const model::TensorSpec& tensor : model::Tensors(model::Layers(spec))) {
    if (!tensor.counter) weights.Set(tensor.name, {tensor.shape, ValuesOf(tensor, spec)});
  }
  return weights;
}

Status WritePointerCheckpoint(const std::filesystem::path& path, int joints) {
  const model::Spec spec = PointerSpec(joints);
  const model::Weights weights = PointerWeights(spec);
  const std::int64_t counter = 1;
  std::vector<checkpoint::Tensor> tensors;
  for (const model::TensorSpec& tensor : model::Tensors(model::Layers(spec))) {
    if (tensor.counter) {
      tensors.push_back(checkpoint::DenseTensor(tensor.name, checkpoint::DType::kI64, tensor.shape,
                                                std::as_bytes(std::span(&counter, 1))));
    } else {
      tensors.push_back(
          checkpoint::DenseTensor(tensor.name, checkpoint::DType::kF32, tensor.shape,
                                  std::as_bytes(std::span(weights.Get(tensor.name).values))));
    }
  }
  return checkpoint::WriteTorchZip(path, tensors);
}

image::Image Grey(int width, int height) {
  return {width, height,
          std::vector<std::uint8_t>(static_cast<std::size_t>(width) * height * 3, 128)};
}

image::Image TwoSpots(int width, int height, const pose::Vec2& red, const pose::Vec2& green,
                      int side) {
  image::Image picture = Grey(width, height);
  Fill(picture, red, side, {255, 0, 0});
  Fill(picture, green, side, {0, 255, 0});
  return picture;
}

image::Image Mirrored(const image::Image& picture) {
  image::Image mirrored = picture;
  for (int y = 0; y < picture.height; ++y) {
    for (int x = 0; x < picture.width / 2; ++x) {
      std::uint8_t* left = Pixel(mirrored, x, y);
      std::swap_ranges(left, left + 3, Pixel(mirrored, picture.width - 1 - x, y));
    }
  }
  return mirrored;
}

}  // namespace cnp::test

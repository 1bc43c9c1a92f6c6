#include "convnextpose/model/spec.h"

#include <algorithm>
#include <cctype>
#include <cstdint>

namespace cnp::model {
namespace {

// Far beyond any network of this family; keeps products of sizes within 64 bits.
constexpr int kMaxBlocks = 256;
constexpr int kMaxChannels = 16384;
constexpr int kMaxHeadLayers = 8;
constexpr int kMaxDepthBins = 1024;
constexpr int kMaxJoints = 1024;
constexpr int kMaxInput = 4096;
constexpr std::int64_t kMaxHeatmapCells = std::int64_t{1} << 26;

Status CheckRange(const std::string& what, int value, int low, int high) {
  if (value >= low && value <= high) return {};
  return Error{what + " is " + std::to_string(value) + ", must lie between " + std::to_string(low) +
               " and " + std::to_string(high)};
}

Status CheckInput(const std::string& what, int pixels) {
  CNP_RETURN_IF_ERROR(CheckRange(what, pixels, kBackboneStride, kMaxInput));
  if (pixels % kBackboneStride == 0) return {};
  return Error{what + " is " + std::to_string(pixels) + ", must be a multiple of " +
               std::to_string(kBackboneStride)};
}

}  // namespace

int Spec::upscale() const {
  return 1 << std::count_if(head.begin(), head.end(), [](const HeadLayer& l) { return l.up; });
}

Status Validate(const Spec& spec) {
  for (int i = 0; i < kStages; ++i) {
    const std::string stage = " of stage " + std::to_string(i);
    CNP_RETURN_IF_ERROR(CheckRange("depth" + stage, spec.depths[i], 1, kMaxBlocks));
    CNP_RETURN_IF_ERROR(CheckRange("width" + stage, spec.dims[i], 1, kMaxChannels));
  }
  CNP_RETURN_IF_ERROR(
      CheckRange("number of head layers", static_cast<int>(spec.head.size()), 1, kMaxHeadLayers));
  for (const HeadLayer& layer : spec.head) {
    CNP_RETURN_IF_ERROR(CheckRange("head channels", layer.channels, 1, kMaxChannels));
    CNP_RETURN_IF_ERROR(CheckRange("head kernel", layer.kernel, 1, 15));
    if (layer.kernel % 2 == 0) {
      return Error{"head kernel is " + std::to_string(layer.kernel) + ", must be odd"};
    }
  }
  CNP_RETURN_IF_ERROR(CheckRange("number of depth bins", spec.depth_bins, 1, kMaxDepthBins));
  CNP_RETURN_IF_ERROR(CheckRange("number of joints", spec.joints, 1, kMaxJoints));
  CNP_RETURN_IF_ERROR(CheckInput("input height", spec.input_height));
  CNP_RETURN_IF_ERROR(CheckInput("input width", spec.input_width));
  const std::int64_t cells =
      std::int64_t{spec.heatmap_height()} * spec.heatmap_width() * spec.heatmap_channels();
  if (cells > kMaxHeatmapCells) {
    return Error{"heatmaps of " + std::to_string(cells) + " cells; use a smaller input or head"};
  }
  return {};
}

std::span<const Variant> Variants() {
  const auto head = [](int channels, bool third_up) {
    return std::vector<HeadLayer>{
        {channels, 3, true}, {channels, 3, true}, {channels, 3, third_up}};
  };
  static const std::array<Variant, 4> variants = {{
      {{"XS", {2, 2, 6, 2}, {40, 80, 160, 320}, head(128, false), 32, 18}, "Atto", {}, 56.61},
      {{"S", {3, 3, 9, 3}, {48, 96, 192, 384}, head(256, false), 32, 18}, "Femto-L", {}, 51.80},
      {{"M", {3, 3, 9, 3}, {48, 96, 192, 384}, head(256, true), 64, 18}, "Femto-L", 34.5, 51.05},
      {{"L", {3, 3, 9, 3}, {48, 96, 192, 384}, head(512, true), 64, 18}, "Femto-L", 32.8, 49.75},
  }};
  return variants;
}

Result<Spec> FindVariant(std::string_view name) {
  std::string upper(name);
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  std::string known;
  for (const Variant& variant : Variants()) {
    if (variant.spec.name == upper) return variant.spec;
    known += (known.empty() ? "" : ", ") + variant.spec.name;
  }
  return Error{"unknown variant '" + std::string(name) + "': known are " + known +
               ", or give a config.json"};
}

}  // namespace cnp::model

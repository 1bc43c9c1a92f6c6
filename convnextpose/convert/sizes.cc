#include "convnextpose/convert/sizes.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string_view>

#include "convnextpose/convert/text.h"

namespace cnp::convert {
namespace {

constexpr int kMaxIndex =
    999;  // Of a block or a head layer; beyond any that model::Validate allows.

using Shapes = std::map<std::string, std::vector<std::int64_t>, std::less<>>;

/// A file's size as an int; beyond its range, a number that no network has.
int Size(std::int64_t size) {
  return static_cast<int>(std::min<std::int64_t>(size, std::numeric_limits<int>::max()));
}

/// shape[axis] of a tensor, 0 if there is none of that rank.
int SizeOf(const Shapes& shapes, const std::string& name, std::size_t rank, std::size_t axis) {
  const auto found = shapes.find(name);
  if (found == shapes.end() || found->second.size() != rank) return 0;
  return Size(found->second[axis]);
}

/// 1 + the highest N in the names that begin with `prefix` and "N.".
int Count(const Shapes& shapes, const std::string& prefix) {
  int count = 0;
  for (auto at = shapes.lower_bound(prefix); at != shapes.end() && at->first.starts_with(prefix);
       ++at) {
    const std::string_view rest = std::string_view{at->first}.substr(prefix.size());
    int index = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), index);
    const bool dotted = end != rest.data() + rest.size() && *end == '.';
    if (error != std::errc() || !dotted || index < 0 || index > kMaxIndex) continue;
    count = std::max(count, index + 1);
  }
  return count;
}

/// Channels of a stage: of the convolution that leads into it, else of its first block present.
int Width(const Shapes& shapes, int stage, int depth) {
  const std::string i = std::to_string(stage);
  const std::string convolution = stage == 0 ? ".0.weight" : ".1.weight";
  int width = SizeOf(shapes, "backbone.downsample_layers." + i + convolution, 4, 0);
  for (int j = 0; j < depth && width == 0; ++j) {
    const std::string block = "backbone.stages." + i + "." + std::to_string(j);
    width = SizeOf(shapes, block + ".dwconv.weight", 4, 0);
  }
  return width;
}

/// "`what` `file`, not `other`", unless they agree or the file does not tell.
template <typename Range>
void Differ(const std::string& what, const Range& file, const Range& other,
            std::vector<std::string>& out) {
  bool differ = file.size() != other.size();
  for (std::size_t i = 0; !differ && i < file.size(); ++i) {
    differ = file[i] != 0 && file[i] != other[i];
  }
  if (differ) out.push_back(what + " " + NumberList(file) + ", not " + NumberList(other));
}

std::vector<int> Column(const Sizes& sizes, int Sizes::HeadLayer::*field) {
  std::vector<int> column;
  for (const Sizes::HeadLayer& layer : sizes.head) column.push_back(layer.*field);
  return column;
}

}  // namespace

Sizes ReadSizes(std::span<const checkpoint::Tensor> tensors) {
  Shapes shapes;
  for (const checkpoint::Tensor& tensor : tensors) shapes.emplace(tensor.name, tensor.shape);
  Sizes sizes;
  for (int i = 0; i < model::kStages; ++i) {
    sizes.depths[i] = Count(shapes, "backbone.stages." + std::to_string(i) + ".");
    sizes.dims[i] = Width(shapes, i, sizes.depths[i]);
  }
  const int layers = Count(shapes, "head.deconv_layers_") - 1;  // They count from 1.
  for (int k = 1; k <= layers; ++k) {
    const std::string name = "head.deconv_layers_" + std::to_string(k);
    sizes.head.push_back({.channels = SizeOf(shapes, name + ".pwconv.weight", 4, 0),
                          .kernel = SizeOf(shapes, name + ".dwconv.weight", 4, 2)});
  }
  sizes.heatmap_channels = SizeOf(shapes, "head.final_layer.weight", 4, 0);
  return sizes;
}

Sizes SizesOf(const model::Spec& spec) {
  Sizes sizes{.depths = spec.depths, .dims = spec.dims};
  for (const model::HeadLayer& layer : spec.head) {
    sizes.head.push_back({layer.channels, layer.kernel});
  }
  sizes.heatmap_channels = spec.heatmap_channels();
  return sizes;
}

std::vector<std::string> Differences(const Sizes& file, const Sizes& other) {
  std::vector<std::string> out;
  Differ("dims", file.dims, other.dims, out);
  Differ("depths", file.depths, other.depths, out);
  if (!file.head.empty()) {
    const auto channels = &Sizes::HeadLayer::channels;
    const auto kernel = &Sizes::HeadLayer::kernel;
    Differ("head channels", Column(file, channels), Column(other, channels), out);
    Differ("head kernels", Column(file, kernel), Column(other, kernel), out);
  }
  Differ("final_layer", std::array{file.heatmap_channels}, std::array{other.heatmap_channels}, out);
  return out;
}

std::string Describe(const Sizes& sizes) {
  std::string text = "dims " + NumberList(sizes.dims) + ", depths " + NumberList(sizes.depths);
  if (sizes.head.empty()) return text + ", no head";
  text += ", head " + NumberList(Column(sizes, &Sizes::HeadLayer::channels));
  const std::vector<int> kernels = Column(sizes, &Sizes::HeadLayer::kernel);
  if (std::any_of(kernels.begin(), kernels.end(), [](int kernel) { return kernel != 3; })) {
    text += " (kernels " + NumberList(kernels) + ")";
  }
  return text + ", final_layer " + NumberList(std::array{sizes.heatmap_channels});
}

}  // namespace cnp::convert

#include "convnextpose/convert/identify.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <string_view>
#include <tuple>
#include <utility>

#include "convnextpose/checkpoint/printable.h"
#include "convnextpose/convert/text.h"
#include "convnextpose/model/config.h"

namespace cnp::convert {
namespace {

using model::Spec;
using model::Variant;

// Sizes of the joint sets in use, the published one first, and of the published depth axes: what an
// unknown final_layer is tried with.
constexpr std::array kJointCounts = {18, 17, 19, 21, 16};
constexpr std::array kDepthBins = {64, 32};

int UpCount(const Spec& spec) {
  return static_cast<int>(std::count_if(spec.head.begin(), spec.head.end(),
                                        [](const auto& layer) { return layer.up; }));
}

void SetUp(Spec& spec, int count) {
  for (std::size_t k = 0; k < spec.head.size(); ++k) spec.head[k].up = static_cast<int>(k) < count;
}

bool Fits(const Sizes& sizes, const Spec& spec) {
  return Differences(sizes, SizesOf(spec)).empty();
}

/// The published variants that nothing in the tensors contradicts, nor what the user says.
std::vector<Spec> PublishedFits(const Sizes& sizes, const Options& options) {
  std::vector<Spec> fits;
  for (const Variant& variant : model::Variants()) {
    const bool wanted = options.joints.value_or(variant.spec.joints) == variant.spec.joints &&
                        options.up.value_or(UpCount(variant.spec)) == UpCount(variant.spec);
    if (wanted && Fits(sizes, variant.spec)) fits.push_back(variant.spec);
  }
  return fits;
}

/// The published variant with the fewest differences; of equals, that of the closest final_layer.
Spec Nearest(const Sizes& sizes) {
  const auto distance = [&](const Variant& variant) {
    const auto channels = static_cast<double>(variant.spec.heatmap_channels());
    const double ratio = std::max(sizes.heatmap_channels, 1) / channels;
    return static_cast<double>(Differences(sizes, SizesOf(variant.spec)).size()) +
           0.01 * std::abs(std::log2(ratio));
  };
  const auto variants = model::Variants();
  return std::min_element(variants.begin(), variants.end(),
                          [&](const auto& a, const auto& b) { return distance(a) < distance(b); })
      ->spec;
}

bool Complete(const Sizes& sizes) {
  const auto known = [](int size) { return size != 0; };
  return std::all_of(sizes.dims.begin(), sizes.dims.end(), known) &&
         std::all_of(sizes.depths.begin(), sizes.depths.end(), known) && !sizes.head.empty() &&
         std::all_of(sizes.head.begin(), sizes.head.end(),
                     [](const auto& layer) { return layer.channels != 0 && layer.kernel != 0; }) &&
         sizes.heatmap_channels != 0;
}

/// The user's word on joints and upsampling, put into a specification.
Result<Spec> Apply(const Options& options, Spec spec) {
  const Spec before = spec;
  const auto layers = static_cast<int>(spec.head.size());
  if (options.joints) spec.joints = *options.joints;
  if (options.up && (*options.up < 0 || *options.up > layers)) {
    return Error{"--up " + std::to_string(*options.up) + " is asked for, but the head has " +
                 std::to_string(layers) + " layers"};
  }
  if (options.up) SetUp(spec, *options.up);
  if (spec != before) spec.name = "custom";
  CNP_RETURN_IF_ERROR(model::Validate(spec));
  return spec;
}

/// "XS", "S, M or L".
std::string Names(const std::vector<Spec>& specs) {
  std::string text;
  for (std::size_t i = 0; i < specs.size(); ++i) {
    const char* separator = i == 0 ? "" : i + 1 == specs.size() ? " or " : ", ";
    text += separator + specs[i].name;
  }
  return text;
}

/// Where the tensors are not the network that was asked for: both sides, and the way out.
std::string Contradiction(const Sizes& sizes, const Spec& asked) {
  std::string text = "the tensors (" + Describe(sizes) + ")";
  const std::vector<Spec> fits = PublishedFits(sizes, {});
  if (!fits.empty()) text += " are those of " + Names(fits);
  text += fits.empty() ? " are not those of '" : ", not of '";
  text += asked.name + "', which was asked for: ";
  text += Join(Differences(sizes, SizesOf(asked)), "; ");
  return text + (fits.size() == 1 ? "; use --variant " + fits[0].name + " or leave it out"
                                  : "; give a config.json with the tensors' sizes");
}

/// Joints x depth bins = channels: the user's joints, else the one known joint set that fits.
Result<std::pair<int, int>> SplitHeatmap(int channels, const Options& options) {
  const std::string channels_text = "final_layer has " + std::to_string(channels) + " channels";
  if (options.joints) {
    if (*options.joints > 0 && channels % *options.joints == 0) {
      return std::pair(*options.joints, channels / *options.joints);
    }
    return Error{channels_text + ", which do not split into " + std::to_string(*options.joints) +
                 " joints; give another --joints"};
  }
  for (const int joints : kJointCounts) {
    for (const int bins : kDepthBins) {
      if (channels == joints * bins) return std::pair(joints, bins);
    }
  }
  return Error{channels_text +
               " = joints x depth bins, of no joint set with 32 or 64 bins; "
               "give --joints"};
}

/// A cube of a heatmap at the standard input needs log2(bins / 8) upsampling layers.
Result<int> GuessUp(const Spec& spec) {
  const int coarse = spec.input_width / model::kBackboneStride;
  const auto scale = static_cast<unsigned>(std::max(spec.depth_bins / coarse, 1));
  const int up = std::countr_zero(scale);
  if (std::has_single_bit(scale) && spec.depth_bins % coarse == 0 &&
      up <= static_cast<int>(spec.head.size())) {
    return up;
  }
  return Error{std::to_string(spec.depth_bins) + " depth bins do not tell how many of the " +
               std::to_string(spec.head.size()) +
               " head layers upsample; give --up or a config.json"};
}

/// A network that nobody published, as far as its sizes tell.
Result<Spec> Infer(const Sizes& sizes, const Options& options, std::vector<std::string>& notes) {
  Spec spec{.name = "custom", .depths = sizes.depths, .dims = sizes.dims};
  for (const Sizes::HeadLayer& layer : sizes.head) {
    spec.head.push_back({.channels = layer.channels, .kernel = layer.kernel});
  }
  CNP_ASSIGN(const auto split, SplitHeatmap(sizes.heatmap_channels, options));
  std::tie(spec.joints, spec.depth_bins) = split;
  if (!options.joints) {
    notes.push_back("final_layer " + std::to_string(sizes.heatmap_channels) + " is read as " +
                    std::to_string(spec.joints) + " joints x " + std::to_string(spec.depth_bins) +
                    " depth bins; if it is not, give --joints");
  }
  if (!options.up) {
    CNP_ASSIGN(const int up, GuessUp(spec));
    SetUp(spec, up);
    notes.push_back("the first " + std::to_string(up) +
                    " layers of the head are taken to upsample" + ", as " +
                    std::to_string(spec.depth_bins) +
                    " depth bins suggest; if not, give --up or a config.json");
  }
  return Apply(options, spec);
}

/// The configuration in the file's metadata, if its tensors bear it out.
std::optional<Spec> FromMetadata(const Sizes& sizes, const Clues& clues, const Options& options,
                                 std::vector<std::string>& notes) {
  if (clues.config.empty()) return {};
  Result<Spec> spec = model::ParseConfig(clues.config);
  if (spec.ok()) spec = Apply(options, *spec);
  if (spec.ok() && Fits(sizes, *spec)) {
    spec->name = checkpoint::Printable(spec->name);
    return *spec;
  }
  const std::string reason =
      spec.ok() ? Join(Differences(sizes, SizesOf(*spec)), "; ") : spec.error().message;
  notes.push_back("the configuration in the metadata is passed over, the tensors differ: " +
                  reason);
  return {};
}

Result<Spec> FromTensors(const Sizes& sizes, const Options& options,
                         std::vector<std::string>& notes) {
  if (sizes == Sizes{}) {
    return Error{"no tensor of a ConvNeXtPose network is in it; give a checkpoint of this network"};
  }
  if (sizes.head.empty() && sizes.heatmap_channels == 0) {
    return Error{"a backbone without a head (" + Describe(sizes) +
                 "); give a checkpoint of the whole network"};
  }
  const std::vector<Spec> fits = PublishedFits(sizes, options);
  if (fits.size() > 1) {
    return Error{"the tensors (" + Describe(sizes) + ") could be " + Names(fits) +
                 ": layers that tell them apart are missing; get the whole file"};
  }
  if (fits.empty() && Complete(sizes)) return Infer(sizes, options, notes);
  if (fits.empty()) {
    return Error{"the tensors (" + Describe(sizes) +
                 ") fit no known variant and layers are missing; get the whole file"};
  }
  const Spec& spec = fits[0];
  notes.push_back("upsampling is in no tensor: " + std::to_string(UpCount(spec)) +
                  " layers of the head, as in the published " + spec.name);
  const int others = spec.heatmap_channels() / kDepthBins[spec.depth_bins == 64 ? 1 : 0];
  notes.push_back("final_layer " + std::to_string(spec.heatmap_channels()) + " is read as " +
                  std::to_string(spec.joints) + " joints x " + std::to_string(spec.depth_bins) +
                  " depth bins; if it is " + std::to_string(others) + " joints, give --joints " +
                  std::to_string(others));
  return spec;
}

Result<Spec> Decide(const Sizes& sizes, const Clues& clues, const Options& options,
                    std::vector<std::string>& notes) {
  if (options.spec) {
    CNP_ASSIGN(Spec asked, Apply(options, *options.spec));
    if (!Fits(sizes, asked)) return Error{Contradiction(sizes, asked)};
    return asked;
  }
  if (auto spec = FromMetadata(sizes, clues, options, notes)) return *std::move(spec);
  return FromTensors(sizes, options, notes);
}

/// The variant that `spec` is, whatever its name and the size of its input.
std::string PublishedName(Spec spec) {
  for (const Variant& variant : model::Variants()) {
    spec.name = variant.spec.name;
    spec.input_height = variant.spec.input_height;
    spec.input_width = variant.spec.input_width;
    if (spec == variant.spec) return spec.name;
  }
  return {};
}

}  // namespace

Identification Identify(const Sizes& sizes, const Clues& clues, const Options& options) {
  Identification id{.sizes = sizes, .nearest = Nearest(sizes), .claim = FindClaim(clues)};
  if (options.spec) {
    if (const Result<Spec> asked = Apply(options, *options.spec)) id.nearest = *asked;
  }
  Result<Spec> spec = Decide(sizes, clues, options, id.notes);
  if (!spec.ok()) {
    id.problem = spec.error().message;
    return id;
  }
  id.variant = PublishedName(*spec);
  id.spec = id.nearest = *std::move(spec);
  return id;
}

}  // namespace cnp::convert

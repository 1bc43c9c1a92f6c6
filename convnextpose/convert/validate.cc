#include "convnextpose/convert/validate.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string_view>

#include "convnextpose/checkpoint/printable.h"
#include "convnextpose/convert/sizes.h"
#include "convnextpose/convert/text.h"
#include "convnextpose/model/layers.h"

namespace cnp::convert {
namespace {

using checkpoint::Tensor;
using model::TensorSpec;

constexpr std::string_view kBlocks = "backbone.stages.";
constexpr const char* kIncomplete = "the file is incomplete: get or save it again";

bool InNetwork(std::string_view name) {
  return name.starts_with("backbone.") || name.starts_with("head.");
}

/// The first `count` parts of a dotted name.
std::string Prefix(std::string_view name, int count) {
  std::size_t end = 0;
  for (int i = 0; i < count && end != std::string_view::npos; ++i) {
    end = name.find('.', i == 0 ? 0 : end + 1);
  }
  return std::string(name.substr(0, end));
}

/// The part of the network by which people think: a block, a downsampling layer, a head layer.
std::string UnitOf(std::string_view name) {
  if (name.starts_with(kBlocks)) return Prefix(name, 4);
  if (name.starts_with("backbone.downsample_layers.")) return Prefix(name, 3);
  return Prefix(name, 2);
}

bool IsBlock(const std::string& unit) { return unit.starts_with(kBlocks); }

/// The stage of a block, or -1 for a name that only begins like one.
int StageOf(const std::string& block) {
  const std::string_view rest = std::string_view{block}.substr(kBlocks.size());
  const bool one_digit = rest.size() > 2 && rest[1] == '.';
  const int stage = one_digit ? rest[0] - '0' : -1;
  return stage < model::kStages ? stage : -1;
}
std::string IndexOf(const std::string& block) { return block.substr(block.rfind('.') + 1); }

/// "stages.2.9" before "stages.2.10".
bool NaturalLess(const std::string& a, const std::string& b) {
  const auto at = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  const auto digits = [](std::string::const_iterator from, std::string::const_iterator end) {
    return std::find_if(from, end, [](char c) { return c < '0' || c > '9'; }) - from;
  };
  const auto a_digits = digits(at.first, a.end());
  const auto b_digits = digits(at.second, b.end());
  if (a_digits != b_digits) return a_digits < b_digits;
  return a < b;
}

/// What is wrong within one unit.
struct Unit {
  std::string name;
  int expected = 0;
  std::vector<std::string> missing;
  std::vector<std::string> resized;  ///< "dwconv.weight is [40, 1, 7, 7], not [48, 1, 7, 7]"
  std::vector<std::string> not_float;
  std::vector<std::string> extra;

  [[nodiscard]] bool whole_missing() const {
    return expected > 0 && static_cast<int>(missing.size()) == expected;
  }
  [[nodiscard]] bool whole_extra() const { return expected == 0; }
  [[nodiscard]] bool fine() const {
    return missing.empty() && resized.empty() && not_float.empty() && extra.empty();
  }
  [[nodiscard]] bool Alike(const Unit& other) const {
    if (whole_missing() != other.whole_missing() || whole_extra() != other.whole_extra()) {
      return false;
    }
    return whole_missing() || whole_extra() ||
           (missing == other.missing && resized == other.resized && not_float == other.not_float &&
            extra == other.extra);
  }
};

bool IsFloat(checkpoint::DType type) {
  using checkpoint::DType;
  return type == DType::kF64 || type == DType::kF32 || type == DType::kF16 || type == DType::kBF16;
}

class Comparison {
 public:
  Comparison(std::span<const Tensor> tensors, const model::Spec& spec)
      : sizes_(ReadSizes(tensors)), spec_(spec) {
    std::map<std::string, const Tensor*> found;
    for (const Tensor& tensor : tensors) found.emplace(tensor.name, &tensor);
    for (const TensorSpec& wanted : model::Tensors(model::Layers(spec))) {
      const auto at = found.find(wanted.name);
      Expect(wanted, at == found.end() ? nullptr : at->second);
      if (at != found.end()) found.erase(at);
    }
    std::vector<std::string> extra;
    extra.reserve(found.size());
    for (const auto& [name, tensor] : found) extra.push_back(name);
    std::sort(extra.begin(), extra.end(), NaturalLess);
    for (const std::string& name : extra) NotExpected(name);
  }

  std::vector<Problem> Report() const {
    std::vector<Problem> problems;
    for (std::size_t i = 0; i < units_.size();) {
      const std::size_t end = RunEnd(i);
      if (!units_[i].fine()) problems.push_back(Describe(i, end));
      i = end;
    }
    if (!foreign_.empty()) problems.push_back(Foreign());
    return problems;
  }

 private:
  Unit& UnitFor(const std::string& tensor) {
    const std::string name = UnitOf(tensor);
    const auto [at, inserted] = index_.emplace(name, units_.size());
    if (inserted) units_.push_back({.name = name});
    return units_[at->second];
  }

  void Expect(const TensorSpec& wanted, const Tensor* tensor) {
    if (wanted.counter) return;
    Unit& unit = UnitFor(wanted.name);
    const std::string suffix = wanted.name.substr(unit.name.size() + 1);
    ++unit.expected;
    if (tensor == nullptr) {
      unit.missing.push_back(suffix);
    } else if (tensor->shape != wanted.shape) {
      unit.resized.push_back(suffix + " is " + ShapeText(tensor->shape) + ", not " +
                             ShapeText(wanted.shape));
    } else if (!IsFloat(tensor->dtype)) {
      unit.not_float.push_back(suffix + " is " + std::string(checkpoint::Name(tensor->dtype)));
    }
  }

  void NotExpected(const std::string& name) {
    if (!InNetwork(name)) {
      foreign_.push_back(checkpoint::Printable(name));
      return;
    }
    Unit& unit = UnitFor(name);
    const bool inside = name.size() > unit.name.size();
    unit.extra.push_back(checkpoint::Printable(inside ? name.substr(unit.name.size() + 1) : name));
  }

  /// One past the last of the blocks from `begin` on that have the same trouble in the same stage.
  [[nodiscard]] std::size_t RunEnd(std::size_t begin) const {
    std::size_t end = begin + 1;
    while (IsBlock(units_[begin].name) && end < units_.size() && IsBlock(units_[end].name) &&
           StageOf(units_[end].name) == StageOf(units_[begin].name) &&
           units_[begin].Alike(units_[end])) {
      ++end;
    }
    return end;
  }

  [[nodiscard]] Problem Describe(std::size_t begin, std::size_t end) const {
    const Unit& unit = units_[begin];
    std::string where = checkpoint::Printable(unit.name);
    if (end - begin > 1) where += " .. " + IndexOf(units_[end - 1].name);
    if (unit.whole_missing() || unit.whole_extra()) return Whole(where, unit, end - begin);
    std::vector<std::string> troubles;
    if (!unit.resized.empty()) troubles.push_back(Resized(unit));
    if (!unit.not_float.empty()) troubles.push_back(unit.not_float[0]);
    if (!unit.missing.empty()) troubles.push_back(Join(unit.missing) + " missing");
    if (!unit.extra.empty()) troubles.push_back(Join(unit.extra) + " not expected");
    return {where, Join(troubles, "; "), Cure(unit)};
  }

  /// Layers or blocks of which the other side has nothing.
  [[nodiscard]] Problem Whole(const std::string& where, const Unit& unit, std::size_t count) const {
    const char* verb = unit.whole_missing() ? " missing" : " not expected";
    if (!IsBlock(unit.name)) {
      if (unit.whole_extra()) return {where, "not expected", "the file is of another network"};
      const bool headless = sizes_.head.empty() && unit.name.starts_with("head.");
      return {where, "layer missing",
              headless ? "this is a backbone alone; give a checkpoint of the whole network"
                       : kIncomplete};
    }
    const int stage = StageOf(unit.name);
    const std::string blocks = std::to_string(count) + (count == 1 ? " block" : " blocks") + verb;
    const int depth = stage >= 0 ? sizes_.depths[stage] : 0;
    if (stage < 0 || depth == spec_.depths[stage]) return {where, blocks, kIncomplete};
    return {where,
            blocks + ": the file has " + std::to_string(depth) + " in stage " +
                std::to_string(stage) + ", the network " + std::to_string(spec_.depths[stage]),
            "say what the file is with --variant, or give a config.json with depths " +
                NumberList(sizes_.depths)};
  }

  [[nodiscard]] std::string Resized(const Unit& unit) const {
    const int channels = sizes_.heatmap_channels;
    if (unit.name == "head.final_layer" && channels != spec_.heatmap_channels()) {
      return NumberList(std::array{channels}) + " channels, not " +
             std::to_string(spec_.heatmap_channels()) + " = " + std::to_string(spec_.joints) +
             " joints x " + std::to_string(spec_.depth_bins) + " depth bins";
    }
    const std::size_t more = unit.resized.size() - 1;
    return unit.resized[0] +
           (more == 0 ? "" : ", and " + std::to_string(more) + " more of other size");
  }

  /// For the gravest of a unit's troubles.
  [[nodiscard]] static std::string Cure(const Unit& unit) {
    if (!unit.resized.empty()) {
      return "say what the file is with --variant, --joints or a config.json";
    }
    if (!unit.not_float.empty()) return "save the weights as float32, float16 or bfloat16";
    if (unit.missing.empty()) {
      return "ConvNeXtPose has no such layer: the file is of another network";
    }
    const bool statistics = std::all_of(
        unit.missing.begin(), unit.missing.end(),
        [](const std::string& name) { return name.find("running_") != std::string::npos; });
    return statistics ? "a LayerNorm network, as upstream ConvNeXt? ConvNeXtPose needs BatchNorm's "
                        "statistics"
                      : kIncomplete;
  }

  [[nodiscard]] Problem Foreign() const {
    std::set<std::string> roots;
    for (const std::string& name : foreign_) roots.insert(Prefix(name, 1));
    std::vector<std::string> shown(roots.begin(), roots.end());
    if (shown.size() > 4) {
      shown.resize(4);
      shown.emplace_back("...");
    }
    const bool one = foreign_.size() == 1;
    return {.where = Join(shown),
            .what = std::to_string(foreign_.size()) + (one ? " tensor" : " tensors") +
                    " beside the network",
            .cure = "passed over",
            .fatal = false};
  }

  Sizes sizes_;
  const model::Spec& spec_;
  std::vector<Unit> units_;
  std::map<std::string, std::size_t> index_;
  std::vector<std::string> foreign_;
};

}  // namespace

std::vector<Problem> Compare(std::span<const Tensor> tensors, const model::Spec& spec) {
  return Comparison(tensors, spec).Report();
}

}  // namespace cnp::convert

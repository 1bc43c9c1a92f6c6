#include "convnextpose/convert/keys.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <optional>
#include <set>
#include <string_view>

#include "convnextpose/checkpoint/printable.h"
#include "convnextpose/convert/text.h"

namespace cnp::convert {
namespace {

using checkpoint::Tensor;
using Parts = std::vector<std::string>;

constexpr std::string_view kHeadLayer = "deconv_layers_";  // And its number, from 1.
constexpr std::array<std::string_view, 3> kSeparable = {"dwconv", "norm", "pwconv"};

/// What the names of a file have in common.
struct Seen {
  std::set<std::string> prefixes;
  bool bare_backbone = false;
  bool bare_head = false;
  bool modern_head = false;
  bool legacy_head = false;
  bool list_head = false;
  bool sparse = false;

  [[nodiscard]] std::vector<std::string> Styles() const {
    std::vector<std::string> styles;
    for (const std::string& prefix : prefixes) styles.push_back("prefix " + prefix);
    const auto add = [&](bool seen, const char* style) {
      if (seen) styles.emplace_back(style);
    };
    add(bare_backbone, "no prefix backbone.");
    add(bare_head, "no prefix head.");
    add(modern_head, "modern head (.dwconv .norm .pwconv)");
    add(legacy_head, "legacy head (.0 .1 .2)");
    add(list_head, "head as a list (deconv_layers.0)");
    add(sparse, "sparse ConvNeXt V2 kernels");
    return styles;
  }
};

Parts Split(std::string_view name) {
  Parts parts;
  for (std::size_t begin = 0; begin <= name.size();) {
    const std::size_t end = std::min(name.find('.', begin), name.size());
    parts.emplace_back(name.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

bool IsOneOf(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// A small number without sign, as in "stages.12".
std::optional<int> Number(std::string_view digits) {
  int value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  const bool whole = error == std::errc() && end == digits.data() + digits.size();
  return whole && value >= 0 && digits.size() <= 4 ? std::optional(value) : std::nullopt;
}

/// Drops what wrappers put before a module's name, in any order and nesting.
void DropPrefixes(Parts& parts, Seen& seen) {
  std::string prefix;
  bool leading = true;
  Parts kept;
  for (std::string& part : parts) {
    const bool wrapper =
        IsOneOf(part, {"module", "_orig_mod"}) || (leading && IsOneOf(part, {"encoder"}));
    if (wrapper) {
      prefix += part + ".";
      continue;
    }
    leading = leading && part == "backbone";
    kept.push_back(std::move(part));
  }
  if (kept.empty()) return;  // A tensor called "module" keeps its name.
  if (!prefix.empty()) seen.prefixes.insert(prefix);
  parts = std::move(kept);
}

/// Names that stand without "backbone." or "head." get it.
void AddRoot(Parts& parts, Seen& seen) {
  const std::string& first = parts.front();
  if (parts.size() > 1 && IsOneOf(first, {"downsample_layers", "stages", "norm"})) {
    seen.bare_backbone = true;
    parts.insert(parts.begin(), "backbone");
  } else if (parts.size() > 1 && (first.starts_with("deconv_layers") || first == "final_layer")) {
    seen.bare_head = true;
    parts.insert(parts.begin(), "head");
  }
}

/// head.deconv_layers.0.dwconv and head.deconv_layers_1.0 become head.deconv_layers_1.dwconv.
void ModerniseHead(Parts& parts, Seen& seen) {
  if (parts.size() < 4 || parts[0] != "head") return;
  bool list = false;
  if (const auto index = Number(parts[2]); parts[1] == "deconv_layers" && index) {
    parts[1] = std::string(kHeadLayer) + std::to_string(*index + 1);
    parts.erase(parts.begin() + 2);
    seen.list_head = list = true;
  }
  if (parts.size() < 4 || !parts[1].starts_with(kHeadLayer)) return;
  const auto index = Number(parts[2]);
  if (index && *index < static_cast<int>(kSeparable.size())) {
    parts[2] = kSeparable[static_cast<std::size_t>(*index)];
    seen.legacy_head = true;
  } else if (std::find(kSeparable.begin(), kSeparable.end(), parts[2]) != kSeparable.end()) {
    seen.modern_head = seen.modern_head || !list;
  }
}

/// The same elements under another shape, where only sizes of 1 come and go.
void Reshape(Tensor& tensor, std::vector<std::int64_t> shape) {
  std::vector<std::int64_t> strides;
  for (std::size_t i = 0; i < tensor.shape.size(); ++i) {
    if (tensor.shape[i] != 1) strides.push_back(tensor.strides[i]);
  }
  std::vector<std::int64_t> full;
  for (std::size_t i = 0, next = 0; i < shape.size(); ++i) {
    full.push_back(shape[i] == 1 ? 1 : strides.at(next++));
  }
  tensor.shape = std::move(shape);
  tensor.strides = std::move(full);
}

std::vector<std::int64_t> WithoutOnes(const std::vector<std::int64_t>& shape) {
  std::vector<std::int64_t> kept;
  for (const std::int64_t size : shape) {
    if (size != 1) kept.push_back(size);
  }
  return kept;
}

/// [k*k, in, out] or [k*k, channels], x before y, seen as [out, in, k, k] or [channels, 1, k, k].
void ReadSparseKernel(Tensor& tensor) {
  const std::size_t rank = tensor.shape.size();
  std::int64_t k = 1;
  if (rank != 2 && rank != 3) return;
  while (k * k < tensor.shape[0] && k < 64) ++k;
  if (k * k != tensor.shape[0]) return;
  const std::int64_t step = tensor.strides[0];
  const std::int64_t in = rank == 3 ? tensor.shape[1] : 1;
  const std::int64_t in_stride = rank == 3 ? tensor.strides[1] : 1;
  tensor.strides = {tensor.strides[rank - 1], in_stride, step, k * step};
  tensor.shape = {tensor.shape[rank - 1], in, k, k};
}

/// The shape that PyTorch's layers give a tensor of this name.
void BringToShape(Tensor& tensor, const Parts& parts, Seen& seen) {
  const std::string& last = parts.back();
  const std::string& layer = parts[parts.size() - 2];
  std::vector<std::int64_t> dense = WithoutOnes(tensor.shape);
  if (last == "weight" && tensor.shape.size() == 2 &&
      (layer.starts_with("pwconv") || layer == "final_layer")) {  // nn.Linear
    tensor.shape.insert(tensor.shape.end(), {1, 1});
    tensor.strides.insert(tensor.strides.end(), {1, 1});
  } else if (last == "bias" && tensor.shape.size() != 1 && dense.size() <= 1) {
    seen.sparse = true;
    Reshape(tensor, {dense.empty() ? 1 : dense[0]});
  } else if (last == "num_batches_tracked" && dense.empty()) {
    Reshape(tensor, {});
  } else if (layer == "grn" && tensor.shape.size() < 4 && dense.size() <= 1) {
    Reshape(tensor, {1, 1, 1, dense.empty() ? 1 : dense[0]});
  }
}

Tensor Canonical(const Tensor& original, Seen& seen) {
  Tensor tensor = original;
  Parts parts = Split(original.name);
  DropPrefixes(parts, seen);
  AddRoot(parts, seen);
  ModerniseHead(parts, seen);
  if (parts.size() > 2 && IsOneOf(parts[0], {"backbone", "head"})) {
    if (IsOneOf(parts[parts.size() - 2], {"ln", "bn", "linear"})) {
      parts.erase(parts.end() - 2);
      seen.sparse = true;
    }
    if (parts.back() == "kernel") {
      parts.back() = "weight";
      ReadSparseKernel(tensor);
      seen.sparse = true;
    }
    BringToShape(tensor, parts, seen);
  }
  tensor.name = Join(parts, ".");
  return tensor;
}

}  // namespace

Result<Keys> MapKeys(std::span<const Tensor> tensors) {
  Keys keys;
  Seen seen;
  std::map<std::string, std::string> origin;
  for (const Tensor& original : tensors) {
    Tensor tensor = Canonical(original, seen);
    const auto [first, inserted] = origin.emplace(tensor.name, original.name);
    if (!inserted) {
      return Error{"'" + checkpoint::Printable(first->second) + "' and '" +
                   checkpoint::Printable(original.name) + "' both mean '" +
                   checkpoint::Printable(tensor.name) +
                   "': the file holds two networks; save it again with one of them"};
    }
    keys.original.push_back(original.name);
    keys.tensors.push_back(std::move(tensor));
  }
  keys.styles = seen.Styles();
  return keys;
}

std::string InHeadForm(const std::string& name, HeadForm form) {
  Parts parts = Split(name);
  if (form == HeadForm::kModern || parts.size() < 4 || !parts[1].starts_with(kHeadLayer)) {
    return name;
  }
  const auto found = std::find(kSeparable.begin(), kSeparable.end(), parts[2]);
  if (found != kSeparable.end()) parts[2] = std::to_string(found - kSeparable.begin());
  return Join(parts, ".");
}

}  // namespace cnp::convert

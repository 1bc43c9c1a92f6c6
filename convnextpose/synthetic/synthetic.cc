#include "convnextpose/synthetic/synthetic.h"

#include <bit>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>
#include <string_view>
#include <utility>

#include "convnextpose/model/layers.h"

namespace cnp::synthetic {
namespace {

constexpr const char* kDownsampleLayers = "backbone.downsample_layers.";
constexpr const char* kStemName = "backbone.downsample_layers.0.0";
constexpr const char* kStemNormName = "backbone.downsample_layers.0.1";

std::uint64_t Fnv1a64(std::string_view text) {
  std::uint64_t h = 0xCBF29CE484222325;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  return h;
}

std::uint64_t Mix(std::uint64_t h, std::uint64_t i) {
  std::uint64_t z = h + (i + 1) * 0x9E3779B97F4A7C15;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

// The numbers of one name and seed.
class Stream {
 public:
  Stream(std::string_view name, std::uint64_t seed) : hash_(Fnv1a64(name) ^ seed) {}
  [[nodiscard]] std::uint64_t Random(std::int64_t i) const {
    return Mix(hash_, static_cast<std::uint64_t>(i)) >> 32;
  }
  [[nodiscard]] double Unit(std::int64_t i) const {
    return static_cast<double>(Random(i)) / 4294967296.0;
  }
  [[nodiscard]] double Sym(std::int64_t i) const { return 2 * Unit(i) - 1; }

 private:
  std::uint64_t hash_;
};

using Values = std::vector<double>;  // One number for each output channel.

template <typename Value>
Values PerChannel(std::int64_t channels, const Value& value) {
  Values values(channels);
  for (std::int64_t o = 0; o < channels; ++o) values[o] = value(o);
  return values;
}

std::string Prefix(const std::string& name) { return name.substr(0, name.rfind('.')); }
std::string Leaf(const std::string& name) { return name.substr(name.rfind('.') + 1); }
std::string WithLeaf(const std::string& prefix, const std::string& leaf) {
  return Prefix(prefix) + "." + leaf;
}

enum class Kind {
  kStem,
  kDownsample,
  kDwconv,
  kPwconv1,
  kPwconv2,
  kPwconv,
  kFinal,
  kStemNorm,
  kStreamNorm,
  kStagesNorm,
  kHeadNorm,
};

Kind KindOf(const std::string& prefix) {
  if (prefix == kStemName) return Kind::kStem;
  if (prefix == kStemNormName) return Kind::kStemNorm;
  const std::string last = Leaf(prefix);
  if (prefix.starts_with(kDownsampleLayers))
    return last == "0" ? Kind::kStreamNorm : Kind::kDownsample;
  if (prefix == "backbone.norm") return Kind::kStreamNorm;
  if (last == "norm") return prefix.starts_with("head.") ? Kind::kHeadNorm : Kind::kStagesNorm;
  static const std::map<std::string, Kind> convolutions = {
      {"dwconv", Kind::kDwconv}, {"pwconv1", Kind::kPwconv1},   {"pwconv2", Kind::kPwconv2},
      {"pwconv", Kind::kPwconv}, {"final_layer", Kind::kFinal},
  };
  return convolutions.at(last);
}

bool IsNorm(Kind kind) { return kind >= Kind::kStemNorm; }

// The standard deviation that a BatchNorm's input has.
Values Spread(const std::string& norm, std::int64_t channels, std::uint64_t seed) {
  const Stream stream(norm, seed);
  const Kind kind = KindOf(norm);
  if (kind == Kind::kStemNorm || kind == Kind::kStreamNorm) {
    return PerChannel(channels, [&](std::int64_t o) { return (1 + stream.Unit(o)) * 0x1p-8; });
  }
  const Stream octave(norm + ".octave", seed);
  const Stream dead(norm + ".dead", seed);
  return PerChannel(channels, [&](std::int64_t o) {
    if (dead.Unit(o) < 1.0 / 64) return 0x1p-30;
    return std::ldexp(1 + stream.Unit(o), -(8 + static_cast<int>(8 * octave.Unit(o))));
  });
}

double BiasScale(Kind kind) {
  switch (kind) {
    case Kind::kStem:
    case Kind::kDwconv:
      return 0x1p-6;
    case Kind::kPwconv1:
      return 0x1p-8;
    case Kind::kPwconv2:
    case Kind::kDownsample:
      return 0x1p-10;
    default:
      return 0x1p-3;
  }
}

Values Bias(const std::string& name, std::int64_t channels, std::uint64_t seed) {
  const Stream stream(name, seed);
  const Kind kind = KindOf(Prefix(name));
  const double offset = kind == Kind::kPwconv1 ? 1 : 0;
  const double scale = BiasScale(kind);
  return PerChannel(channels, [&](std::int64_t o) { return (stream.Sym(o) - offset) * scale; });
}

Values Norm(const std::string& name, std::int64_t channels, std::uint64_t seed) {
  const auto per_channel = [&](const auto& value) { return PerChannel(channels, value); };
  const std::string prefix = Prefix(name);
  const std::string leaf = Leaf(name);
  const Kind kind = KindOf(prefix);
  const Stream stream(name, seed);
  const double scale = kind == Kind::kStemNorm ? 0x1p-8 : kind == Kind::kHeadNorm ? 0x1p-2 : 0x1p-4;
  if (leaf == "weight") {
    return per_channel([&](std::int64_t o) { return (1 + stream.Unit(o)) * scale; });
  }
  if (leaf == "bias") {
    return per_channel([&](std::int64_t o) { return stream.Sym(o) * (scale / 2); });
  }
  const Values spread = Spread(prefix, channels, seed);
  if (leaf == "running_var") {
    return per_channel([&](std::int64_t o) { return spread[o] * spread[o]; });
  }
  if (kind == Kind::kStreamNorm) {
    return per_channel([&](std::int64_t o) { return stream.Sym(o) * spread[o] / 2; });
  }
  const std::string before = kind == Kind::kStemNorm ? kStemName : WithLeaf(prefix, "dwconv");
  const Values bias = Bias(before + ".bias", channels, seed);
  return per_channel([&](std::int64_t o) { return bias[o] * (1 + stream.Sym(o) / 16); });
}

double ConstantGain(const std::string& prefix) {
  switch (KindOf(prefix)) {
    case Kind::kDwconv:
      if (prefix.starts_with("backbone.")) return 400;
      return prefix.find("_layers_1.") != std::string::npos ? 20 : 16;
    case Kind::kDownsample:
      return 0.09;
    case Kind::kPwconv1:
      return 0.7;
    case Kind::kPwconv2:
      return 0.35;
    case Kind::kPwconv:
      return 3;
    default:
      return 2;
  }
}

Values Gain(const std::string& prefix, std::int64_t channels, std::uint64_t seed) {
  const double gain = ConstantGain(prefix);
  const Kind kind = KindOf(prefix);
  if (kind != Kind::kStem && kind != Kind::kDwconv) return Values(channels, gain);
  const std::string norm = kind == Kind::kStem ? kStemNormName : WithLeaf(prefix, "norm");
  const Values spread = Spread(norm, channels, seed);
  return PerChannel(channels, [&](std::int64_t o) { return gain * spread[o]; });
}

// Element i of a convolution's weights before their scale.
double Pattern(const Stream& stream, Kind kind, std::int64_t fan_in, std::int64_t i) {
  if (kind == Kind::kPwconv2) return i % 2 == 1 ? -stream.Sym(i / 2) : stream.Sym(i / 2);
  if (kind != Kind::kFinal) return stream.Sym(i);
  const std::int64_t c = i % fan_in, k = i / fan_in / 8, r = i / fan_in % 8;
  const auto lattice = [&](std::int64_t row) {
    const double value = stream.Sym(row * fan_in + c / 2);
    return c % 2 == 1 ? -value : value;
  };
  return lattice(k) * static_cast<double>(8 - r) + lattice(k + 1) * static_cast<double>(r);
}

std::vector<float> Weight(const std::string& name, std::int64_t channels, std::int64_t fan_in,
                          std::uint64_t seed) {
  const Stream stream(name, seed);
  const Kind kind = KindOf(Prefix(name));
  const Values gain = Gain(Prefix(name), channels, seed);
  const double root = std::sqrt(static_cast<double>(fan_in));
  std::vector<float> weights(channels * fan_in);
  for (std::int64_t i = 0; i < channels * fan_in; ++i) {
    const double pattern = Pattern(stream, kind, fan_in, i);
    weights[i] = static_cast<float>(pattern * gain[i / fan_in] / root);
  }
  return weights;
}

// Value noise: random corners, one every `cell` pixels, interpolated in whole numbers.
class Octave {
 public:
  Octave(int cell, double amplitude, int height, int width, std::uint64_t seed)
      : cell_(cell),
        rows_(height / cell + 2),
        columns_(width / cell + 2),
        scale_(amplitude * 0x1p-15 / (cell * cell)),
        stream_("picture." + std::to_string(cell), seed) {}

  [[nodiscard]] double At(int n, int y, int x, int channel) const {
    const int row = y / cell_, fy = y % cell_, column = x / cell_, fx = x % cell_;
    const auto between_columns = [&](int r) {
      return Corner(n, r, column, channel) * (cell_ - fx) + Corner(n, r, column + 1, channel) * fx;
    };
    return static_cast<double>(between_columns(row) * (cell_ - fy) +
                               between_columns(row + 1) * fy) *
           scale_;
  }

 private:
  [[nodiscard]] std::int64_t Corner(int n, int row, int column, int channel) const {
    const std::int64_t index = ((n * rows_ + row) * columns_ + column) * 3 + channel;
    return static_cast<std::int64_t>(stream_.Random(index) >> 16) - (1 << 15);
  }

  int cell_;
  std::int64_t rows_, columns_;
  double scale_;
  Stream stream_;
};

}  // namespace

std::vector<float> Tensor(const std::string& name, std::span<const std::int64_t> shape,
                          std::uint64_t seed) {
  const std::string leaf = Leaf(name);
  if (leaf == "num_batches_tracked") {
    return {static_cast<float>(1000 + std::floor(1000 * Stream(name, seed).Unit(0)))};
  }
  const Kind kind = KindOf(Prefix(name));
  if (!IsNorm(kind) && leaf == "weight") {
    const std::int64_t fan_in =
        std::accumulate(shape.begin() + 1, shape.end(), std::int64_t{1}, std::multiplies<>());
    return Weight(name, shape[0], fan_in, seed);
  }
  const Values values = IsNorm(kind) ? Norm(name, shape[0], seed) : Bias(name, shape[0], seed);
  return {values.begin(), values.end()};
}

model::Weights Weights(const model::Spec& spec, std::uint64_t seed) {
  model::Weights weights;
  for (const model::TensorSpec& tensor : model::Tensors(model::Layers(spec))) {
    if (tensor.counter) continue;
    weights.Set(tensor.name, {tensor.shape, Tensor(tensor.name, tensor.shape, seed)});
  }
  return weights;
}

std::vector<float> Picture(int batch, int height, int width, std::uint64_t seed) {
  std::vector<Octave> octaves;
  for (const auto& [cell, amplitude] : {std::pair{64, 2.0}, {16, 1.0}, {4, 0.5}, {1, 0.5}}) {
    octaves.emplace_back(cell, amplitude, height, width, seed);
  }
  std::vector<float> picture;
  picture.reserve(std::size_t{3} * batch * height * width);
  for (int n = 0; n < batch; ++n) {
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        for (int channel = 0; channel < 3; ++channel) {
          double total = 0;
          for (const Octave& octave : octaves) total += octave.At(n, y, x, channel);
          picture.push_back(static_cast<float>(total));
        }
      }
    }
  }
  return picture;
}

std::uint64_t Checksum(std::span<const float> values) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    sum += Mix(std::bit_cast<std::uint32_t>(values[i]), i);
  }
  return sum;
}

}  // namespace cnp::synthetic

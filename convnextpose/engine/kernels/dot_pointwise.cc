#include "convnextpose/engine/kernels/dot_pointwise.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>

#include "convnextpose/base/check.h"
#include "convnextpose/engine/kernels/prefetch.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "convnextpose/engine/kernels/dot_pointwise.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include "convnextpose/engine/kernels/vector-inl.h"

#ifndef CNP_ENGINE_KERNELS_DOT_POINTWISE_RANGES
#define CNP_ENGINE_KERNELS_DOT_POINTWISE_RANGES
namespace cnp::engine {

// Activations are rounded to whole numbers in [-limit, limit] and stored with `offset` added, so
// that they are unsigned where the processor's dot product wants them so.
struct Range {
  int limit;
  int offset;
};
constexpr Range RangeOf(DotType type) {
  return type == DotType::kInt16  ? Range{8191, 0}
         : type == DotType::kInt8 ? Range{127, 128}
                                  : Range{255, 0};
}
// Inputs of one output in 32 bits.
constexpr int PackOf(DotType type) { return type == DotType::kInt16 ? 2 : 4; }

}  // namespace cnp::engine
#endif

HWY_BEFORE_NAMESPACE();
namespace cnp::engine::HWY_NAMESPACE {
namespace {

using DI = hn::RebindToSigned<D>;
using VI = hn::Vec<DI>;

#if HWY_TARGET == HWY_AVX3_DL

// Highway 1.0 has no name for these instructions, and g++ 12 surrounds its intrinsics with copies
// of the sums, which cost half the speed.
template <DotType kType>
HWY_INLINE VI Dot(VI sum, VI x, VI w) {
  if constexpr (kType == DotType::kInt16) {
    asm("vpdpwssd %2, %1, %0" : "+v"(sum.raw) : "v"(x.raw), "v"(w.raw));
  } else {
    asm("vpdpbusd %2, %1, %0" : "+v"(sum.raw) : "v"(x.raw), "v"(w.raw));
  }
  return sum;
}

#else

// Number n, from the lowest bits, of the kPack numbers in each lane.
template <int kPack, int kNumber, bool kSigned>
HWY_INLINE VI Extract(VI packed) {
  constexpr int kBits = 32 / kPack;
  constexpr int kAbove = 32 - kBits * (kNumber + 1);
  if constexpr (kSigned) return hn::ShiftRight<32 - kBits>(hn::ShiftLeft<kAbove>(packed));
  const hn::RebindToUnsigned<DI> du;
  return hn::BitCast(DI(),
                     hn::ShiftRight<32 - kBits>(hn::ShiftLeft<kAbove>(hn::BitCast(du, packed))));
}

template <DotType kType, int kNumber>
HWY_INLINE VI Product(VI x, VI w) {
  constexpr int kPack = PackOf(kType);
  return hn::Mul(Extract<kPack, kNumber, kType == DotType::kInt16>(x),
                 Extract<kPack, kNumber, true>(w));
}

template <DotType kType>
HWY_INLINE VI Dot(VI sum, VI x, VI w) {
  sum = hn::Add(sum, hn::Add(Product<kType, 0>(x, w), Product<kType, 1>(x, w)));
  if constexpr (PackOf(kType) == 4) {
    sum = hn::Add(sum, hn::Add(Product<kType, 2>(x, w), Product<kType, 3>(x, w)));
  }
  return sum;
}

#endif

constexpr int kMaxVecs = k32Registers ? 4 : 2;
constexpr int RowsFor(int vecs) {
  if (!k32Registers) return 6;
  return vecs == 4 ? 6 : vecs == 3 ? 8 : 12;
}

// One block of inputs, one group of panels.
struct Block {
  const std::int8_t* weights;  // Of the first panel.
  std::ptrdiff_t panel;        // Bytes from panel to panel.
  int inputs;
  const std::int32_t* offsets;
  const float* scales;
  const float* bias;  // Null unless the block is the first: then `out` holds sums.
  bool relu;
};

template <int kRows>
struct Ends {
  const std::uint8_t* in[kRows];
  const float* scale[kRows];
  const float* residual[kRows];
  float* out[kRows];
};

template <DotType kType, int kRows, int kVecs>
HWY_INLINE void Tile(const Block& block, const Ends<kRows>& ends, Prefetch& next_weights) {
  const D d;
  const DI di;
  VI sums[kRows][kVecs];
  for (int v = 0; v < kVecs; ++v) {
    const VI offset = hn::Load(di, block.offsets + v * kLanes);
    for (int r = 0; r < kRows; ++r) sums[r][v] = offset;
  }
  const std::int8_t* panels[kVecs];
  for (int v = 0; v < kVecs; ++v) {
    const std::ptrdiff_t channel = v * kLanes;
    panels[v] = block.weights + channel / kChannelBlock * block.panel + channel % kChannelBlock * 4;
  }
  const std::ptrdiff_t bytes = std::ptrdiff_t{block.inputs} * 4 / PackOf(kType);
  Prefetch::Stretch next = next_weights.Step(static_cast<int>(bytes / 4));
  for (std::ptrdiff_t i = 0; i < bytes; i += 4) {
    next.Next();
    VI w[kVecs];
    for (int v = 0; v < kVecs; ++v) {
      w[v] = hn::Load(di, reinterpret_cast<const std::int32_t*>(panels[v] + i * kChannelBlock));
    }
    for (int r = 0; r < kRows; ++r) {
      std::int32_t packed = 0;
      std::memcpy(&packed, ends.in[r] + i, sizeof(packed));
      const VI x = hn::Set(di, packed);
      for (int v = 0; v < kVecs; ++v) sums[r][v] = Dot<kType>(sums[r][v], x, w[v]);
    }
  }
  const bool first = block.bias != nullptr;
  const bool has_residual = ends.residual[0] != nullptr;
  for (int v = 0; v < kVecs; ++v) {
    const std::ptrdiff_t c = v * kLanes;
    const V scale = hn::Load(d, block.scales + c);
    const V bias = first ? hn::Load(d, block.bias + c) : hn::Zero(d);
    for (int r = 0; r < kRows; ++r) {
      V start = first ? bias : hn::LoadU(d, ends.out[r] + c);
      if (has_residual) start = hn::Add(start, hn::LoadU(d, ends.residual[r] + c));
      const V factor = hn::Mul(scale, hn::Set(d, *ends.scale[r]));
      const V value = hn::MulAdd(hn::ConvertTo(d, sums[r][v]), factor, start);
      hn::StoreU(block.relu ? Relu(value) : value, d, ends.out[r] + c);
    }
  }
}

// The pixels that are left.
struct Rest {
  Quantised in;
  int pixels;
  PixelCursor<const float> residual;
  bool has_residual;
  PixelCursor<float> out;
  Prefetch next_weights;
};

template <DotType kType, int kRows, int kVecs>
HWY_INLINE void Tiles(const Block& block, Rest& rest) {
  for (; rest.pixels >= kRows; rest.pixels -= kRows) {
    Ends<kRows> ends;
    for (int r = 0; r < kRows; ++r) {
      ends.in[r] = rest.in.values + r * rest.in.value_stride;
      ends.scale[r] = rest.in.scales + r * rest.in.scale_stride;
      ends.residual[r] = rest.has_residual ? rest.residual.Next() : nullptr;
      ends.out[r] = rest.out.Next();
    }
    Tile<kType, kRows, kVecs>(block, ends, rest.next_weights);
    rest.in.values += kRows * rest.in.value_stride;
    rest.in.scales += kRows * rest.in.scale_stride;
  }
}

template <DotType kType, int kVecs>
void Columns(const Block& block, Rest rest) {
  Tiles<kType, RowsFor(kVecs), kVecs>(block, rest);
  Tiles<kType, 4, kVecs>(block, rest);
  Tiles<kType, 2, kVecs>(block, rest);
  Tiles<kType, 1, kVecs>(block, rest);
}

template <DotType kType>
void ColumnsOf(int vecs, const Block& block, const Rest& rest) {
  if constexpr (k32Registers) {
    constexpr decltype(&Columns<kType, 1>) kColumns[] = {Columns<kType, 1>, Columns<kType, 2>,
                                                         Columns<kType, 3>, Columns<kType, 4>};
    kColumns[vecs - 1](block, rest);
  } else {
    Columns<kType, kMaxVecs>(block, rest);
  }
}

void DotPointwiseImpl(const PackedDotPointwise& weights, Channels channels, Inputs inputs,
                      const Quantised& in, int pixels, Activation activation,
                      const ConstPixels& residual, const Pixels& out) {
  constexpr decltype(&ColumnsOf<DotType::kInt8>) kColumnsOf[] = {
      ColumnsOf<DotType::kInt16>, ColumnsOf<DotType::kInt8>, ColumnsOf<DotType::kUint8>};
  const auto columns = kColumnsOf[static_cast<int>(weights.type)];
  const int bytes = weights.bytes_per_input();
  const std::ptrdiff_t panel = std::ptrdiff_t{weights.in} * kChannelBlock * bytes;
  const int vectors = channels.count / static_cast<int>(kLanes);
  const int groups = (vectors + kMaxVecs - 1) / kMaxVecs;
  const int end = std::min(inputs.first + inputs.count, weights.in);
  int done = 0;
  for (int g = 0; g < groups; ++g) {
    const int vecs = (vectors * (g + 1)) / groups - (vectors * g) / groups;
    const int channel = channels.first + done;
    ConstPixels add = residual;
    if (residual.data != nullptr) add.data += done;
    Pixels sums = out;
    sums.data += done;
    for (int i = inputs.first; i < end; i += weights.block) {
      const int count = std::min(weights.block, end - i);
      const std::ptrdiff_t row = std::ptrdiff_t{i / weights.block} * weights.out + channel;
      const std::int8_t* first = weights.weights.data() + channel / kChannelBlock * panel +
                                 std::ptrdiff_t{i} * kChannelBlock * bytes +
                                 std::ptrdiff_t{channel % kChannelBlock} * 4;
      const Block block = {first,
                           panel,
                           count,
                           weights.offsets.data() + row,
                           weights.scales.data() + row,
                           i == 0 ? weights.bias.data() + channel : nullptr,
                           activation == Activation::kRelu && i + count == weights.in};
      const std::ptrdiff_t at = i - inputs.first;
      const std::ptrdiff_t group_bytes = panel * vecs * kLanes / kChannelBlock;
      columns(vecs, block,
              {{in.values + at * bytes, in.value_stride, in.scales + at / weights.block,
                in.scale_stride},
               pixels,
               PixelCursor<const float>(add),
               i == 0 && residual.data != nullptr,
               PixelCursor<float>(sums),
               Prefetch(weights.weights.size(), first + group_bytes, group_bytes / weights.blocks(),
                        pixels / RowsFor(kMaxVecs))});
    }
    done += vecs * static_cast<int>(kLanes);
  }
}

// Floats of a pixel's inputs [from, from + count), a vector at a time.
template <typename Body>
HWY_INLINE void ForInputs(const PointwiseInput& in, const float* pixel, int from, int count,
                          const Body& body) {
  if (in.runs == 1) {
    for (int i = 0; i < count; i += kLanes) body(hn::LoadU(D(), pixel + from + i), i);
    return;
  }
  for (int i = 0; i < count; i += kLanes) {
    const int run = (from + i) / in.run_length;
    body(hn::LoadU(D(), pixel + run * in.run_stride + (from + i - run * in.run_length)), i);
  }
}

template <DotType kType>
HWY_INLINE float QuantiseBlock(const PointwiseInput& in, const float* pixel, int from, int count,
                               std::uint8_t* to) {
  constexpr Range kRange = RangeOf(kType);
  const D d;
  const DI di;
  V highest = hn::Zero(d);
  V poison = hn::Zero(d);  // x - x is 0 for every finite x.
  ForInputs(in, pixel, from, count, [&](V x, int) HWY_ATTR {
    highest = hn::Max(highest, hn::Abs(x));
    poison = hn::Add(poison, hn::Sub(x, x));
  });
  const float max = hn::GetLane(hn::MaxOfLanes(d, highest));
  const V factor = hn::Set(d, max > 0 ? kRange.limit / max : 0.0F);
  ForInputs(in, pixel, from, count, [&](V x, int i) HWY_ATTR {
    const VI rounded = hn::Add(hn::NearestInt(hn::Mul(x, factor)), hn::Set(di, kRange.offset));
    if constexpr (kType == DotType::kInt16) {
      const hn::Rebind<std::int16_t, D> d16;
      hn::StoreU(hn::DemoteTo(d16, rounded), d16, reinterpret_cast<std::int16_t*>(to) + i);
    } else {
      const hn::Rebind<std::uint8_t, D> d8;
      hn::StoreU(hn::DemoteTo(d8, rounded), d8, to + i);
    }
  });
  return max / kRange.limit + hn::GetLane(hn::SumOfLanes(d, poison));
}

template <DotType kType>
void QuantiseAll(const PackedDotPointwise& weights, Inputs inputs, const PointwiseInput& in,
                 int pixels, const Quantised& quantised) {
  const int end = std::min(inputs.first + inputs.count, weights.in);
  for (int p = 0; p < pixels; ++p) {
    const float* pixel = in.data + p / in.width * in.row_stride + p % in.width * in.pixel_stride;
    std::uint8_t* values = quantised.values + p * quantised.value_stride;
    float* scales = quantised.scales + p * quantised.scale_stride;
    for (int i = inputs.first; i < end; i += weights.block) {
      const int count = std::min(weights.block, end - i);
      *scales++ = QuantiseBlock<kType>(in, pixel, i - inputs.first, count, values);
      values += std::ptrdiff_t{count} * weights.bytes_per_input();
    }
  }
}

void QuantiseImpl(const PackedDotPointwise& weights, Inputs inputs, const PointwiseInput& in,
                  int pixels, const Quantised& quantised) {
  constexpr decltype(&QuantiseAll<DotType::kInt8>) kQuantise[] = {
      QuantiseAll<DotType::kInt16>, QuantiseAll<DotType::kInt8>, QuantiseAll<DotType::kUint8>};
  kQuantise[static_cast<int>(weights.type)](weights, inputs, in, pixels, quantised);
}

bool HasDotProductsImpl() { return HWY_TARGET == HWY_AVX3_DL; }

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace cnp::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cnp::engine {
namespace {

HWY_EXPORT(DotPointwiseImpl);
HWY_EXPORT(QuantiseImpl);
HWY_EXPORT(HasDotProductsImpl);

// The scale of one output's weights in one block: as fine as 32-bit sums and the type allow; NaN,
// so that all sums are, where a weight is not finite.
float WeightScale(std::span<const float> weights, DotType type) {
  double highest = 0;
  double sum = 0;
  for (const float w : weights) {
    if (!std::isfinite(w)) return std::numeric_limits<float>::quiet_NaN();
    highest = std::max(highest, std::abs(static_cast<double>(w)));
    sum += std::abs(static_cast<double>(w));
  }
  if (type != DotType::kInt16) return static_cast<float>(highest / 127);
  // Rounding may add half to each.
  const double sum_limit =
      static_cast<double>(std::numeric_limits<std::int32_t>::max()) / RangeOf(type).limit -
      static_cast<double>(weights.size());
  return static_cast<float>(std::max(highest / 32767, sum / sum_limit));
}

class Packer {
 public:
  Packer(std::span<const float> weight, int in, PackedDotPointwise& packed)
      : weight_(weight), in_(in), packed_(packed) {}

  // One output's weights in one block.
  void Pack(int output, int block) {
    const int first = block * packed_.block;
    const int count = std::min(packed_.block, in_ - first);
    if (count <= 0) return;
    const auto weights = weight_.subspan(static_cast<std::size_t>(output) * in_ + first, count);
    const float scale = WeightScale(weights, packed_.type);
    const std::size_t at = static_cast<std::size_t>(block) * packed_.out + output;
    std::int32_t sum = 0;
    for (int i = 0; i < count; ++i) {
      const int value = scale > 0 ? static_cast<int>(std::lround(weights[i] / scale)) : 0;
      Store(output, first + i, value);
      sum += value;
    }
    packed_.scales[at] = scale;
    packed_.offsets[at] = -RangeOf(packed_.type).offset * sum;
  }

 private:
  void Store(int output, int input, int value) {
    const int bytes = packed_.bytes_per_input();
    const int pack = PackOf(packed_.type);
    const std::size_t panel =
        static_cast<std::size_t>(output / kChannelBlock) * packed_.in * kChannelBlock;
    const std::size_t within =
        (static_cast<std::size_t>(input / pack) * kChannelBlock + output % kChannelBlock) * pack +
        input % pack;
    const auto narrow = static_cast<std::int16_t>(value);
    std::memcpy(packed_.weights.data() + (panel + within) * bytes, &narrow, bytes);
  }

  std::span<const float> weight_;
  int in_;
  PackedDotPointwise& packed_;
};

}  // namespace

PackedDotPointwise PackDotPointwise(std::span<const float> weight, std::span<const float> bias,
                                    int in, int out, DotType type, int block) {
  CNP_CHECK(weight.size() == static_cast<std::size_t>(in) * out, "weight is not [out, in]");
  CNP_CHECK(bias.size() == static_cast<std::size_t>(out), "bias is not [out]");
  CNP_CHECK(block > 0 && block <= kMaxDotBlock && block % kChannelBlock == 0,
            "a block is a multiple of kChannelBlock, at most kMaxDotBlock");
  PackedDotPointwise packed{
      .type = type, .in = (in + 3) / 4 * 4, .out = PaddedChannels(out), .block = block};
  packed.weights.resize(static_cast<std::size_t>(packed.in) * packed.out *
                        packed.bytes_per_input());
  packed.scales.resize(static_cast<std::size_t>(packed.blocks()) * packed.out);
  packed.offsets.resize(packed.scales.size());
  packed.bias.resize(packed.out);
  std::copy(bias.begin(), bias.end(), packed.bias.begin());
  Packer packer(weight, in, packed);
  for (int o = 0; o < out; ++o) {
    for (int b = 0; b < packed.blocks(); ++b) packer.Pack(o, b);
  }
  return packed;
}

bool HasDotProducts() { return HWY_DYNAMIC_DISPATCH(HasDotProductsImpl)(); }

void Quantise(const PackedDotPointwise& weights, Inputs inputs, const PointwiseInput& in,
              int pixels, const Quantised& quantised) {
  CNP_CHECK(inputs.first % weights.block == 0, "inputs are whole blocks of the layer");
  CNP_CHECK(in.runs == 1 || in.run_length % kChannelBlock == 0, "runs are whole channel blocks");
  HWY_DYNAMIC_DISPATCH(QuantiseImpl)(weights, inputs, in, pixels, quantised);
}

void DotPointwise(const PackedDotPointwise& weights, Channels channels, Inputs inputs,
                  const Quantised& in, int pixels, Activation activation,
                  const ConstPixels& residual, const Pixels& out) {
  CNP_CHECK(channels.first % kChannelBlock == 0 && channels.count % kChannelBlock == 0 &&
                channels.first + channels.count <= weights.out,
            "channels are whole blocks of the layer");
  CNP_CHECK(inputs.first % weights.block == 0, "inputs are whole blocks of the layer");
  HWY_DYNAMIC_DISPATCH(DotPointwiseImpl)
  (weights, channels, inputs, in, pixels, activation, residual, out);
}

}  // namespace cnp::engine
#endif  // HWY_ONCE

#include "convnextpose/engine/kernels/sparse_pointwise.h"

#include <algorithm>
#include <array>
#include <utility>

#include "convnextpose/base/check.h"
#include "convnextpose/engine/kernels/prefetch.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "convnextpose/engine/kernels/sparse_pointwise.cc"
#include <hwy/foreach_target.h>  // IWYU pragma: keep
#include <hwy/highway.h>

#include "convnextpose/engine/kernels/vector-inl.h"

#ifndef CNP_ENGINE_KERNELS_SPARSE_POINTWISE_LIMITS
#define CNP_ENGINE_KERNELS_SPARSE_POINTWISE_LIMITS
namespace cnp::engine {

// Their sums fill the registers of AVX-512, and leave some for weights and inputs.
inline constexpr int kGroupBlocks = 6;
// Most of a first-level cache of 32 to 64 KB.
inline constexpr int kChunkBytes = 40 << 10;
inline constexpr int kMaxChunk = 256;
// Whose sums stay in a cache from chunk to chunk.
inline constexpr int kStripPixels = 64;

}  // namespace cnp::engine
#endif

HWY_BEFORE_NAMESPACE();
namespace cnp::engine::HWY_NAMESPACE {
namespace {

// Register tiles of some pixels x some vectors of outputs: at least 8 sums hide the latency of the
// multiply-add, and the sums, one input a pixel and a row of weights fit the register file. Few
// pixels, since an input is skipped only where it is zero for all of them.
constexpr int kMaxVecs = k32Registers ? 12 : 6;
constexpr int PixelsFor(int vecs) { return vecs >= 4 ? 2 : 4; }

// The inputs of a chunk that are not zero for each of some pixels.
struct Active {
  int count = 0;
  HWY_ALIGN int input[kMaxChunk + kChannelBlock];
};

template <int kPixels>
HWY_INLINE void Collect(const float* HWY_RESTRICT in, std::ptrdiff_t in_stride, int inputs,
                        Active& active) {
  const D d;
  const hn::RebindToSigned<D> di;
  int count = 0;
  int i = 0;
  auto input = hn::Iota(di, 0);
  for (; i + kLanes <= inputs; i += kLanes) {
    auto zero = hn::Eq(hn::LoadU(d, in + i), hn::Zero(d));  // NaN is not.
    for (int p = 1; p < kPixels; ++p) {
      zero = hn::And(zero, hn::Eq(hn::LoadU(d, in + p * in_stride + i), hn::Zero(d)));
    }
    const auto found = hn::RebindMask(di, hn::Not(zero));
    hn::StoreU(hn::Compress(input, found), di, active.input + count);
    count += static_cast<int>(hn::CountTrue(di, found));
    input = hn::Add(input, hn::Set(di, static_cast<int>(kLanes)));
  }
  for (; i < inputs; ++i) {
    bool zero = true;
    for (int p = 0; p < kPixels; ++p) zero = zero && in[p * in_stride + i] == 0;
    active.input[count] = i;
    count += zero ? 0 : 1;
  }
  active.count = count;
}

// Where a tile of outputs begins, reads and writes; each pointer at its first channel.
template <int kPixels>
struct Ends {
  const float* start[kPixels];
  const float* residual[kPixels];
  float* out[kPixels];
};

// Adds the active inputs' rows of weights. Sum n is vector n % kVecs of pixel n / kVecs; pack
// expansions keep all of them in registers.
template <int kPixels, int kVecs, int... kSums>
HWY_INLINE void AddRows(const Active& active, const float* HWY_RESTRICT in,
                        std::ptrdiff_t in_stride, const float* HWY_RESTRICT weights,
                        std::ptrdiff_t width, const Ends<kPixels>& ends, std::ptrdiff_t channel,
                        Prefetch::Stretch& next, std::integer_sequence<int, kSums...>) {
  const D d;
  const auto at = [channel](int n) { return channel + n % kVecs * kLanes; };
  V sums[] = {hn::LoadU(d, ends.start[kSums / kVecs] + at(kSums))...};
  if (ends.residual[0] != nullptr) {
    ((sums[kSums] = hn::Add(sums[kSums], hn::LoadU(d, ends.residual[kSums / kVecs] + at(kSums)))),
     ...);
  }
  for (int a = 0; a < active.count; ++a) {
    next.Next();
    const std::ptrdiff_t i = active.input[a];
    const float* HWY_RESTRICT row = weights + i * width + channel;
    V x[kPixels];
    for (int p = 0; p < kPixels; ++p) x[p] = hn::Set(d, in[p * in_stride + i]);
    ((sums[kSums] =
          hn::MulAdd(x[kSums / kVecs], hn::Load(d, row + kSums % kVecs * kLanes), sums[kSums])),
     ...);
  }
  (hn::StoreU(sums[kSums], d, ends.out[kSums / kVecs] + at(kSums)), ...);
}

// One chunk of inputs and one group of outputs.
struct Chunk {
  const float* weights;
  const float* bias;  // Null unless the chunk is the first: then `out` holds sums.
  int inputs;
  std::ptrdiff_t width;
  std::size_t layer_bytes;
};

// The pixels that are left, as far as they fill tiles of kPixels.
struct Rest {
  const float* in;
  std::ptrdiff_t in_stride;
  int pixels;
  PixelCursor<const float> residual;
  bool has_residual;
  PixelCursor<float> out;
};

// One tile's inputs are collected while the one before is computed: a list that was just written
// could not be read before all work in flight is done.
template <int kPixels, int kVecs>
void Tiles(const Chunk& chunk, Rest& rest) {
  Active lists[2];
  const std::ptrdiff_t bytes =
      chunk.inputs * chunk.width * static_cast<std::ptrdiff_t>(sizeof(float));
  Prefetch next_chunk(chunk.layer_bytes, chunk.weights + chunk.inputs * chunk.width, bytes,
                      rest.pixels / kPixels);
  const std::ptrdiff_t tile = kPixels * rest.in_stride;
  if (rest.pixels >= kPixels) Collect<kPixels>(rest.in, rest.in_stride, chunk.inputs, lists[0]);
  for (int t = 0; rest.pixels >= kPixels; ++t, rest.pixels -= kPixels) {
    if (rest.pixels >= 2 * kPixels) {
      Collect<kPixels>(rest.in + tile, rest.in_stride, chunk.inputs, lists[(t + 1) % 2]);
    }
    Ends<kPixels> ends;
    for (int p = 0; p < kPixels; ++p) {
      ends.out[p] = rest.out.Next();
      ends.start[p] = chunk.bias != nullptr ? chunk.bias : ends.out[p];
      ends.residual[p] = rest.has_residual ? rest.residual.Next() : nullptr;
    }
    const Active& active = lists[t % 2];
    constexpr std::ptrdiff_t kWidth = kVecs * kLanes;
    const int rows = std::max(1, active.count * static_cast<int>(chunk.width / kWidth));
    Prefetch::Stretch next = next_chunk.Step(rows);
    for (std::ptrdiff_t channel = 0; channel < chunk.width; channel += kWidth) {
      AddRows<kPixels, kVecs>(active, rest.in, rest.in_stride, chunk.weights, chunk.width, ends,
                              channel, next, std::make_integer_sequence<int, kPixels * kVecs>());
    }
    rest.in += tile;
  }
}

template <int kVecs>
void AllTiles(const Chunk& chunk, Rest rest) {
  Tiles<PixelsFor(kVecs), kVecs>(chunk, rest);
  Tiles<1, kVecs>(chunk, rest);
}

template <int... kVecs>
constexpr auto Table(std::integer_sequence<int, kVecs...>) {
  return std::array<decltype(&AllTiles<1>), sizeof...(kVecs)>{AllTiles<kVecs + 1>...};
}
constexpr auto kAllTiles = Table(std::make_integer_sequence<int, kMaxVecs>());

// The most vectors that divide a group evenly.
int VecsFor(int vectors) {
  int vecs = std::min(vectors, kMaxVecs);
  while (vectors % vecs != 0) --vecs;
  return vecs;
}

// All chunks of one group for some pixels, whose sums stay in the cache meanwhile.
void Strip(const PackedSparsePointwise& weights, const Channels& group, Inputs inputs,
           const Rest& strip) {
  const auto tiles = kAllTiles[VecsFor(group.count / static_cast<int>(kLanes)) - 1];
  const float* rows = weights.weights.data() + std::ptrdiff_t{group.first} * weights.in;
  for (int done = 0; done < inputs.count; done += weights.chunk) {
    const int i = inputs.first + done;
    Rest rest = strip;
    rest.in += done;
    rest.has_residual = strip.has_residual && i == 0;
    tiles({rows + std::ptrdiff_t{i} * group.count,
           i == 0 ? weights.bias.data() + group.first : nullptr,
           std::min(weights.chunk, inputs.count - done), group.count,
           weights.weights.size() * sizeof(float)},
          rest);
  }
}

void SparsePointwiseImpl(const PackedSparsePointwise& weights, Inputs inputs, const float* in,
                         std::ptrdiff_t in_stride, int pixels, const ConstPixels& residual,
                         const Pixels& out) {
  for (const Channels& group : weights.groups) {
    ConstPixels add = residual;
    Pixels sums = out;
    sums.data += group.first;
    if (residual.data != nullptr) add.data += group.first;
    Rest strip = {in,
                  in_stride,
                  0,
                  PixelCursor<const float>(add),
                  residual.data != nullptr,
                  PixelCursor<float>(sums)};
    for (int p = 0; p < pixels; p += kStripPixels) {
      strip.pixels = std::min(kStripPixels, pixels - p);
      Strip(weights, group, inputs, strip);
      strip.in += strip.pixels * in_stride;
      for (int q = 0; q < strip.pixels; ++q) {
        strip.out.Next();
        if (strip.has_residual) strip.residual.Next();
      }
    }
  }
}

}  // namespace
// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace cnp::engine::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cnp::engine {
namespace {

HWY_EXPORT(SparsePointwiseImpl);

// Of even width: 16 blocks are 8 + 8.
std::vector<Channels> Groups(int channels) {
  const int blocks = channels / kChannelBlock;
  const int count = (blocks + kGroupBlocks - 1) / kGroupBlocks;
  std::vector<Channels> groups;
  for (int g = 0; g < count; ++g) {
    const int first = blocks * g / count;
    groups.push_back({first * kChannelBlock, (blocks * (g + 1) / count - first) * kChannelBlock});
  }
  return groups;
}

// A multiple of kChannelBlock.
int Chunk(const std::vector<Channels>& groups) {
  int widest = kChannelBlock;
  for (const Channels& group : groups) widest = std::max(widest, group.count);
  const int fitting = kChunkBytes / (widest * static_cast<int>(sizeof(float)));
  return std::min(fitting / kChannelBlock * kChannelBlock, kMaxChunk);
}

}  // namespace

PackedSparsePointwise PackSparsePointwise(std::span<const float> weight,
                                          std::span<const float> bias, int in, int out) {
  CNP_CHECK(weight.size() == static_cast<std::size_t>(in) * out, "weight is not [out, in]");
  CNP_CHECK(bias.size() == static_cast<std::size_t>(out), "bias is not [out]");
  PackedSparsePointwise packed{.in = in, .out = PaddedChannels(out)};
  packed.groups = Groups(packed.out);
  packed.chunk = Chunk(packed.groups);
  packed.weights.resize(static_cast<std::size_t>(packed.out) * in);
  packed.bias.resize(packed.out);
  std::copy(bias.begin(), bias.end(), packed.bias.begin());
  for (const Channels& group : packed.groups) {
    float* rows = packed.weights.data() + static_cast<std::size_t>(group.first) * in;
    for (int c = 0; c < group.count && group.first + c < out; ++c) {
      const float* from = weight.data() + static_cast<std::size_t>(group.first + c) * in;
      for (int i = 0; i < in; ++i) rows[static_cast<std::size_t>(i) * group.count + c] = from[i];
    }
  }
  return packed;
}

void SparsePointwise(const PackedSparsePointwise& weights, Inputs inputs, const float* in,
                     std::ptrdiff_t in_stride, int pixels, const ConstPixels& residual,
                     const Pixels& out) {
  CNP_CHECK(inputs.first % weights.chunk == 0 && inputs.first + inputs.count <= weights.in,
            "inputs are whole chunks of the layer");
  HWY_DYNAMIC_DISPATCH(SparsePointwiseImpl)(weights, inputs, in, in_stride, pixels, residual, out);
}

}  // namespace cnp::engine
#endif  // HWY_ONCE

#include "convnextpose/engine/kernels/half_arm.h"

#ifdef __aarch64__  // Else only a linter reads this file.

#include <arm_neon.h>

// The whole file is compiled for ARMv8.2 FP16: it must bring no copy of another file's inline
// functions, which the linker could take for all the program, older processors too.

#ifndef __clang__
// g++ 12 would load weights so early that it runs out of registers.
#pragma GCC optimize("no-schedule-insns")
#endif

#define CNP_INLINE __attribute__((always_inline)) inline

namespace cnp::engine {
namespace {

// Inputs whose products are summed in half precision. Longer blocks fold their sums more rarely,
// and err more.
constexpr int kBlock = 32;
// Activations of a block are brought below 2 to this power. Weights are at most 1, so no sum of a
// block overflows, and what underflows is too small beside the largest to matter.
constexpr int kTopBits = 8;
static_assert((kBlock << kTopBits) <= 1 << 15);

// The activations that are rounded together: they and the weights that they meet in one panel fill
// a part of the first-level cache.
constexpr int kStripPixels = 32;
constexpr int kStripInputs = 256;
constexpr std::ptrdiff_t kPitch = kStripInputs;
constexpr int kStripBlocks = kStripInputs / kBlock;

constexpr std::ptrdiff_t kLanes = 8;
constexpr std::ptrdiff_t kVecs = kChannelBlock / kLanes;  // A panel.
constexpr int kMaxRows = 4;  // 8 sums, 8 of fours, 4 vectors of activations, and weights.

struct Strip {
  alignas(64) std::uint16_t values[kStripPixels][kStripInputs];
  float scales[kStripPixels][kStripBlocks];  // What a block's sums are multiplied by.
  const float* in[kStripPixels];
  float* out[kStripPixels];
};

// PixelView::At, which this file may not use.
template <typename T>
CNP_INLINE T* PixelAt(T* data, int width, std::ptrdiff_t row_stride, std::ptrdiff_t pixel_stride,
                      int pixel) {
  return data + pixel / width * row_stride + pixel % width * pixel_stride;
}

CNP_INLINE int Least(int a, int b) { return a < b ? a : b; }

CNP_INLINE float32x4_t Load(const float* from, int count) {
  if (count >= 4) return vld1q_f32(from);
  float some[4] = {};
  for (int i = 0; i < count; ++i) some[i] = from[i];
  return vld1q_f32(some);
}

CNP_INLINE float FromBits(std::uint32_t bits) {
  return vget_lane_f32(vreinterpret_f32_u32(vdup_n_u32(bits)), 0);
}

// Rounds a block of at most kBlock activations. Returns what brings them back. What is not finite
// stays so, and spoils every sum that it enters.
float Round(const float* from, int count, std::uint16_t* to) {
  uint32x4_t highest = vdupq_n_u32(0);
  for (int i = 0; i < count; i += 4) {
    const float32x4_t x = vabsq_f32(Load(from + i, count - i));
    highest = vmaxq_u32(highest, vreinterpretq_u32_f32(x));
  }
  constexpr std::uint32_t kMantissaBits = 23;
  std::uint32_t exponent = vmaxvq_u32(highest) >> kMantissaBits;
  if (exponent < kTopBits) exponent = kTopBits;  // Both powers of two must be normal.
  const std::uint32_t back = exponent - (kTopBits - 1);
  const float32x4_t factor = vdupq_n_f32(FromBits((254 - back) << kMantissaBits));
  for (int i = 0; i < count; i += 4) {
    const float16x4_t x = vcvt_f16_f32(vmulq_f32(Load(from + i, count - i), factor));
    vst1_u16(to + i, vreinterpret_u16_f16(x));
  }
  return FromBits(back << kMantissaBits);
}

void RoundStrip(Strip& strip, int pixels, std::ptrdiff_t first, int inputs) {
  for (int p = 0; p < pixels; ++p) {
    for (int i = 0; i < inputs; i += kBlock) {
      const int count = Least(inputs - i, kBlock);
      strip.scales[p][i / kBlock] = Round(strip.in[p] + first + i, count, strip.values[p] + i);
    }
  }
}

CNP_INLINE float16x8_t LoadHalf(const std::uint16_t* from) {
  return vreinterpretq_f16_u16(vld1q_u16(from));
}

template <int kRows>
using Sums = float16x8_t[kRows][kVecs];

// g++ 12 copies the element of the intrinsic into a vector of its own, which there is no room for.
template <int kLane>
CNP_INLINE void AddProduct(float16x8_t& sum, float16x8_t w, float16x8_t x) {
  asm("fmla %0.8h, %1.8h, %2.h[%3]" : "+w"(sum) : "w"(w), "x"(x), "i"(kLane));
}

template <int kLane, int kEnd, int kRows>
CNP_INLINE void AddProducts(const std::uint16_t* weights, const float16x8_t (&x)[kRows],
                            float16x8_t (&sums)[kRows]) {
  const float16x8_t w = LoadHalf(weights + std::ptrdiff_t{kLane} * kChannelBlock);
#pragma GCC unroll 4
  for (int r = 0; r < kRows; ++r) AddProduct<kLane>(sums[r], w, x[r]);
  if constexpr (kLane + 1 < kEnd) AddProducts<kLane + 1, kEnd, kRows>(weights, x, sums);
}

// Begins with the product of input kLane of the eight in x, and adds those up to kEnd.
template <int kLane, int kEnd, int kRows>
CNP_INLINE void Products(const std::uint16_t* weights, const float16x8_t (&x)[kRows],
                         float16x8_t (&sums)[kRows]) {
  const float16x8_t first = LoadHalf(weights + std::ptrdiff_t{kLane} * kChannelBlock);
#pragma GCC unroll 4
  for (int r = 0; r < kRows; ++r) sums[r] = vmulq_laneq_f16(first, x[r], kLane);
  AddProducts<kLane + 1, kEnd, kRows>(weights, x, sums);
}

// The products of one block: fours of inputs by themselves, for what rounding takes grows with the
// sum. Always in the same order, whatever kRows.
template <int kRows>
CNP_INLINE void AddBlock(const std::uint16_t* w, const std::uint16_t* values, int count,
                         Sums<kRows>& sums) {
  for (; count >= kLanes; count -= kLanes, values += kLanes, w += kLanes * kChannelBlock) {
    float16x8_t x[kRows];
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) x[r] = LoadHalf(values + r * kPitch);
#pragma GCC unroll 2
    for (int v = 0; v < kVecs; ++v) {
      float16x8_t low[kRows];
      float16x8_t high[kRows];
      Products<0, 4, kRows>(w + v * kLanes, x, low);
      Products<4, 8, kRows>(w + v * kLanes, x, high);
#pragma GCC unroll 4
      for (int r = 0; r < kRows; ++r) {
        sums[r][v] = vaddq_f16(sums[r][v], vaddq_f16(low[r], high[r]));
      }
    }
  }
  for (; count > 0; --count, ++values, w += kChannelBlock) {
    for (int r = 0; r < kRows; ++r) {
      const float16x8_t x = vreinterpretq_f16_u16(vdupq_n_u16(values[r * kPitch]));
      for (int v = 0; v < kVecs; ++v) {
        sums[r][v] = vfmaq_f16(sums[r][v], LoadHalf(w + v * kLanes), x);
      }
    }
  }
}

// One panel and the inputs of a strip.
struct Panel {
  const std::uint16_t* weights;
  int inputs;
  int channel;
  const float* bias;  // Null unless the inputs are the first: then `out` holds sums.
  bool last;
  float scale;
  bool relu;
};

CNP_INLINE float32x4_t Finish(const Panel& panel, float32x4_t sum) {
  const float32x4_t value = vmulq_n_f32(sum, panel.scale);
  // NaN from infinity, which ReLU might hide; FMAX keeps NaN.
  const float32x4_t visible = vfmaq_n_f32(value, value, 0);
  return panel.relu ? vmaxq_f32(visible, vdupq_n_f32(0)) : visible;
}

template <int kRows>
void Tile(const Panel& panel, Strip& strip, int pixel) {
  for (int first = 0; first < panel.inputs; first += kBlock) {
    const int count = Least(panel.inputs - first, kBlock);
    Sums<kRows> sums;
    for (auto& row : sums) {
      for (float16x8_t& sum : row) sum = vreinterpretq_f16_u16(vdupq_n_u16(0));
    }
    AddBlock<kRows>(panel.weights + std::ptrdiff_t{first} * kChannelBlock,
                    strip.values[pixel] + first, count, sums);
    const bool begins = panel.bias != nullptr && first == 0;
    const bool ends = panel.last && first + count == panel.inputs;
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      const float scale = strip.scales[pixel + r][first / kBlock];
      float* const out = strip.out[pixel + r] + panel.channel;
      const float* const start = begins ? panel.bias : out;
#pragma GCC unroll 4
      for (int c = 0; c < kChannelBlock; c += 4) {
        const float16x8_t both = sums[r][c / kLanes];
        const float32x4_t sum =
            vcvt_f32_f16(c % kLanes == 0 ? vget_low_f16(both) : vget_high_f16(both));
        const float32x4_t value = vfmaq_n_f32(vld1q_f32(start + c), sum, scale);
        vst1q_f32(out + c, ends ? Finish(panel, value) : value);
      }
    }
  }
}

template <int kRows>
CNP_INLINE void Tiles(const Panel& panel, Strip& strip, int pixels, int& pixel) {
  for (; pixels - pixel >= kRows; pixel += kRows) Tile<kRows>(panel, strip, pixel);
}

void Multiply(const Panel& panel, Strip& strip, int pixels) {
  int pixel = 0;
  Tiles<kMaxRows>(panel, strip, pixels, pixel);
  Tiles<2>(panel, strip, pixels, pixel);
  Tiles<1>(panel, strip, pixels, pixel);
}

// The inputs [first, first + count) of the layer, which the strip holds.
void AllPanels(const HalfPanels& weights, int first, int count, Activation activation, Strip& strip,
               int pixels) {
  for (int channel = 0; channel < weights.out; channel += kChannelBlock) {
    const std::ptrdiff_t row = std::ptrdiff_t{channel / kChannelBlock} * weights.in + first;
    const Panel panel = {.weights = weights.weights + row * kChannelBlock,
                         .inputs = count,
                         .channel = channel,
                         .bias = first == 0 ? weights.bias + channel : nullptr,
                         .last = first + count == weights.in,
                         .scale = weights.scale,
                         .relu = activation == Activation::kRelu};
    Multiply(panel, strip, pixels);
  }
}

}  // namespace

void HalfPointwiseArm(const HalfPanels& weights, const PointwiseInput& in, int pixels,
                      Activation activation, const Pixels& out) {
  Strip strip;
  for (int begin = 0; begin < pixels; begin += kStripPixels) {
    const int count = Least(pixels - begin, kStripPixels);
    for (int p = 0; p < count; ++p) {
      strip.in[p] = PixelAt(in.data, in.width, in.row_stride, in.pixel_stride, begin + p);
      strip.out[p] = PixelAt(out.data, out.width, out.row_stride, out.pixel_stride, begin + p);
    }
    for (int run = 0; run < in.runs; ++run) {
      for (int i = 0; i < in.run_length; i += kStripInputs) {
        const int inputs = Least(in.run_length - i, kStripInputs);
        RoundStrip(strip, count, run * in.run_stride + i, inputs);
        AllPanels(weights, run * in.run_length + i, inputs, activation, strip, count);
      }
    }
  }
}

}  // namespace cnp::engine
#endif

#include "convnextpose/engine/kernels/tile_pointwise_amx.h"

#include "convnextpose/base/check.h"

#if defined(__x86_64__) && defined(__linux__)

#include <cpuid.h>
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "convnextpose/engine/kernels/amx_tiles.h"

#if !defined(__clang__)
// g++ 12 says so of its own intrinsics, whose undefined operands are meant to be.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

// Every function that uses the instructions says so itself: compiling the file for them would let
// the linker take its copies of inline functions for all the program.
#define CNP_AMX __attribute__((target("amx-tile,amx-bf16,avx512f")))
#define CNP_AMX_INLINE CNP_AMX __attribute__((always_inline)) inline

namespace cnp::engine {
namespace {

constexpr std::ptrdiff_t kTileValues = std::ptrdiff_t{kTilePixels} * kTileInputs;

// The tile registers: sums of 2 x 2 tiles, what two tiles of pixels bring, and two of outputs.
// Macros because g++ makes the instruction's text of them.
#define CNP_SUMS_00 0
#define CNP_SUMS_01 1
#define CNP_SUMS_10 2
#define CNP_SUMS_11 3
#define CNP_PIXELS_0 4
#define CNP_PIXELS_1 5
#define CNP_WEIGHTS_0 6
#define CNP_WEIGHTS_1 7

// What one product of up to 2 x 2 tiles reads.
struct Operands {
  const std::uint16_t* pixels;   // Of the first tile; the second lies kTilePixels pixels on.
  std::ptrdiff_t pixel_bytes;    // From pixel to pixel.
  const std::uint16_t* weights;  // Of the first panel of outputs.
  std::ptrdiff_t panel;          // Values from panel to panel.
  int tiles;                     // Of inputs.
};

template <bool kTwoPixels>
CNP_AMX_INLINE void LoadPixels(const Operands& from, const std::uint16_t* at) {
  _tile_loadd(CNP_PIXELS_0, at, from.pixel_bytes);
  if constexpr (kTwoPixels) {
    _tile_loadd(CNP_PIXELS_1, reinterpret_cast<const char*>(at) + kTilePixels * from.pixel_bytes,
                from.pixel_bytes);
  }
}
template <bool kTwoPanels>
CNP_AMX_INLINE void LoadWeights(const Operands& from, const std::uint16_t* at) {
  _tile_loadd(CNP_WEIGHTS_0, at, kTileRowBytes);
  if constexpr (kTwoPanels) _tile_loadd(CNP_WEIGHTS_1, at + from.panel, kTileRowBytes);
}
template <bool kTwoPixels, bool kTwoPanels>
CNP_AMX_INLINE void MultiplyAdd() {
  _tile_dpbf16ps(CNP_SUMS_00, CNP_PIXELS_0, CNP_WEIGHTS_0);
  if constexpr (kTwoPanels) _tile_dpbf16ps(CNP_SUMS_01, CNP_PIXELS_0, CNP_WEIGHTS_1);
  if constexpr (kTwoPixels) _tile_dpbf16ps(CNP_SUMS_10, CNP_PIXELS_1, CNP_WEIGHTS_0);
  if constexpr (kTwoPixels && kTwoPanels) _tile_dpbf16ps(CNP_SUMS_11, CNP_PIXELS_1, CNP_WEIGHTS_1);
}

// Sums as [panel][pixel][output].
struct alignas(kAlignment) Sums {
  float values[2][2 * kTilePixels][kChannelBlock];
};

constexpr std::ptrdiff_t kPanelSums = std::ptrdiff_t{2} * kTilePixels * kChannelBlock;

// Adds one product to `sums`, or begins them. Calls work() now and then: the multiplier runs beside
// the vectors, and what they have to do meanwhile costs nothing.
template <TileParts kParts, bool kTwoPixels, bool kTwoPanels, class Work>
CNP_AMX_INLINE void Multiply(const Operands& from, bool begin, Sums& sums, const Work& work) {
  constexpr std::ptrdiff_t kPart = kTileValues;  // Of weights.
  if (begin) {
    _tile_zero(CNP_SUMS_00);
    _tile_zero(CNP_SUMS_01);
    _tile_zero(CNP_SUMS_10);
    _tile_zero(CNP_SUMS_11);
  } else {
    _tile_loadd(CNP_SUMS_00, sums.values[0][0], kTileRowBytes);
    if constexpr (kTwoPanels) _tile_loadd(CNP_SUMS_01, sums.values[1][0], kTileRowBytes);
    if constexpr (kTwoPixels) _tile_loadd(CNP_SUMS_10, sums.values[0][kTilePixels], kTileRowBytes);
    if constexpr (kTwoPixels && kTwoPanels) {
      _tile_loadd(CNP_SUMS_11, sums.values[1][kTilePixels], kTileRowBytes);
    }
  }
  const std::uint16_t* x = from.pixels;
  const std::uint16_t* w = from.weights;
  for (int t = 0; t < from.tiles; ++t) {
    // The parts' products, each one load away from the one before it.
    LoadPixels<kTwoPixels>(from, x);
    if constexpr (kParts == TileParts::kThree) {
      LoadWeights<kTwoPanels>(from, w + 2 * kPart);
      MultiplyAdd<kTwoPixels, kTwoPanels>();
      work();
    }
    LoadWeights<kTwoPanels>(from, w + kPart);
    MultiplyAdd<kTwoPixels, kTwoPanels>();
    work();
    if constexpr (kParts == TileParts::kThree) {
      LoadPixels<kTwoPixels>(from, x + kTileInputs);
      MultiplyAdd<kTwoPixels, kTwoPanels>();
      work();
      LoadWeights<kTwoPanels>(from, w);
      MultiplyAdd<kTwoPixels, kTwoPanels>();
      work();
      LoadPixels<kTwoPixels>(from, x + std::ptrdiff_t{2} * kTileInputs);
      MultiplyAdd<kTwoPixels, kTwoPanels>();
      work();
      LoadPixels<kTwoPixels>(from, x);
      MultiplyAdd<kTwoPixels, kTwoPanels>();
      work();
    } else {
      LoadWeights<kTwoPanels>(from, w);
      MultiplyAdd<kTwoPixels, kTwoPanels>();
      work();
      LoadPixels<kTwoPixels>(from, x + kTileInputs);
      MultiplyAdd<kTwoPixels, kTwoPanels>();
      work();
    }
    x += SplitStride(kTileInputs, kParts);
    w += SplitStride(kTileInputs, kParts) * kTilePixels;
  }
  _tile_stored(CNP_SUMS_00, sums.values[0][0], kTileRowBytes);
  if constexpr (kTwoPanels) _tile_stored(CNP_SUMS_01, sums.values[1][0], kTileRowBytes);
  if constexpr (kTwoPixels) _tile_stored(CNP_SUMS_10, sums.values[0][kTilePixels], kTileRowBytes);
  if constexpr (kTwoPixels && kTwoPanels) {
    _tile_stored(CNP_SUMS_11, sums.values[1][kTilePixels], kTileRowBytes);
  }
}
constexpr int ProductsOf(TileParts parts) { return parts == TileParts::kTwo ? 3 : 6; }

// The parts of kTileInputs values, to `to` and on: each takes the next 8 bits; the last of two is
// rounded, three leave nothing.
template <TileParts kParts>
CNP_AMX_INLINE void StoreParts(__m512 low, __m512 high, std::uint16_t* to) {
  const __m512i upper = _mm512_set1_epi32(static_cast<int>(0xFFFF0000));
  __m512i low_bits = _mm512_castps_si512(low);
  __m512i high_bits = _mm512_castps_si512(high);
  for (int p = 0; p < static_cast<int>(kParts); ++p) {
    const bool last = p + 1 == static_cast<int>(kParts);
    if (last && kParts == TileParts::kTwo) {
      low_bits = _mm512_add_epi32(low_bits, _mm512_set1_epi32(0x8000));
      high_bits = _mm512_add_epi32(high_bits, _mm512_set1_epi32(0x8000));
    }
    constexpr int kFirstOrSecondAndThird = 0xF8;
    const __m512i part = _mm512_ternarylogic_epi32(_mm512_srli_epi32(low_bits, 16), high_bits,
                                                   upper, kFirstOrSecondAndThird);
    _mm512_store_si512(to + std::ptrdiff_t{p} * kTileInputs, part);
    if (last) return;
    const auto rest = [&](__m512i bits) CNP_AMX {
      return _mm512_castps_si512(_mm512_sub_ps(_mm512_castsi512_ps(bits),
                                               _mm512_castsi512_ps(_mm512_and_epi32(bits, upper))));
    };
    low_bits = rest(low_bits);
    high_bits = rest(high_bits);
  }
}

// max(0, x); NaN stays NaN.
CNP_AMX_INLINE __m512 Relu(__m512 x) { return _mm512_max_ps(_mm512_setzero_ps(), x); }

template <TileParts kParts>
CNP_AMX void SplitAll(const PackedTilePointwise& weights, const PointwiseInput& in, int pixels,
                      const SplitPixels& split) {
  for (int p = 0; p < pixels; ++p) {
    const float* pixel = in.data + p / in.width * in.row_stride + p % in.width * in.pixel_stride;
    std::uint16_t* to = split.values + p * split.stride;
    const auto load = [&](int i) CNP_AMX {
      if (i >= weights.in) return _mm512_setzero_ps();
      const int run = in.runs == 1 ? 0 : i / in.run_length;
      return _mm512_loadu_ps(pixel + run * in.run_stride + (i - run * in.run_length));
    };
    for (int i = 0; i < weights.in; i += kTileInputs) {
      StoreParts<kParts>(load(i), load(i + kChannelBlock), to);
      to += SplitStride(kTileInputs, kParts);
    }
  }
}

// Up to 2 x 2 tiles of a result.
struct Piece {
  int pixel;
  int pixels;
  int channel;  // From the first.
  int channels;
  bool first;  // Of these pixels, in this group of pieces.
};

// Asks for weights that come later, some lines at a time: they stream in from beyond the
// second-level cache at less than the multiplier's speed, unless they do so all the time.
class WeightsAhead {
 public:
  WeightsAhead() = default;
  WeightsAhead(const WeightsNext& next, std::ptrdiff_t steps) {
    if (next.weights == nullptr) return;
    const PackedTilePointwise& packed = *next.weights;
    const std::ptrdiff_t panel = SplitStride(packed.in, packed.parts) * kChannelBlock;
    *this = WeightsAhead(packed.weights.data() + next.channels.first / kChannelBlock * panel +
                             SplitStride(next.inputs.first, packed.parts) * kChannelBlock,
                         SplitStride(next.inputs.count, packed.parts) * kChannelBlock *
                             std::ptrdiff_t{sizeof(std::uint16_t)},
                         next.channels.count / kChannelBlock,
                         panel * std::ptrdiff_t{sizeof(std::uint16_t)}, steps);
  }
  // `bytes` at the beginning of each of `panels` panels, over so many steps.
  WeightsAhead(const std::uint16_t* weights, std::ptrdiff_t bytes, int panels,
               std::ptrdiff_t panel_bytes, std::ptrdiff_t steps)
      : at_(reinterpret_cast<const char*>(weights)),
        end_(at_ + bytes),
        bytes_(bytes),
        panel_bytes_(panel_bytes),
        panels_(panels),
        lines_(static_cast<int>((bytes * panels / kLine + steps - 1) / steps)) {}

  CNP_AMX_INLINE void Step() {
    if (panels_ == 0) return;
    for (int i = 0; i < lines_; ++i) {
      _mm_prefetch(at_, _MM_HINT_T1);
      at_ += kLine;
    }
    if (at_ >= end_) {
      --panels_;
      end_ += panel_bytes_;
      at_ = end_ - bytes_;
    }
  }

 private:
  static constexpr std::ptrdiff_t kLine = 64;
  const char* at_ = nullptr;
  const char* end_ = nullptr;
  std::ptrdiff_t bytes_ = 0;
  std::ptrdiff_t panel_bytes_ = 0;
  int panels_ = 0;
  int lines_ = 0;
};

// A product of any size, in pieces. Some outputs' weights stay in the second-level cache while all
// pixels pass by, and the pixels' parts of some inputs in the first: where a product has more
// inputs, the sums of some pieces wait for the next.
template <TileParts kParts, class Finish>
class Product {
 public:
  // finish.Begin(piece, sums), then finish.Rows(rows) until all of the piece's pixels are done.
  CNP_AMX Product(const PackedTilePointwise& weights, Channels channels, Inputs inputs,
                  const SplitPixels& in, int pixels, Finish& finish, const WeightsNext& next)
      : channels_(channels),
        in_(in),
        pixels_(pixels),
        panel_(SplitStride(weights.in, kParts) * kChannelBlock),
        first_(weights.weights.data() + channels.first / kChannelBlock * panel_ +
               SplitStride(inputs.first, kParts) * kChannelBlock),
        tiles_((inputs.count + kTileInputs - 1) / kTileInputs),
        chunks_((tiles_ + kChunk - 1) / kChunk),
        finish_(finish),
        next_(next) {}

  CNP_AMX void Run() {
    const TilesInUse tiles;
    for (int c = 0; c < channels_.count; c += kGroup) {
      const int channels = std::min(channels_.count - c, kGroup);
      const int next = std::min(channels_.count - c - channels, kGroup);
      const std::ptrdiff_t steps = std::ptrdiff_t{(pixels_ - 1) / (2 * kTilePixels) + 1} *
                                   ((channels - 1) / (2 * kChannelBlock) + 1) * tiles_ *
                                   ProductsOf(kParts);
      ahead_ = next == 0 ? WeightsAhead(next_, steps)
                         : WeightsAhead(first_ + (c + channels) / kChannelBlock * panel_,
                                        tiles_ * kTileBytes * static_cast<int>(kParts),
                                        next / kChannelBlock,
                                        panel_ * std::ptrdiff_t{sizeof(std::uint16_t)}, steps);
      for (int p = 0; p < pixels_; p += 2 * kTilePixels) {
        for (int chunk = 0; chunk < chunks_; ++chunk) {
          RunChunk({p, std::min(pixels_ - p, 2 * kTilePixels), c, channels, false}, chunk);
        }
      }
    }
    finish_.Rows(2 * kTilePixels);
  }

 private:
  static constexpr int kChunk = 12 / static_cast<int>(kParts);  // Tiles of inputs: 24 KB of pixels.
  static constexpr int kPieces = 8;                             // Whose sums wait.
  static constexpr int kGroup = kPieces * 2 * kChannelBlock;    // Their outputs.
  static constexpr std::ptrdiff_t kTileBytes = kTileValues * sizeof(std::uint16_t);

  CNP_AMX_INLINE void RunChunk(const Piece& pieces, int chunk) {
    const int first_tile = tiles_ * chunk / chunks_;
    const int last_tile = tiles_ * (chunk + 1) / chunks_;
    const std::ptrdiff_t skipped = SplitStride(first_tile * kTileInputs, kParts);
    const int rows = (2 * kTilePixels - 1) / ((last_tile - first_tile) * ProductsOf(kParts)) + 1;
    for (int c = 0; c < pieces.channels; c += 2 * kChannelBlock) {
      Piece piece = pieces;
      piece.channel += c;
      piece.channels = std::min(pieces.channels - c, 2 * kChannelBlock);
      piece.first = c == 0;
      const Operands from = {
          in_.values + piece.pixel * in_.stride + skipped,
          in_.stride * std::ptrdiff_t{sizeof(std::uint16_t)},
          first_ + piece.channel / kChannelBlock * panel_ + skipped * kChannelBlock, panel_,
          last_tile - first_tile};
      // One more than wait, for the piece that is being finished.
      Sums& sums = sums_[(begun_ + c / (2 * kChannelBlock)) % (chunks_ == 1 ? 2 : kPieces + 1)];
      const auto work = [&]() CNP_AMX {
        finish_.Rows(rows);
        ahead_.Step();
      };
      const bool begin = chunk == 0;
      if (piece.channels > kChannelBlock) {
        if (piece.pixels > kTilePixels) {
          Multiply<kParts, true, true>(from, begin, sums, work);
        } else {
          Multiply<kParts, false, true>(from, begin, sums, work);
        }
      } else {
        if (piece.pixels > kTilePixels) {
          Multiply<kParts, true, false>(from, begin, sums, work);
        } else {
          Multiply<kParts, false, false>(from, begin, sums, work);
        }
      }
      if (chunk + 1 == chunks_) {
        finish_.Rows(2 * kTilePixels);
        finish_.Begin(piece, sums);
      }
    }
    if (chunk + 1 == chunks_) begun_ += (pieces.channels - 1) / (2 * kChannelBlock) + 1;
  }

  Channels channels_;
  SplitPixels in_;
  int pixels_;
  std::ptrdiff_t panel_;
  const std::uint16_t* first_;
  int tiles_;
  int chunks_;
  Finish& finish_;
  const WeightsNext& next_;
  WeightsAhead ahead_;
  int begun_ = 0;
  Sums sums_[kPieces + 1];
};

// What is done with the sums of a piece, some rows (pixels) at a time.
template <TileParts kParts>
class SplitRelu {
 public:
  SplitRelu(const PackedTilePointwise& weights, Channels channels, const SplitPixels& to)
      : bias_(weights.bias.data() + channels.first), to_(to) {}

  CNP_AMX_INLINE void Begin(const Piece& piece, const Sums& sums) {
    sums_ = sums.values[0][0];
    piece_bias_ = bias_ + piece.channel;
    at_ = to_.values + piece.pixel * to_.stride + SplitStride(piece.channel, kParts);
    two_panels_ = piece.channels > kChannelBlock;
    left_ = piece.pixels;
  }

  CNP_AMX_INLINE void Rows(int rows) {
    rows = std::min(rows, left_);
    left_ -= rows;
    const float* sums = sums_;
    std::uint16_t* at = at_;
    const __m512 bias0 = _mm512_load_ps(piece_bias_);
    if (two_panels_) {
      const __m512 bias1 = _mm512_load_ps(piece_bias_ + kChannelBlock);
      for (; rows > 0; --rows) {
        StoreParts<kParts>(Relu(_mm512_add_ps(bias0, _mm512_load_ps(sums))),
                           Relu(_mm512_add_ps(bias1, _mm512_load_ps(sums + kPanelSums))), at);
        sums += kChannelBlock;
        at += to_.stride;
      }
    } else {
      for (; rows > 0; --rows) {
        StoreParts<kParts>(Relu(_mm512_add_ps(bias0, _mm512_load_ps(sums))), _mm512_setzero_ps(),
                           at);
        sums += kChannelBlock;
        at += to_.stride;
      }
    }
    sums_ = sums;
    at_ = at;
  }

 private:
  const float* bias_;
  SplitPixels to_;
  const float* sums_ = nullptr;
  const float* piece_bias_ = bias_;
  std::uint16_t* at_ = nullptr;
  bool two_panels_ = false;
  int left_ = 0;
};

class AddAndStore {
 public:
  AddAndStore(const PackedTilePointwise& weights, Inputs inputs, Activation activation,
              const ConstPixels& residual, const Pixels& out)
      : bias_(inputs.first == 0 ? weights.bias.data() : nullptr),
        relu_(activation == Activation::kRelu && inputs.first + inputs.count == weights.in),
        residual_(residual),
        out_(out) {
    if (bias_ == nullptr) residual_ = {out.data, out.width, out.row_stride, out.pixel_stride};
  }

  CNP_AMX_INLINE void Begin(const Piece& piece, const Sums& sums) {
    sums_ = sums.values[0][0];
    channel_ = piece.channel;
    two_panels_ = piece.channels > kChannelBlock;
    row_ = 0;
    end_ = piece.pixels;
    if (!piece.first) return;
    for (int row = 0; row < end_; ++row) {
      at_[row] = out_.At(piece.pixel + row);
      if (residual_.data != nullptr) plus_[row] = residual_.At(piece.pixel + row);
    }
  }

  CNP_AMX_INLINE void Rows(int rows) {
    const int end = std::min(end_, row_ + rows);
    for (int panel = 0; panel <= static_cast<int>(two_panels_); ++panel) {
      const int channel = channel_ + panel * kChannelBlock;
      const float* sums = sums_ + panel * kPanelSums + std::ptrdiff_t{row_} * kChannelBlock;
      const __m512 bias = bias_ != nullptr ? _mm512_load_ps(bias_ + channel) : _mm512_setzero_ps();
      for (int row = row_; row < end; ++row) {
        __m512 sum = _mm512_add_ps(bias, _mm512_load_ps(sums));
        if (residual_.data != nullptr) {
          sum = _mm512_add_ps(sum, _mm512_loadu_ps(plus_[row] + channel));
        }
        _mm512_storeu_ps(at_[row] + channel, relu_ ? Relu(sum) : sum);
        sums += kChannelBlock;
      }
    }
    row_ = end;
  }

 private:
  const float* bias_;  // Null: sums are added to those of earlier inputs.
  bool relu_;
  ConstPixels residual_;  // Or those sums.
  Pixels out_;
  const float* sums_ = nullptr;
  int channel_ = 0;
  bool two_panels_ = false;
  int row_ = 0;
  int end_ = 0;
  float* at_[2 * kTilePixels];  // The pixels of the piece.
  const float* plus_[2 * kTilePixels];
};

template <TileParts kParts>
CNP_AMX void PointwiseReluAll(const PackedTilePointwise& weights, Channels channels,
                              const SplitPixels& in, int pixels, const SplitPixels& split,
                              const WeightsNext& next) {
  SplitRelu<kParts> finish(weights, channels, split);
  Product<kParts, SplitRelu<kParts>>(weights, channels, {0, weights.in}, in, pixels, finish, next)
      .Run();
}

template <TileParts kParts>
CNP_AMX void PointwiseAll(const PackedTilePointwise& weights, Inputs inputs, const SplitPixels& in,
                          int pixels, Activation activation, const ConstPixels& residual,
                          const Pixels& out, const WeightsNext& next) {
  AddAndStore finish(weights, inputs, activation, residual, out);
  Product<kParts, AddAndStore>(weights, {0, weights.out}, inputs, in, pixels, finish, next).Run();
}

}  // namespace

bool AmxAvailable() {
  static const bool available = [] {
    unsigned a = 0;
    unsigned b = 0;
    unsigned c = 0;
    unsigned d = 0;
    constexpr unsigned kAmxBf16 = 1U << 22;
    constexpr unsigned kAmxTile = 1U << 24;
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return false;
    if ((d & kAmxBf16) == 0 || (d & kAmxTile) == 0) return false;
    // The system gives each process room for tile registers only when it asks (Linux 5.16).
    constexpr int kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
    constexpr int kTileData = 18;               // XFEATURE_XTILEDATA
    return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
  }();
  return available;
}

void AmxSplit(const PackedTilePointwise& weights, const PointwiseInput& in, int pixels,
              const SplitPixels& split) {
  const auto all =
      weights.parts == TileParts::kTwo ? SplitAll<TileParts::kTwo> : SplitAll<TileParts::kThree>;
  all(weights, in, pixels, split);
}

void AmxPointwiseRelu(const PackedTilePointwise& weights, Channels channels, const SplitPixels& in,
                      int pixels, const SplitPixels& split, const WeightsNext& next) {
  const auto all = weights.parts == TileParts::kTwo ? PointwiseReluAll<TileParts::kTwo>
                                                    : PointwiseReluAll<TileParts::kThree>;
  all(weights, channels, in, pixels, split, next);
}

void AmxPointwise(const PackedTilePointwise& weights, Inputs inputs, const SplitPixels& in,
                  int pixels, Activation activation, const ConstPixels& residual, const Pixels& out,
                  const WeightsNext& next) {
  const auto all = weights.parts == TileParts::kTwo ? PointwiseAll<TileParts::kTwo>
                                                    : PointwiseAll<TileParts::kThree>;
  all(weights, inputs, in, pixels, activation, residual, out, next);
}

}  // namespace cnp::engine

#else

namespace cnp::engine {

bool AmxAvailable() { return false; }

void AmxSplit(const PackedTilePointwise& /*weights*/, const PointwiseInput& /*in*/, int /*pixels*/,
              const SplitPixels& /*split*/) {
  CNP_CHECK(false, "no tiles here");
}
void AmxPointwiseRelu(const PackedTilePointwise& /*weights*/, Channels /*channels*/,
                      const SplitPixels& /*in*/, int /*pixels*/, const SplitPixels& /*split*/,
                      const WeightsNext& /*next*/) {
  CNP_CHECK(false, "no tiles here");
}
void AmxPointwise(const PackedTilePointwise& /*weights*/, Inputs /*inputs*/,
                  const SplitPixels& /*in*/, int /*pixels*/, Activation /*activation*/,
                  const ConstPixels& /*residual*/, const Pixels& /*out*/,
                  const WeightsNext& /*next*/) {
  CNP_CHECK(false, "no tiles here");
}

}  // namespace cnp::engine

#endif

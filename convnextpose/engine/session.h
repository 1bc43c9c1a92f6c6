// Runs a Network: the activations' memory, and the forward pass.
#pragma once

#include <span>
#include <vector>

#include "convnextpose/base/aligned.h"
#include "convnextpose/base/thread_pool.h"
#include "convnextpose/engine/network.h"

namespace cnp::engine {

/// One workspace for batches of up to `max_batch` pictures, allocated at construction: running
/// allocates nothing. Use one session from one thread at a time; sessions may share a Network and a
/// ThreadPool, both of which must outlive them.
class Session {
 public:
  Session(const Network& network, ThreadPool& pool, int max_batch = 1);

  /// input: [batch, height, width, 3] RGB, normalised as the network was trained
  /// ((value / 255 - mean) / std). joints: [batch, network.joints()].
  /// The same bits for any number of threads and any batch that a picture travels in.
  /// Precondition: 1 <= batch <= max_batch, and spans of those sizes.
  void Run(std::span<const float> input, int batch, std::span<JointEstimate> joints);

  /// From now on every run adds its times to `profile`, which it empties first; null: no longer.
  void SetProfile(Profile* profile);

  /// Bytes of activations and scratch.
  [[nodiscard]] std::size_t WorkspaceBytes() const;

 private:
  // One picture's activations after another, of the same shape; a view.
  template <typename T>
  struct Pictures {
    PixelView<T> first;
    std::ptrdiff_t stride = 0;
    [[nodiscard]] PixelView<T> operator[](int n) const {
      return {first.data + n * stride, first.width, first.row_stride, first.pixel_stride};
    }
  };
  using In = Pictures<const float>;
  using Out = Pictures<float>;

  // What a step writes, [max_batch, border + height + border, border + width + border, padded C]:
  // the border stays zero, and is at least as wide as the depthwise that reads it needs.
  struct Activations {
    model::Shape shape;
    int border = 0;
    std::size_t buffer = 0;

    [[nodiscard]] std::size_t floats() const;  // Of one picture.
    [[nodiscard]] Out View(float* data) const;
  };
  // Activations in the form that a product wants.
  struct Rounded {
    AlignedVector<std::uint8_t> values;  // Whole numbers, with their scales.
    AlignedVector<float> scales;
    AlignedVector<std::uint16_t> parts;
  };
  // Memory of one thread while it works on one tile of pixels.
  struct Scratch {
    AlignedVector<float> patch;   // The depthwise output; a joint's heatmap.
    AlignedVector<float> hidden;  // Between the two matrix products; the marginals of heatmaps.
    Rounded rounded;              // What a product reads, and
    Rounded hidden_rounded;       // what the second one reads.
  };

  void RunStep(const PatchConvStep& step, const In& in, const Out& out);
  void RunStep(const BlockStep& step, const In& in, const Out& out);
  void RunStep(const AffineStep& step, const In& in, const Out& out);
  void RunStep(const SeparableStep& step, const In& in, const Out& out);
  void RunStep(const UpsampleStep& step, const In& in, const Out& out);
  void RunStep(const HeatmapStep& step, const In& in, const Out& out);

  // Rows of one picture's output, and the thread that computes them.
  struct Tile {
    int picture;
    int row;
    int rows;
    int worker;
  };
  // Calls body(tile) in parallel for tiles that cover every picture.
  template <typename Body>
  void ForTiles(const model::Shape& shape, const Body& body);
  [[nodiscard]] int RowsPerTile(const Step& step, int pictures) const;
  // What a product reads: floats, or the same rounded for it, or in parts.
  struct ProductInput {
    PointwiseInput floats;
    Quantised rounded;
    SplitPixels parts;
    // The same, beginning at a later pixel; for inputs that lie in one row.
    [[nodiscard]] ProductInput From(int pixel) const {
      ProductInput later = *this;
      later.floats.data += pixel * floats.pixel_stride;
      later.rounded.values += pixel * rounded.value_stride;
      later.rounded.scales += pixel * rounded.scale_stride;
      later.parts.values += pixel * parts.stride;
      return later;
    }
  };
  static ProductInput Place(const Product& product, const PointwiseInput& in, Rounded& memory);
  static void Prepare(const Product& product, const ProductInput& in, int pixels);
  static void Multiply(const Product& product, Channels channels, const ProductInput& in,
                       int pixels, Activation activation, const Pixels& out);
  static void Multiply(const ReluProduct& product, Inputs inputs, const float* in,
                       std::ptrdiff_t in_stride, int pixels, const ConstPixels& residual,
                       Rounded& memory, const Pixels& out);
  // Rows of a tile that go through both products of a block together.
  struct Strip : Tile {
    bool first = false;  // Of its tile.
    bool last = false;
  };
  void RunStrip(const BlockStep& step, Channels chunk, const ProductInput& x, const In& in,
                const Out& out, const Strip& strip);
  [[nodiscard]] WeightsNext NextHidden(const BlockStep& step, Channels chunk) const;
  PointwiseInput RunDepthwise(const PackedDepthwise& dwconv, const model::Shape& shape,
                              const In& in, const Tile& tile, int timed);
  [[nodiscard]] LayerTimer Time(int layer, const Tile& tile) const {
    return {profile_, layer, tile.worker};
  }
  void PlanActivations(int max_batch);
  void SizeScratch(int max_batch);

  const Network& network_;
  ThreadPool& pool_;
  std::vector<Activations> activations_;       // Of each step.
  std::vector<AlignedVector<float>> buffers_;  // Shared by steps that do not follow one another.
  std::vector<Scratch> scratch_;               // Of each thread.
  Rounded heatmap_input_;                      // What all joints' products read.
  int max_batch_ = 1;
  int batch_ = 0;                          // Of the run in progress.
  int tile_rows_ = 0;                      // Of its step in progress.
  const BlockStep* next_block_ = nullptr;  // Behind that step, if it is one.
  std::span<JointEstimate> joints_;
  Profile* profile_ = nullptr;
};

}  // namespace cnp::engine

#include "convnextpose/engine/session.h"

#include <algorithm>

namespace cnp::engine {
namespace {

// Pixels that go from a block's first matrix product to its second together: what lies between
// stays in the first-level cache.
constexpr int kStripPixels = 64;
// Activations of one tile: they stay in a second-level cache of 1 MB beside the weights in use.
constexpr std::size_t kTileBytes = 384 << 10;

template <typename... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <typename... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

model::Shape OutputShape(const Step& step) {
  return std::visit(Overloaded{
                        [](const PatchConvStep& s) { return s.out; },
                        [](const BlockStep& s) { return s.shape; },
                        [](const AffineStep& s) { return s.shape; },
                        [](const SeparableStep& s) { return s.out; },
                        [](const UpsampleStep& s) {
                          return model::Shape{2 * s.in.height, 2 * s.in.width, s.in.channels};
                        },
                        [](const HeatmapStep& s) {
                          return model::Shape{s.in.height, s.in.width, s.final_layer.out};
                        },
                    },
                    step);
}

// Zero border that a step reads around its input.
int Reach(const Step& step) {
  return std::visit(Overloaded{
                        [](const BlockStep& s) { return s.dwconv.kernel / 2; },
                        [](const SeparableStep& s) { return s.dwconv.kernel / 2; },
                        [](const auto&) { return 0; },
                    },
                    step);
}

template <typename Packed>
std::size_t Bytes(const Packed& weights) {
  return weights.weights.size() * sizeof(float);
}

// What a tile of a step brings into the caches.
struct Traffic {
  std::size_t weights = 0;  // Bytes, once a tile.
  int activations = 0;      // Floats a pixel.
};
Traffic TrafficOf(const Step& step) {
  return std::visit(
      Overloaded{
          [](const PatchConvStep& s) {
            return Traffic{Bytes(s.weights), s.weights.in + s.weights.out};
          },
          [](const BlockStep& s) {
            return Traffic{Bytes(s.pwconv1) + Bytes(s.pwconv2), 2 * s.dwconv.channels};
          },
          [](const SeparableStep& s) {
            return Traffic{Bytes(s.pwconv), s.pwconv.in + s.pwconv.out};
          },
          [](const HeatmapStep& s) {
            return Traffic{Bytes(s.final_layer), s.final_layer.in + s.final_layer.out};
          },
          [](const auto&) {
            return Traffic{0, 1};
          },
      },
      step);
}

// A tile's pixels: enough to use each weight often while it is in the caches, few enough for the
// activations to stay there too.
int TilePixels(const Step& step) {
  const auto [weights, activations] = TrafficOf(step);
  const std::size_t fitting = std::min(weights, kTileBytes) / (activations * sizeof(float));
  return std::max(kStripPixels, static_cast<int>(fitting));
}

int StripRows(int width) { return std::max(1, kStripPixels / width); }

// Hidden channels of a block that are computed together.
Channels HiddenChunk(const BlockStep& step, int first) {
  return {first, std::min(step.pwconv2.chunk, step.pwconv1.out - first)};
}

// Floats that a step needs in Scratch::patch for a pixel of its tile, and in Scratch::hidden.
std::pair<int, int> ScratchOf(const Step& step) {
  return std::visit(Overloaded{
                        [](const PatchConvStep& s) { return std::pair(s.weights.in, 0); },
                        [](const BlockStep& s) {
                          const int pixels = StripRows(s.shape.width) * s.shape.width;
                          return std::pair(s.dwconv.channels, pixels * HiddenChunk(s, 0).count);
                        },
                        [](const SeparableStep& s) { return std::pair(s.dwconv.channels, 0); },
                        [](const auto&) { return std::pair(0, 0); },
                    },
                    step);
}

// Around a picture's first pixel: where a depthwise of that reach begins to read.
ConstPixels Around(const ConstPixels& picture, int reach) {
  ConstPixels around = picture;
  around.data = picture.At(-reach, -reach);
  return around;
}

}  // namespace

Session::Activations::Activations(const model::Shape& shape_in, int border_in, int max_batch)
    : shape(shape_in), border(border_in) {
  values.resize(static_cast<std::size_t>(max_batch) * (shape.height + 2 * border) *
                (shape.width + 2 * border) * PaddedChannels(shape.channels));
}

Session::Out Session::Activations::View() {
  const int channels = PaddedChannels(shape.channels);
  const std::ptrdiff_t row = std::ptrdiff_t{shape.width + 2 * border} * channels;
  const Pixels whole = {values.data(), shape.width, row, channels};
  return {{whole.At(border, border), shape.width, row, channels},
          row * (shape.height + 2 * border)};
}

Session::Session(const Network& network, ThreadPool& pool, int max_batch)
    : network_(network), pool_(pool), max_batch_(max_batch) {
  CNP_CHECK(max_batch >= 1, "a batch has at least one picture");
  PlanActivations(max_batch);
  SizeScratch(max_batch);
}

// A step reads only what the one before it wrote, so all others of the same geometry, whose border
// is zero already, may be overwritten: the blocks of a stage take turns between two.
void Session::PlanActivations(int max_batch) {
  const std::vector<Step>& steps = network_.steps();
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const model::Shape shape = OutputShape(steps[i]);
    const int border = i + 1 < steps.size() ? Reach(steps[i + 1]) : 0;
    std::size_t chosen = 0;
    while (chosen < activations_.size() &&
           ((i > 0 && chosen == output_[i - 1]) || activations_[chosen].shape != shape ||
            activations_[chosen].border != border)) {
      ++chosen;
    }
    if (chosen == activations_.size()) activations_.emplace_back(shape, border, max_batch);
    output_.push_back(chosen);
  }
}

void Session::SizeScratch(int max_batch) {
  std::size_t patch = 0;
  std::size_t hidden = SoftArgmaxScratch(network_.heatmap());
  for (const Step& step : network_.steps()) {
    const model::Shape shape = OutputShape(step);
    const std::size_t pixels = static_cast<std::size_t>(RowsPerTile(step, max_batch)) * shape.width;
    const auto [patch_floats, hidden_floats] = ScratchOf(step);
    patch = std::max(patch, pixels * patch_floats);
    hidden = std::max(hidden, static_cast<std::size_t>(hidden_floats));
  }
  scratch_.resize(pool_.size());
  for (Scratch& scratch : scratch_) {
    scratch.patch.resize(patch);
    scratch.hidden.resize(hidden);
  }
}

void Session::SetProfile(Profile* profile) {
  profile_ = profile;
  if (profile != nullptr) {
    profile->Reset(static_cast<int>(network_.timed_layers().size()), pool_.size());
  }
}

std::size_t Session::WorkspaceBytes() const {
  std::size_t floats = 0;
  for (const Activations& activations : activations_) floats += activations.values.size();
  for (const Scratch& scratch : scratch_) floats += scratch.patch.size() + scratch.hidden.size();
  return floats * sizeof(float);
}

int Session::RowsPerTile(const Step& step, int pictures) const {
  const model::Shape shape = OutputShape(step);
  const int for_cache = std::max(1, TilePixels(step) / shape.width);
  const int for_threads = std::max(1, shape.height * pictures / pool_.size());
  return std::min({for_cache, for_threads, shape.height});
}

template <typename Body>
void Session::ForTiles(const model::Shape& shape, const Body& body) {
  const int tiles = (shape.height + tile_rows_ - 1) / tile_rows_;
  pool_.ParallelFor(batch_ * tiles, [&](int task, int worker) {
    const int row = task % tiles * tile_rows_;
    body(Tile{task / tiles, row, std::min(tile_rows_, shape.height - row), worker});
  });
}

void Session::Run(std::span<const float> input, int batch, std::span<JointEstimate> joints) {
  CNP_CHECK(batch >= 1 && batch <= max_batch_, "batch is larger than the session was made for");
  const model::Shape& shape = network_.input();
  CNP_CHECK(input.size() == static_cast<std::size_t>(batch * shape.elements()),
            "input is not [batch, height, width, 3]");
  CNP_CHECK(joints.size() == static_cast<std::size_t>(batch) * network_.joints(),
            "joints is not [batch, joints]");
  batch_ = batch;
  joints_ = joints;
  In in = {
      {input.data(), shape.width, std::ptrdiff_t{shape.width} * shape.channels, shape.channels},
      shape.elements()};
  for (std::size_t i = 0; i < output_.size(); ++i) {
    const Out out = activations_[output_[i]].View();
    tile_rows_ = RowsPerTile(network_.steps()[i], batch);
    std::visit([&](const auto& step) { RunStep(step, in, out); }, network_.steps()[i]);
    in = {out.first, out.stride};
  }
}

void Session::RunStep(const PatchConvStep& step, const In& in, const Out& out) {
  const int pixel_stride = static_cast<int>(in.first.pixel_stride);
  ForTiles(step.out, [&](const Tile& tile) {
    const LayerTimer timer = Time(step.timed, tile);
    // A row of a patch is one run of floats.
    const PointwiseInput patches = {.data = in[tile.picture].At(tile.row * step.kernel, 0),
                                    .pixel_stride = step.kernel * pixel_stride,
                                    .run_length = step.kernel * pixel_stride,
                                    .runs = step.kernel,
                                    .run_stride = in.first.row_stride,
                                    .width = step.out.width,
                                    .row_stride = step.kernel * in.first.row_stride};
    Pointwise(step.weights, {0, step.weights.out}, patches, tile.rows * step.out.width,
              Activation::kNone, out[tile.picture].From(tile.row));
  });
}

// The depthwise convolution of a tile's rows, into the worker's scratch.
Pixels Session::RunDepthwise(const PackedDepthwise& dwconv, const In& in, const Tile& tile,
                             int timed) {
  const LayerTimer timer = Time(timed, tile);
  const int width = in.first.width;
  const int channels = dwconv.channels;
  const Pixels out = {scratch_[tile.worker].patch.data(), width, std::ptrdiff_t{width} * channels,
                      channels};
  Depthwise(dwconv, Around(in[tile.picture].From(tile.row), dwconv.kernel / 2), tile.rows, out);
  return out;
}

// Hidden channels go chunk by chunk: each chunk's weights are fetched once for the whole tile, and
// its activations of a strip of pixels never leave the first-level cache.
void Session::RunStep(const BlockStep& step, const In& in, const Out& out) {
  const int width = step.shape.width;
  const int strip = StripRows(width);
  ForTiles(step.shape, [&](const Tile& tile) {
    const Pixels x = RunDepthwise(step.dwconv, in, tile, step.timed);
    for (int first = 0; first < step.pwconv1.out; first += step.pwconv2.chunk) {
      const Channels chunk = HiddenChunk(step, first);
      const Inputs inputs = {first, std::min(chunk.count, step.pwconv2.in - first)};
      const Pixels hidden = {scratch_[tile.worker].hidden.data(), width,
                             std::ptrdiff_t{width} * chunk.count, chunk.count};
      for (int row = 0; row < tile.rows; row += strip) {
        const int pixels = std::min(strip, tile.rows - row) * width;
        {
          const LayerTimer timer = Time(step.timed + 1, tile);
          const PointwiseInput depthwise = {
              .data = x.At(row, 0), .pixel_stride = x.pixel_stride, .run_length = step.pwconv1.in};
          Pointwise(step.pwconv1, chunk, depthwise, pixels, Activation::kRelu, hidden);
        }
        const LayerTimer timer = Time(step.timed + 2, tile);
        SparsePointwise(step.pwconv2, inputs, hidden.data, hidden.pixel_stride, pixels,
                        in[tile.picture].From(tile.row + row),
                        out[tile.picture].From(tile.row + row));
      }
    }
  });
}

void Session::RunStep(const AffineStep& step, const In& in, const Out& out) {
  ForTiles(step.shape, [&](const Tile& tile) {
    const LayerTimer timer = Time(step.timed, tile);
    const int channels = static_cast<int>(step.scale.size());
    const int width = step.shape.width;
    for (int p = tile.row * width; p < (tile.row + tile.rows) * width; ++p) {
      const float* from = in[tile.picture].At(p);
      float* to = out[tile.picture].At(p);
      for (int c = 0; c < channels; ++c) to[c] = from[c] * step.scale[c] + step.shift[c];
    }
  });
}

void Session::RunStep(const SeparableStep& step, const In& in, const Out& out) {
  ForTiles(step.out, [&](const Tile& tile) {
    const Pixels x = RunDepthwise(step.dwconv, in, tile, step.timed);
    const LayerTimer timer = Time(step.timed + 1, tile);
    Pointwise(step.pwconv, x.data, x.pixel_stride, tile.rows * step.out.width, Activation::kRelu,
              out[tile.picture].From(tile.row));
  });
}

void Session::RunStep(const UpsampleStep& step, const In& in, const Out& out) {
  const int channels = PaddedChannels(step.in.channels);
  ForTiles({2 * step.in.height, 2 * step.in.width, step.in.channels}, [&](const Tile& tile) {
    const LayerTimer timer = Time(step.timed, tile);
    for (int y = tile.row; y < tile.row + tile.rows; ++y) {
      UpsampleRow(in[tile.picture], channels, step.rows[y], step.columns,
                  out[tile.picture].From(y));
    }
  });
}

void Session::RunStep(const HeatmapStep& step, const In& in, const Out& out) {
  ForTiles(step.in, [&](const Tile& tile) {
    const LayerTimer timer = Time(step.timed, tile);
    // Neither side has a border: all rows of the tile are one run of pixels.
    SparsePointwise(step.final_layer, in[tile.picture].At(tile.row, 0), in.first.pixel_stride,
                    tile.rows * step.in.width, {}, out[tile.picture].From(tile.row));
  });
  const int joints = step.heatmap.joints;
  pool_.ParallelFor(batch_ * joints, [&](int task, int worker) {
    const LayerTimer timer(profile_, step.timed + 1, worker);
    joints_[task] =
        SoftArgmax(step.heatmap, out[task / joints], task % joints, scratch_[worker].hidden);
  });
}

}  // namespace cnp::engine

#include "convnextpose/engine/session.h"

#include <algorithm>

#include "convnextpose/base/overloaded.h"

namespace cnp::engine {
namespace {

// Pixels that go from a block's first matrix product to its second together: what lies between
// stays in the first-level cache.
constexpr int kStripPixels = 64;
// Activations of one tile, as many as its weights but within bounds: enough for neighbouring tiles
// to share few of the rows that a depthwise reads, and few enough to stay in a second-level cache
// of 1 MB beside the weights in use.
constexpr std::size_t kMinTileBytes = 96 << 10;
constexpr std::size_t kMaxTileBytes = 384 << 10;
// Products by tiles (AMX) use weights up faster than they arrive from beyond the second-level
// cache, which is of 2 MB on those processors.
constexpr std::size_t kMaxTileBytesForTiles = 1 << 20;

model::Shape OutputShape(const Step& step) {
  return std::visit(
      Overloaded{
          [](const PatchConvStep& s) { return s.out; },
          [](const BlockStep& s) { return s.shape; },
          [](const AffineStep& s) { return s.shape; },
          [](const SeparableStep& s) { return s.out; },
          [](const UpsampleStep& s) {
            return model::Shape{2 * s.in.height, 2 * s.in.width, s.in.channels};
          },
          [](const HeatmapStep& s) {
            return model::Shape{s.in.height, s.in.width, 0};  // Joints are all it leaves.
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

// Does it not mind a border that it does not read?
bool TakesWiderBorder(const Step& step) {
  return std::holds_alternative<PatchConvStep>(step) || std::holds_alternative<AffineStep>(step);
}

template <typename Packed>
std::size_t Bytes(const Packed& product) {
  return std::visit(
      [](const auto& packed) { return packed.weights.size() * sizeof(packed.weights[0]); },
      product);
}
template <typename Packed>
int InAndOut(const Packed& product) {
  return std::visit([](const auto& packed) { return packed.in + packed.out; }, product);
}

// What a tile of a step brings into the caches.
struct Traffic {
  std::size_t weights = 0;  // Bytes, once a tile.
  int activations = 0;      // Floats a pixel.
  std::size_t most = kMaxTileBytes;
};
template <typename Packed>
std::size_t MostBytes(const Packed& product) {
  return std::holds_alternative<PackedTilePointwise>(product) ? kMaxTileBytesForTiles
                                                              : kMaxTileBytes;
}
Traffic TrafficOf(const Step& step) {
  return std::visit(
      Overloaded{
          [](const PatchConvStep& s) {
            return Traffic{Bytes(s.weights), InAndOut(s.weights), MostBytes(s.weights)};
          },
          [](const BlockStep& s) {
            return Traffic{Bytes(s.pwconv1) + Bytes(s.pwconv2), 2 * s.dwconv.channels,
                           MostBytes(s.pwconv1)};
          },
          [](const SeparableStep& s) {
            return Traffic{Bytes(s.pwconv), InAndOut(s.pwconv), MostBytes(s.pwconv)};
          },
          [](const HeatmapStep& s) {
            return Traffic{0, InAndOut(s.final_layer.front())};  // Only prepares its input.
          },
          // Nothing is read twice: the threads' shares are small enough.
          [](const auto&) {
            return Traffic{0, 1};
          },
      },
      step);
}

int TilePixels(const Step& step) {
  const auto [weights, activations, most] = TrafficOf(step);
  const std::size_t bytes = std::clamp(weights / 2, kMinTileBytes, most);
  return static_cast<int>(bytes / (activations * sizeof(float)));
}

int StripRows(int width) { return std::max(1, kStripPixels / width); }

// Hidden channels of a block that are computed together.
Channels HiddenChunk(const BlockStep& step, int first) {
  return {first, std::min(step.chunk, step.hidden - first)};
}

// Bytes and scales of one pixel's activations rounded for a product, or numbers of them in parts; 0
// where it takes floats.
struct RoundedSize {
  int bytes = 0;
  int scales = 0;
  std::ptrdiff_t parts = 0;
};
template <typename Packed>
RoundedSize RoundedSizeOf(const Packed& product) {
  if (const auto* dot = std::get_if<PackedDotPointwise>(&product)) {
    return {PaddedChannels(dot->in) * dot->bytes_per_input(), dot->blocks()};
  }
  if (const auto* tiles = std::get_if<PackedTilePointwise>(&product)) {
    return {.parts = SplitStride(tiles->in, tiles->parts)};
  }
  return {};
}

// Pixels that a product by tiles may read, of so many that count.
std::size_t WholeTiles(std::size_t pixels) { return pixels + kTilePixels - 1; }

// What the steps need: floats and rounded activations of each pixel of a tile, and of the strip
// between the two products of a block.
struct ScratchSize {
  int patch = 0;
  RoundedSize rounded;
  std::size_t hidden = 0;  // Of the whole strip.
  std::size_t hidden_bytes = 0;
  std::size_t hidden_scales = 0;
  std::size_t hidden_parts = 0;
};
ScratchSize ScratchOf(const Step& step) {
  return std::visit(Overloaded{
                        [](const PatchConvStep& s) {
                          return ScratchSize{0, RoundedSizeOf(s.weights)};
                        },
                        [](const BlockStep& s) {
                          const std::size_t pixels =
                              static_cast<std::size_t>(StripRows(s.shape.width)) * s.shape.width;
                          if (const auto* tiles = std::get_if<PackedTilePointwise>(&s.pwconv2)) {
                            return ScratchSize{
                                .patch = s.dwconv.channels,
                                .rounded = RoundedSizeOf(s.pwconv1),
                                .hidden_parts = WholeTiles(pixels) *
                                                SplitStride(HiddenChunk(s, 0).count, tiles->parts)};
                          }
                          const bool rounds = RoundedSizeOf(s.pwconv2).bytes != 0;
                          const std::size_t chunk = pixels * HiddenChunk(s, 0).count;
                          return ScratchSize{s.dwconv.channels, RoundedSizeOf(s.pwconv1), chunk,
                                             rounds ? chunk * sizeof(std::int16_t) : 0,
                                             rounds ? pixels : 0};
                        },
                        [](const SeparableStep& s) {
                          return ScratchSize{s.dwconv.channels, RoundedSizeOf(s.pwconv)};
                        },
                        [](const auto&) { return ScratchSize{}; },
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

std::size_t Session::Activations::floats() const {
  return static_cast<std::size_t>(shape.height + 2 * border) * (shape.width + 2 * border) *
         PaddedChannels(shape.channels);
}

Session::Out Session::Activations::View(float* data) const {
  const int channels = PaddedChannels(shape.channels);
  const std::ptrdiff_t row = std::ptrdiff_t{shape.width + 2 * border} * channels;
  const Pixels whole = {data, shape.width, row, channels};
  return {{whole.At(border, border), shape.width, row, channels},
          static_cast<std::ptrdiff_t>(floats())};
}

Session::Session(const Network& network, ThreadPool& pool, int max_batch)
    : network_(network), pool_(pool), max_batch_(max_batch) {
  CNP_CHECK(max_batch >= 1, "a batch has at least one picture");
  PlanActivations(max_batch);
  SizeScratch(max_batch);
}

// A step reads only what the one before it wrote, so all other buffers may be overwritten: any
// where neither has a border, else one of the same shape, whose border is zero already.
void Session::PlanActivations(int max_batch) {
  const std::vector<Step>& steps = network_.steps();
  std::vector<Activations> users;  // The first of each buffer.
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const bool last = i + 1 == steps.size();
    Activations output = {OutputShape(steps[i]), last ? 0 : Reach(steps[i + 1])};
    const auto fits = [&](const Activations& user) {
      if (user.border == 0 && output.border == 0) return true;
      const bool wider = !last && TakesWiderBorder(steps[i + 1]) && user.border > output.border;
      return user.shape == output.shape && (user.border == output.border || wider);
    };
    while (
        output.buffer < users.size() &&
        ((i > 0 && activations_[i - 1].buffer == output.buffer) || !fits(users[output.buffer]))) {
      ++output.buffer;
    }
    if (output.buffer == users.size()) users.push_back(output);
    output.border = users[output.buffer].border;
    activations_.push_back(output);
  }
  buffers_.resize(users.size());
  for (const Activations& output : activations_) {
    AlignedVector<float>& buffer = buffers_[output.buffer];
    buffer.resize(std::max(buffer.size(), max_batch * output.floats()));
  }
}

void Session::SizeScratch(int max_batch) {
  Scratch size;
  size.hidden.resize(SoftArgmaxScratch(network_.heatmap()));
  const auto grow = [](auto& vector, std::size_t count) {
    vector.resize(std::max(vector.size(), count));
  };
  for (const Step& step : network_.steps()) {
    const std::size_t pixels =
        static_cast<std::size_t>(RowsPerTile(step, max_batch)) * OutputShape(step).width;
    const ScratchSize needed = ScratchOf(step);
    grow(size.patch, pixels * needed.patch);
    grow(size.rounded.values, pixels * needed.rounded.bytes);
    grow(size.rounded.scales, pixels * needed.rounded.scales);
    grow(size.rounded.parts, WholeTiles(pixels) * needed.rounded.parts);
    grow(size.hidden, needed.hidden);
    grow(size.hidden_rounded.values, needed.hidden_bytes);
    grow(size.hidden_rounded.scales, needed.hidden_scales);
    grow(size.hidden_rounded.parts, needed.hidden_parts);
  }
  const auto& heatmap = std::get<HeatmapStep>(network_.steps().back());
  const std::size_t pixels = static_cast<std::size_t>(heatmap.in.height) * heatmap.in.width;
  grow(size.patch, pixels * PaddedChannels(heatmap.heatmap.depth_bins));
  const RoundedSize input = RoundedSizeOf(heatmap.final_layer.front());
  grow(heatmap_input_.values, max_batch * pixels * input.bytes);
  grow(heatmap_input_.scales, max_batch * pixels * input.scales);
  grow(heatmap_input_.parts, WholeTiles(max_batch * pixels) * input.parts);
  scratch_.assign(pool_.size(), size);
}

void Session::SetProfile(Profile* profile) {
  profile_ = profile;
  if (profile != nullptr) {
    profile->Reset(static_cast<int>(network_.timed_layers().size()), pool_.size());
  }
}

std::size_t Session::WorkspaceBytes() const {
  const auto bytes_of = [](const auto& values) { return values.size() * sizeof(values[0]); };
  const auto rounded_bytes = [&](const Rounded& rounded) {
    return bytes_of(rounded.values) + bytes_of(rounded.scales) + bytes_of(rounded.parts);
  };
  std::size_t bytes = rounded_bytes(heatmap_input_);
  for (const AlignedVector<float>& buffer : buffers_) bytes += bytes_of(buffer);
  for (const Scratch& scratch : scratch_) {
    bytes += bytes_of(scratch.patch) + bytes_of(scratch.hidden) + rounded_bytes(scratch.rounded) +
             rounded_bytes(scratch.hidden_rounded);
  }
  return bytes;
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
  for (std::size_t i = 0; i < activations_.size(); ++i) {
    const Out out = activations_[i].View(buffers_[activations_[i].buffer].data());
    tile_rows_ = RowsPerTile(network_.steps()[i], batch);
    const bool last = i + 1 == activations_.size();
    next_block_ = last ? nullptr : std::get_if<BlockStep>(&network_.steps()[i + 1]);
    std::visit([&](const auto& step) { RunStep(step, in, out); }, network_.steps()[i]);
    in = {out.first, out.stride};
  }
}

// Activations as `product` reads them: they will lie in `memory`, or stay where they are.
Session::ProductInput Session::Place(const Product& product, const PointwiseInput& in,
                                     Rounded& memory) {
  const auto [bytes, scales, parts] = RoundedSizeOf(product);
  return {in,
          {memory.values.data(), bytes, memory.scales.data(), scales},
          {memory.parts.data(), parts}};
}

// Puts them there.
void Session::Prepare(const Product& product, const ProductInput& in, int pixels) {
  if (const auto* dot = std::get_if<PackedDotPointwise>(&product)) {
    Quantise(*dot, {0, dot->in}, in.floats, pixels, in.rounded);
  } else if (const auto* tiles = std::get_if<PackedTilePointwise>(&product)) {
    Split(*tiles, in.floats, pixels, in.parts);
  }
}

void Session::Multiply(const Product& product, Channels channels, const ProductInput& in,
                       int pixels, Activation activation, const Pixels& out) {
  std::visit(Overloaded{
                 [&](const auto& weights) {
                   Pointwise(weights, channels, in.floats, pixels, activation, out);
                 },
                 [&](const PackedDotPointwise& weights) {
                   DotPointwise(weights, channels, {0, weights.in}, in.rounded, pixels, activation,
                                {}, out);
                 },
                 [&](const PackedTilePointwise& weights) {
                   CNP_CHECK(channels.count == weights.out, "all channels of a layer");
                   TilePointwise(weights, {0, weights.in}, in.parts, pixels, activation, {}, out);
                 },
             },
             product);
}

// Adds the products of `inputs`, which lie side by side in `in`.
void Session::Multiply(const ReluProduct& product, Inputs inputs, const float* in,
                       std::ptrdiff_t in_stride, int pixels, const ConstPixels& residual,
                       Rounded& memory, const Pixels& out) {
  std::visit(
      Overloaded{
          [&](const PackedSparsePointwise& weights) {
            const Inputs some = {inputs.first, std::min(inputs.count, weights.in - inputs.first)};
            SparsePointwise(weights, some, in, in_stride, pixels, residual, out);
          },
          [&](const PackedDotPointwise& weights) {
            const std::ptrdiff_t bytes =
                std::ptrdiff_t{PaddedChannels(inputs.count)} * weights.bytes_per_input();
            const Quantised rounded = {memory.values.data(), bytes, memory.scales.data(),
                                       (inputs.count + weights.block - 1) / weights.block};
            const PointwiseInput floats = {
                .data = in, .pixel_stride = in_stride, .run_length = inputs.count};
            Quantise(weights, inputs, floats, pixels, rounded);
            DotPointwise(weights, {0, weights.out}, inputs, rounded, pixels, Activation::kNone,
                         residual, out);
          },
          [&](const PackedTilePointwise&) { CNP_CHECK(false, "reads what pwconv1 has split"); },
      },
      product);
}

void Session::RunStep(const PatchConvStep& step, const In& in, const Out& out) {
  const int pixel_stride = static_cast<int>(in.first.pixel_stride);
  ForTiles(step.out, [&](const Tile& tile) {
    const LayerTimer timer = Time(step.timed, tile);
    const int pixels = tile.rows * step.out.width;
    // A row of a patch is one run of floats.
    const PointwiseInput patches = {.data = in[tile.picture].At(tile.row * step.kernel, 0),
                                    .pixel_stride = std::ptrdiff_t{step.kernel} * pixel_stride,
                                    .run_length = step.kernel * pixel_stride,
                                    .runs = step.kernel,
                                    .run_stride = in.first.row_stride,
                                    .width = step.out.width,
                                    .row_stride = step.kernel * in.first.row_stride};
    const ProductInput input = Place(step.weights, patches, scratch_[tile.worker].rounded);
    Prepare(step.weights, input, pixels);
    Multiply(step.weights, {0, PaddedChannels(step.out.channels)}, input, pixels, Activation::kNone,
             out[tile.picture].From(tile.row));
  });
}

// The depthwise convolution of a tile's rows, into the worker's scratch.
PointwiseInput Session::RunDepthwise(const PackedDepthwise& dwconv, const model::Shape& shape,
                                     const In& in, const Tile& tile, int timed) {
  const LayerTimer timer = Time(timed, tile);
  const int channels = dwconv.channels;
  const Pixels out = {scratch_[tile.worker].patch.data(), shape.width,
                      std::ptrdiff_t{shape.width} * channels, channels};
  Depthwise(dwconv, Around(in[tile.picture].From(tile.row), dwconv.kernel / 2), tile.rows, out);
  return {.data = out.data, .pixel_stride = channels, .run_length = shape.channels};
}

// Hidden channels go chunk by chunk: each chunk's weights are fetched once for the whole tile, and
// its activations of a strip of pixels never leave the first-level cache.
void Session::RunStep(const BlockStep& step, const In& in, const Out& out) {
  const int width = step.shape.width;
  ForTiles(step.shape, [&](const Tile& tile) {
    const PointwiseInput x = RunDepthwise(step.dwconv, step.shape, in, tile, step.timed);
    const ProductInput input = Place(step.pwconv1, x, scratch_[tile.worker].rounded);
    {
      const LayerTimer timer = Time(step.timed + 1, tile);
      Prepare(step.pwconv1, input, tile.rows * width);
    }
    for (int first = 0; first < step.hidden; first += step.chunk) {
      for (int row = 0; row < tile.rows; row += StripRows(width)) {
        const int rows = std::min(StripRows(width), tile.rows - row);
        RunStrip(
            step, HiddenChunk(step, first), input.From(row * width), in, out,
            {{tile.picture, tile.row + row, rows, tile.worker}, row == 0, row + rows == tile.rows});
      }
    }
  });
}

// What the first product reads after the second one of a chunk, as far as it has a fixed place in
// time: the next chunk, or the next block.
WeightsNext Session::NextHidden(const BlockStep& step, Channels chunk) const {
  const int first = chunk.first + chunk.count;
  const BlockStep* next = first < step.hidden ? &step : next_block_;
  if (next == nullptr) return {};
  const auto& pwconv1 = std::get<PackedTilePointwise>(next->pwconv1);
  return {&pwconv1, HiddenChunk(*next, first < step.hidden ? first : 0), {0, pwconv1.in}};
}

void Session::RunStrip(const BlockStep& step, Channels chunk, const ProductInput& x, const In& in,
                       const Out& out, const Strip& strip) {
  Scratch& scratch = scratch_[strip.worker];
  const int width = step.shape.width;
  const int pixels = strip.rows * width;
  if (const auto* pwconv1 = std::get_if<PackedTilePointwise>(&step.pwconv1)) {
    const auto& pwconv2 = std::get<PackedTilePointwise>(step.pwconv2);
    const SplitPixels hidden = {scratch.hidden_rounded.parts.data(),
                                SplitStride(chunk.count, pwconv2.parts)};
    const Inputs inputs = {chunk.first, std::min(chunk.count, pwconv2.in - chunk.first)};
    {
      const LayerTimer timer = Time(step.timed + 1, strip);
      TilePointwiseRelu(
          *pwconv1, chunk, x.parts, pixels, hidden,
          strip.first ? WeightsNext{&pwconv2, {0, pwconv2.out}, inputs} : WeightsNext{});
    }
    const LayerTimer timer = Time(step.timed + 2, strip);
    TilePointwise(pwconv2, inputs, hidden, pixels, Activation::kNone,
                  in[strip.picture].From(strip.row), out[strip.picture].From(strip.row),
                  strip.last ? NextHidden(step, chunk) : WeightsNext{});
    return;
  }
  const Pixels hidden = {scratch.hidden.data(), width, std::ptrdiff_t{width} * chunk.count,
                         chunk.count};
  {
    const LayerTimer timer = Time(step.timed + 1, strip);
    Multiply(step.pwconv1, chunk, x, pixels, Activation::kRelu, hidden);
  }
  const LayerTimer timer = Time(step.timed + 2, strip);
  Multiply(step.pwconv2, Inputs{chunk.first, chunk.count}, hidden.data, hidden.pixel_stride, pixels,
           in[strip.picture].From(strip.row), scratch.hidden_rounded,
           out[strip.picture].From(strip.row));
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
    const PointwiseInput x = RunDepthwise(step.dwconv, step.in, in, tile, step.timed);
    const LayerTimer timer = Time(step.timed + 1, tile);
    const int pixels = tile.rows * step.out.width;
    const ProductInput input = Place(step.pwconv, x, scratch_[tile.worker].rounded);
    Prepare(step.pwconv, input, pixels);
    Multiply(step.pwconv, {0, PaddedChannels(step.out.channels)}, input, pixels, Activation::kRelu,
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

void Session::RunStep(const HeatmapStep& step, const In& in, const Out& /*out*/) {
  const int joints = step.heatmap.joints;
  const int pixels = step.in.height * step.in.width;
  // There is no border: all pictures are one run of pixels.
  const PointwiseInput floats = {
      .data = in.first.data, .pixel_stride = in.first.pixel_stride, .run_length = step.in.channels};
  const ProductInput input = Place(step.final_layer.front(), floats, heatmap_input_);
  if (!std::holds_alternative<PackedPointwise>(step.final_layer.front())) {
    ForTiles(step.in, [&](const Tile& tile) {
      const LayerTimer timer = Time(step.timed, tile);
      Prepare(step.final_layer.front(),
              input.From(tile.picture * pixels + tile.row * step.in.width),
              tile.rows * step.in.width);
    });
  }
  pool_.ParallelFor(batch_ * joints, [&](int task, int worker) {
    Scratch& scratch = scratch_[worker];
    const int bins = PaddedChannels(step.heatmap.depth_bins);
    const Pixels heatmap = {scratch.patch.data(), step.in.width,
                            std::ptrdiff_t{step.in.width} * bins, bins};
    {
      const LayerTimer timer(profile_, step.timed, worker);
      Multiply(step.final_layer[task % joints], {0, bins}, input.From(task / joints * pixels),
               pixels, Activation::kNone, heatmap);
    }
    const LayerTimer timer(profile_, step.timed + 1, worker);
    joints_[task] = SoftArgmax(step.heatmap, heatmap, 0, scratch.hidden);
  });
}

}  // namespace cnp::engine

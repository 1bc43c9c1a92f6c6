#include "convnextpose/engine/session.h"

#include <algorithm>

namespace cnp::engine {
namespace {

// Pixels of one tile: its hidden activations stay in the L2 cache, and the weights, read once a
// tile, are used often enough.
constexpr int kTilePixels = 64;

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

// Floats per pixel that a step needs in Scratch::patch and Scratch::hidden.
std::pair<int, int> ScratchPerPixel(const Step& step) {
  return std::visit(
      Overloaded{
          [](const PatchConvStep& s) { return std::pair(s.weights.in, 0); },
          [](const BlockStep& s) { return std::pair(s.dwconv.channels, s.pwconv1.out); },
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
    const std::size_t pixels =
        static_cast<std::size_t>(RowsPerTile(shape, max_batch)) * shape.width;
    const auto [patch_floats, hidden_floats] = ScratchPerPixel(step);
    patch = std::max(patch, pixels * patch_floats);
    hidden = std::max(hidden, pixels * hidden_floats);
  }
  scratch_.resize(pool_.size());
  for (Scratch& scratch : scratch_) {
    scratch.patch.resize(patch);
    scratch.hidden.resize(hidden);
  }
}

std::size_t Session::WorkspaceBytes() const {
  std::size_t floats = 0;
  for (const Activations& activations : activations_) floats += activations.values.size();
  for (const Scratch& scratch : scratch_) floats += scratch.patch.size() + scratch.hidden.size();
  return floats * sizeof(float);
}

int Session::RowsPerTile(const model::Shape& shape, int pictures) const {
  const int for_cache = std::max(1, kTilePixels / shape.width);
  const int for_threads = std::max(1, shape.height * pictures / pool_.size());
  return std::min({for_cache, for_threads, shape.height});
}

template <typename Body>
void Session::ForTiles(const model::Shape& shape, const Body& body) {
  const int rows = RowsPerTile(shape, batch_);
  const int tiles = (shape.height + rows - 1) / rows;
  pool_.ParallelFor(batch_ * tiles, [&](int task, int worker) {
    const int row = task % tiles * rows;
    body(task / tiles, row, std::min(rows, shape.height - row), scratch_[worker]);
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
    std::visit([&](const auto& step) { RunStep(step, in, out); }, network_.steps()[i]);
    in = {out.first, out.stride};
  }
}

void Session::RunStep(const PatchConvStep& step, const In& in, const Out& out) {
  // A patch's row of pixels is contiguous, so rearranging copies `kernel` runs of floats a patch.
  const std::ptrdiff_t run = step.kernel * in.first.pixel_stride;
  ForTiles(step.out, [&](int n, int row, int rows, Scratch& scratch) {
    float* to = scratch.patch.data();
    for (int y = row; y < row + rows; ++y) {
      for (int x = 0; x < step.out.width; ++x) {
        for (int i = 0; i < step.kernel; ++i) {
          to = std::copy_n(in[n].At(y * step.kernel + i, x * step.kernel), run, to);
        }
      }
    }
    Pointwise(step.weights, scratch.patch.data(), step.weights.in, rows * step.out.width, {},
              out[n].From(row));
  });
}

void Session::RunStep(const BlockStep& step, const In& in, const Out& out) {
  const int channels = step.dwconv.channels;
  ForTiles(step.shape, [&](int n, int row, int rows, Scratch& scratch) {
    const int width = step.shape.width;
    const Pixels depthwise = {scratch.patch.data(), width, std::ptrdiff_t{width} * channels,
                              channels};
    const Pixels hidden = {scratch.hidden.data(), width, std::ptrdiff_t{width} * step.pwconv1.out,
                           step.pwconv1.out};
    Depthwise(step.dwconv, Around(in[n].From(row), step.dwconv.kernel / 2), rows, depthwise);
    Pointwise(step.pwconv1, depthwise.data, channels, rows * width, {.relu = true}, hidden);
    Pointwise(step.pwconv2, hidden.data, hidden.pixel_stride, rows * width,
              {.residual = in[n].From(row)}, out[n].From(row));
  });
}

void Session::RunStep(const AffineStep& step, const In& in, const Out& out) {
  ForTiles(step.shape, [&](int n, int row, int rows, Scratch&) {
    const int channels = static_cast<int>(step.scale.size());
    for (int p = row * step.shape.width; p < (row + rows) * step.shape.width; ++p) {
      const float* from = in[n].At(p);
      float* to = out[n].At(p);
      for (int c = 0; c < channels; ++c) to[c] = from[c] * step.scale[c] + step.shift[c];
    }
  });
}

void Session::RunStep(const SeparableStep& step, const In& in, const Out& out) {
  const int channels = step.dwconv.channels;
  ForTiles(step.out, [&](int n, int row, int rows, Scratch& scratch) {
    const int width = step.out.width;
    const Pixels depthwise = {scratch.patch.data(), width, std::ptrdiff_t{width} * channels,
                              channels};
    Depthwise(step.dwconv, Around(in[n].From(row), step.dwconv.kernel / 2), rows, depthwise);
    Pointwise(step.pwconv, depthwise.data, channels, rows * width, {.relu = true},
              out[n].From(row));
  });
}

void Session::RunStep(const UpsampleStep& step, const In& in, const Out& out) {
  const int channels = PaddedChannels(step.in.channels);
  const model::Shape shape = {2 * step.in.height, 2 * step.in.width, step.in.channels};
  ForTiles(shape, [&](int n, int row, int rows, Scratch&) {
    for (int y = row; y < row + rows; ++y) {
      UpsampleRow(in[n], channels, step.rows[y], step.columns, out[n].From(y));
    }
  });
}

void Session::RunStep(const HeatmapStep& step, const In& in, const Out& out) {
  ForTiles(step.in, [&](int n, int row, int rows, Scratch&) {
    for (int y = row; y < row + rows; ++y) {
      Pointwise(step.final_layer, in[n].At(y, 0), in.first.pixel_stride, step.in.width, {},
                out[n].From(y));
    }
  });
  const int joints = step.heatmap.joints;
  pool_.ParallelFor(batch_ * joints, [&](int task, int worker) {
    joints_[task] =
        SoftArgmax(step.heatmap, out[task / joints], task % joints, scratch_[worker].hidden);
  });
}

}  // namespace cnp::engine

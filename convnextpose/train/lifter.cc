#include "convnextpose/train/lifter.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>
#include <utility>

#include "convnextpose/base/check.h"
#include "convnextpose/checkpoint/checkpoint.h"
#include "convnextpose/checkpoint/writer.h"
#include "convnextpose/pose/joint_set.h"
#include "convnextpose/train/optimizer.h"
#include "convnextpose/train/products.h"
#include "convnextpose/train/schedule.h"
#include "convnextpose/train/sum.h"
#include "convnextpose/train/training.h"

namespace cnp::train {
namespace {

using torch::Tensor;

constexpr int kHiddenLayers = 4;
constexpr double kMmPerUnit = 1000;  // Of depths inside.
constexpr double kEpsilon = 1e-5;
constexpr double kMomentum = 0.1;
constexpr const char* kWidthKey = "convnextpose.lifter";
constexpr const char* kTensor = "weights";

// How training varies what it sees, in units of the person's size in the picture.
constexpr double kTurn = 0.4;    // Radians, one deviation.
constexpr double kNoise = 0.03;  // As people label.
constexpr double kMostHidden = 0.3;

std::int64_t Joints() { return pose::Human36m().size(); }

/// [people, joints, 2] and [people, joints].
struct Seen {
  Tensor xy, labelled;
};
Seen SeenOf(std::span<const Labels> people) {
  const auto count = static_cast<std::int64_t>(people.size());
  Seen seen = {torch::zeros({count, Joints(), 2}), torch::zeros({count, Joints()})};
  auto xy = seen.xy.accessor<float, 3>();
  auto labelled = seen.labelled.accessor<float, 2>();
  for (std::int64_t i = 0; i < count; ++i) {
    const Labels& person = people[static_cast<std::size_t>(i)];
    const pose::Vec2* first = nullptr;  // All from there, for floats count only so far.
    for (std::size_t j = 0; j < person.labelled.size(); ++j) {
      if (person.labelled[j] == 0) continue;
      const auto joint = static_cast<std::int64_t>(j);
      labelled[i][joint] = 1;
      const pose::Vec2& at = person.image_px[j];
      if (first == nullptr) first = &at;
      xy[i][joint][0] = static_cast<float>(at[0] - (*first)[0]);
      xy[i][joint][1] = static_cast<float>(at[1] - (*first)[1]);
    }
  }
  return seen;
}
Tensor DepthsOf(std::span<const Labels> people) {
  Tensor depths = torch::zeros({static_cast<std::int64_t>(people.size()), Joints()});
  auto to = depths.accessor<float, 2>();
  for (std::size_t i = 0; i < people.size(); ++i) {
    for (std::size_t j = 0; j < people[i].depth_mm.size(); ++j) {
      to[static_cast<std::int64_t>(i)][static_cast<std::int64_t>(j)] =
          static_cast<float>(people[i].depth_mm[j] / kMmPerUnit);
    }
  }
  return depths;
}

/// Centred, of unit size, 0 where nothing is labelled.
Tensor Normalised(const Seen& seen) {
  constexpr double kLeast = 1e-6;
  const Tensor mask = seen.labelled.unsqueeze(2);
  const Tensor count = seen.labelled.sum(1).clamp_min(1).view({-1, 1, 1});
  const Tensor centred = (seen.xy - (seen.xy * mask).sum(1, true) / count) * mask;
  const Tensor size =
      (centred.square().sum(2).sum(1).view({-1, 1, 1}) / count).sqrt().clamp_min(kLeast);
  return centred / size;
}

/// Of joints, as an index: what they become in a mirror.
Tensor MirrorIndex() {
  const std::vector<int> map = pose::MirrorMap(pose::Human36m());
  const std::vector<std::int64_t> wide(map.begin(), map.end());
  return torch::tensor(wide, torch::kLong);
}

/// Four hidden layers, each with a BatchNorm and a ReLU.
class Perceptron {
 public:
  explicit Perceptron(int width) : width_(width) {
    for (int i = 0; i <= kHiddenLayers; ++i) {
      const std::int64_t in = i == 0 ? 3 * Joints() : width;
      if (i == kHiddenLayers) {
        layers_.push_back({torch::zeros({Joints(), in, 1, 1}), torch::zeros({Joints()})});
      } else {
        layers_.push_back({torch::zeros({width, in, 1, 1}), torch::zeros({width}),
                           torch::ones({width}), torch::zeros({width}), torch::zeros({width}),
                           torch::ones({width})});
      }
    }
  }

  void Draw(std::uint64_t seed) {
    auto generator = at::detail::createCPUGenerator(seed);
    for (const Layer& layer : layers_) {
      layer.weight.normal_(0, std::sqrt(2 / static_cast<double>(layer.weight.size(1))), generator);
    }
  }

  /// Normalised places [n, joints, 2] -> depths [n, joints], units.
  [[nodiscard]] Tensor Forward(const Tensor& places, const Tensor& labelled, bool training) const {
    // As one picture of n pixels, for which LibTorch has quick products.
    Tensor x = torch::cat({places.flatten(1), labelled}, 1)
                   .view({1, 1, places.size(0), 3 * Joints()})
                   .permute({0, 3, 1, 2});
    for (const Layer& layer : layers_) {
      x = Patches(x, layer.weight, layer.bias, /*bfloat16=*/false);
      if (!layer.gamma.defined()) break;
      x = torch::relu(torch::batch_norm(x, layer.gamma, layer.beta, layer.mean, layer.variance,
                                        training, kMomentum, kEpsilon, /*cudnn_enabled=*/false));
    }
    return x.permute({0, 2, 3, 1}).reshape({places.size(0), Joints()});
  }

  [[nodiscard]] std::vector<Tensor> Parameters() const {
    std::vector<Tensor> all;
    for (const Layer& layer : layers_) {
      for (const Tensor& tensor : {layer.weight, layer.bias, layer.gamma, layer.beta}) {
        if (tensor.defined()) all.push_back(tensor);
      }
    }
    return all;
  }
  /// And the running statistics.
  [[nodiscard]] std::vector<Tensor> All() const {
    std::vector<Tensor> all = Parameters();
    for (const Layer& layer : layers_) {
      if (!layer.gamma.defined()) continue;
      all.push_back(layer.mean);
      all.push_back(layer.variance);
    }
    return all;
  }
  [[nodiscard]] int width() const { return width_; }

 private:
  struct Layer {
    Tensor weight, bias;
    Tensor gamma, beta, mean, variance;  // Undefined in the last one.
  };
  int width_;
  std::vector<Layer> layers_;
};

/// What a batch is made into before the network sees it.
class Variation {
 public:
  explicit Variation(std::uint64_t seed) : generator_(at::detail::createCPUGenerator(seed)) {}

  Tensor Order(std::int64_t count) { return torch::randperm(count, generator_, torch::kLong); }

  /// Turned, mirrored, with noise and joints hidden.
  void Apply(Seen& seen, Tensor& depths) {
    const std::int64_t count = seen.xy.size(0);
    const Tensor most = Uniform({count, 1}) * kMostHidden * (Uniform({count, 1}) < 0.5);
    seen.labelled = seen.labelled * (Uniform({count, Joints()}) >= most);
    Tensor places = Normalised(seen);
    const Tensor angle = Normal({count}).clamp(-2, 2) * kTurn;
    const Tensor cos = angle.cos();
    const Tensor sin = angle.sin();
    const Tensor turn =
        torch::stack({torch::stack({cos, sin}, 1), torch::stack({-sin, cos}, 1)}, 1);
    places = torch::bmm(places, turn) + Normal(places.sizes()) * kNoise;
    const Tensor flip = Uniform({count, 1}) < 0.5;
    const Tensor mirrored = places.index_select(1, mirror_) * mirror_sign_;
    seen.xy = torch::where(flip.unsqueeze(2), mirrored, places);
    seen.labelled = torch::where(flip, seen.labelled.index_select(1, mirror_), seen.labelled);
    seen.xy = seen.xy * seen.labelled.unsqueeze(2);
    depths = torch::where(flip, depths.index_select(1, mirror_), depths);
  }

 private:
  Tensor Uniform(at::IntArrayRef shape) { return torch::empty(shape).uniform_(0, 1, generator_); }
  Tensor Normal(at::IntArrayRef shape) { return torch::empty(shape).normal_(0, 1, generator_); }

  at::Generator generator_;
  Tensor mirror_ = MirrorIndex();
  Tensor mirror_sign_ = torch::tensor({-1.0F, 1.0F});
};

class TorchLifter final : public Lifter {
 public:
  explicit TorchLifter(int width) : network_(width) {}

  /// Whether it came to the end.
  bool Learn(std::span<const Labels> people, const LifterRecipe& recipe, const Proceed& proceed) {
    PrepareThread(/*bfloat16=*/false, ThreadsOf(recipe.threads));
    network_.Draw(recipe.seed);
    std::vector<OptimizerPart> parts;
    for (Tensor& tensor : network_.Parameters()) {
      tensor.set_requires_grad(true);
      tensor.mutable_grad() = torch::zeros_like(tensor);
      parts.push_back({.gradients = tensor.grad(),
                       .moments = {torch::zeros_like(tensor), torch::zeros_like(tensor)},
                       .parameters = tensor.detach(),
                       .average = {}});
    }
    const Recipe adam = {.learning_rate = recipe.learning_rate,
                         .weight_decay = 0.01,
                         .warmup_epochs = 1,
                         .epochs = static_cast<double>(recipe.epochs)};
    const Seen all = SeenOf(people);
    const Tensor depths = DepthsOf(people);
    Variation variation(recipe.seed + 1);
    const std::int64_t count = all.xy.size(0);
    const std::int64_t steps = count / recipe.batch;
    CNP_CHECK(steps >= 2, "people to learn from");
    Tensor order;
    for (std::int64_t step = 0; step < steps * recipe.epochs; ++step) {
      if (proceed && !proceed(step, steps * recipe.epochs)) return false;
      const std::int64_t place = step % steps;
      if (place == 0) order = variation.Order(count);
      const Tensor chosen = order.narrow(0, place * recipe.batch, recipe.batch);
      Seen seen = {all.xy.index_select(0, chosen), all.labelled.index_select(0, chosen)};
      Tensor target = depths.index_select(0, chosen);
      variation.Apply(seen, target);
      for (const OptimizerPart& part : parts) part.gradients.zero_();
      (network_.Forward(seen.xy, seen.labelled, true) - target).abs().mean().backward();
      const torch::NoGradGuard no_grad;
      for (const OptimizerPart& part : parts)
        AdamW(adam, LearningRate(adam, steps, step), step, part);
    }
    return true;
  }

  [[nodiscard]] std::vector<std::vector<double>> Depths(
      std::span<const Labels> people) const override {
    constexpr std::size_t kAtOnce = 4096;
    std::vector<std::vector<double>> depths;
    for (std::size_t first = 0; first < people.size(); first += kAtOnce) {
      const auto some = people.subspan(first, std::min(kAtOnce, people.size() - first));
      const Tensor found = Lifted(SeenOf(some)) * kMmPerUnit;
      const auto rows = found.accessor<float, 2>();
      for (std::size_t i = 0; i < some.size(); ++i) {
        depths.emplace_back();
        if (std::count(some[i].labelled.begin(), some[i].labelled.end(), 0) + kFewestJoints >
            Joints()) {
          continue;
        }
        for (std::int64_t j = 0; j < Joints(); ++j) {
          depths.back().push_back(rows[static_cast<std::int64_t>(i)][j]);
        }
      }
    }
    return depths;
  }

  [[nodiscard]] int width() const { return network_.width(); }
  [[nodiscard]] std::vector<Tensor> All() const { return network_.All(); }

  [[nodiscard]] Status Write(const std::filesystem::path& path) const override {
    std::vector<Tensor> flat;
    for (const Tensor& tensor : network_.All()) flat.push_back(tensor.detach().reshape(-1));
    const Tensor values = torch::cat(flat);
    const std::vector<checkpoint::Tensor> tensors = {checkpoint::DenseTensor(
        kTensor, checkpoint::DType::kF32, {values.numel()},
        {static_cast<const std::byte*>(values.data_ptr()), values.nbytes()})};
    return checkpoint::WriteSafetensors(path, tensors,
                                        {{kWidthKey, std::to_string(network_.width())}});
  }

  Status Load(const checkpoint::Checkpoint& file) {
    std::int64_t count = 0;
    for (const Tensor& tensor : network_.All()) count += tensor.numel();
    const auto found = std::find_if(file.tensors.begin(), file.tensors.end(),
                                    [](const auto& tensor) { return tensor.name == kTensor; });
    if (found == file.tensors.end() || found->dtype != checkpoint::DType::kF32 ||
        found->shape != std::vector<std::int64_t>{count}) {
      return Error{std::string("no tensor '") + kTensor + "' of the right size"};
    }
    const std::vector<float> values = checkpoint::ToFloat(*found);
    const float* next = values.data();
    for (const Tensor& tensor : network_.All()) {
      std::copy_n(next, tensor.numel(), tensor.data_ptr<float>());
      next += tensor.numel();
    }
    return {};
  }

 private:
  /// The mean with what the mirrored person gives.
  [[nodiscard]] Tensor Lifted(const Seen& seen) const {
    const torch::NoGradGuard no_grad;
    const Tensor mirror = MirrorIndex();
    const Tensor places = Normalised(seen);
    const Tensor own = network_.Forward(places, seen.labelled, false);
    const Tensor mirrored =
        network_.Forward(places.index_select(1, mirror) * torch::tensor({-1.0F, 1.0F}),
                         seen.labelled.index_select(1, mirror), false);
    const Tensor depths = (own + mirrored.index_select(1, mirror)) / 2;
    return depths - depths.narrow(1, pose::Human36m().root, 1);
  }

  Perceptron network_;
};

}  // namespace

std::unique_ptr<Lifter> Lifter::Learn(std::span<const Labels> people, const LifterRecipe& recipe,
                                      const Proceed& proceed) {
  auto lifter = std::make_unique<TorchLifter>(recipe.width);
  if (!lifter->Learn(people, recipe, proceed)) return nullptr;
  return lifter;
}

Result<std::unique_ptr<Lifter>> Lifter::Read(const std::filesystem::path& path) {
  CNP_ASSIGN(const checkpoint::Checkpoint file, checkpoint::Read(path));
  constexpr int kWidest = 1 << 14;
  const auto width = file.metadata.find(kWidthKey);
  const int value = width == file.metadata.end() ? 0 : std::atoi(width->second.c_str());
  if (value < 1 || value > kWidest)
    return Error{path.string() + ": not a lifter of a training run"};
  auto lifter = std::make_unique<TorchLifter>(value);
  if (const Status status = lifter->Load(file); !status.ok()) {
    return status.error().In(path.string());
  }
  return std::unique_ptr<Lifter>(std::move(lifter));
}

Result<std::unique_ptr<Lifter>> Lifter::Share(std::unique_ptr<Lifter> own, Collective& collective) {
  if (collective.membership().world == 1) return own;
  auto& summing = static_cast<SummingCollective&>(collective);  // Join makes no others.
  try {
    std::unique_ptr<TorchLifter> lifter(static_cast<TorchLifter*>(own.release()));
    Tensor width = torch::full({1}, lifter ? lifter->width() : 0, torch::kLong);
    summing.Broadcast(width);
    if (!lifter) lifter = std::make_unique<TorchLifter>(width.item<int>());
    for (const Tensor& tensor : lifter->All()) {
      Tensor values = tensor.detach();
      summing.Broadcast(values);
    }
    return std::unique_ptr<Lifter>(std::move(lifter));
  } catch (const LostProcess& error) {
    return Error{std::string("lifting depths: ") + error.what()};
  }
}

}  // namespace cnp::train

#include "convnextpose/train/trainer.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <exception>
#include <thread>
#include <utility>

#include "convnextpose/base/thread_pool.h"
#include "convnextpose/image/crop.h"
#include "convnextpose/train/collective.h"
#include "convnextpose/train/loss.h"
#include "convnextpose/train/schedule.h"
#include "convnextpose/train/sum.h"
#include "convnextpose/train/tile_layers.h"
#include "convnextpose/train/training.h"

namespace cnp::train {
namespace {

using torch::Tensor;

/// One line of what LibTorch says over many.
Error TorchError(const c10::Error& error) {
  const std::string text = error.what_without_backtrace();
  return {"LibTorch: " + text.substr(0, text.find('\n'))};
}

Result<torch::Device> FindDevice(const std::string& name, int local_rank) {
  if (name == "cpu") return torch::Device(torch::kCPU);
  if (name != "cuda") return Error{"unknown device '" + name + "': cpu or cuda"};
  if (!at::globalContext().hasCUDA()) {
    return Error{"no device cuda: this LibTorch was built without it, or no GPU is to be seen"};
  }
  return torch::Device(torch::kCUDA, static_cast<c10::DeviceIndex>(local_rank));
}

/// [3]: of x, y and z in the loss.
Tensor AxisWeights(const Recipe& recipe, const Tensor& like) {
  return torch::tensor({1.0, 1.0, recipe.depth_weight}, torch::kDouble).to(like.options());
}

class TorchTrainer final : public Trainer {
 public:
  TorchTrainer(const model::Spec& spec, const Recipe& recipe, std::int64_t steps_per_epoch,
               torch::Device device, SummingCollective* collective)
      : recipe_(recipe),
        collective_(collective),
        steps_per_epoch_(steps_per_epoch),
        threads_(ThreadsOf(recipe.threads)),
        state_{.network = Network(spec, device, torch::kFloat)} {
    drop_path_ = state_.network.drop_path();
    for (double& rate : drop_path_) rate *= recipe.drop_path / model::kMaxDropPath;
  }

  Status Begin(const model::Weights* init) {
    if (init == nullptr) {
      state_.network.Draw(recipe_.seed);
    } else {
      CNP_RETURN_IF_ERROR(state_.network.Set(*init));
    }
    Network& network = state_.network;
    if (collective_ != nullptr) {  // One beginning for all, whatever each was given.
      const torch::NoGradGuard no_grad;
      collective_->Broadcast(network.parameters);
      collective_->Broadcast(network.statistics);
    }
    state_.moments = {torch::zeros_like(network.parameters), torch::zeros_like(network.parameters)};
    if (recipe_.ema_decay > 0) {
      state_.average_parameters = network.parameters.detach().clone();
      state_.average_statistics = network.statistics.clone();
    }
    return {};
  }

  [[nodiscard]] std::int64_t step() const override { return state_.step; }

  Result<StepReport> Step(const Batch& batch) override {
    try {
      return TryStep(batch);
    } catch (const c10::Error& error) {
      return TorchError(error).In("step " + std::to_string(state_.step));
    } catch (const LostProcess& error) {
      return Error{"step " + std::to_string(state_.step) + ": " + error.what() +
                   "; start all again, from the last saved state"};
    }
  }

  void AskToStop() override { stop_ = true; }

  [[nodiscard]] model::Weights Weights(bool ema) const override {
    model::Weights weights;
    const Network& network = state_.network;
    const bool average = ema && state_.average_parameters.defined();
    AppendWeights(network.slots(), average ? state_.average_parameters : network.parameters,
                  average ? state_.average_statistics : network.statistics, weights);
    return weights;
  }

  [[nodiscard]] Status SaveSnapshot(const std::filesystem::path& path,
                                    std::int64_t epoch) const override {
    return WriteSnapshot(state_, recipe_, Rate(), epoch, path);
  }
  [[nodiscard]] Status SaveState(const std::filesystem::path& path) const override {
    return WriteState(state_, path);
  }
  Status LoadState(const std::filesystem::path& path) override {
    twins_.clear();  // They know the old tensors.
    return ReadState(path, state_);
  }

 private:
  [[nodiscard]] double Rate() const { return LearningRate(recipe_, steps_per_epoch_, state_.step); }

  Result<StepReport> TryStep(const Batch& batch) {
    CheckBatch(batch);
    PlaceTwins(batch);
    PrepareThread(recipe_.bfloat16, threads_ / parts());
    CNP_RETURN_IF_ERROR(CheckTogether(batch));
    const Sums sums = Gradients(batch);
    const double joints = static_cast<double>(batch.size) * world() * batch.joints;
    StepReport report = {.loss = sums.loss / joints,
                         .learning_rate = Rate(),
                         .error_xy = sums.error_xy / std::max(1.0, sums.weight_xy),
                         .error_z = sums.error_z / std::max(1.0, sums.weight_z),
                         .stop = sums.stops > 0};
    if (!std::isfinite(report.loss)) {
      return Error{"step " + std::to_string(state_.step) +
                   ": the loss is not finite; a lower learning rate may cure it"};
    }
    TakeStep(report.learning_rate);
    return report;
  }

  void CheckBatch(const Batch& batch) const {
    const std::size_t pixels = static_cast<std::size_t>(batch.size) * batch.input * batch.input;
    const std::size_t values = static_cast<std::size_t>(batch.size) * batch.joints * 3;
    CNP_CHECK(batch.size > 0 && batch.input > 0 && batch.input % model::kBackboneStride == 0,
              "a batch of pictures whose side the backbone's stride divides");
    CNP_CHECK(batch.joints == state_.network.spec().joints, "the network's joints");
    CNP_CHECK(batch.pictures.size() == pixels * 3 && batch.target.size() == values &&
                  batch.weight.size() == values,
              "a batch's sizes");
  }

  /// That all processes are at the same step, with parts of the same size.
  [[nodiscard]] Status CheckTogether(const Batch& batch) const {
    if (collective_ == nullptr) return {};
    const Tensor own = torch::tensor({state_.step, std::int64_t{batch.size}}, torch::kLong);
    // Sums and sums of squares are as expected only where all are equal.
    const Tensor both = torch::cat({own, own * own});
    Tensor sums = both.clone();
    collective_->Sum(sums);
    if (torch::equal(sums, both * world())) return {};
    return Error{"step " + std::to_string(state_.step) +
                 ": not all processes of the training are at this step with as many pictures; "
                 "start all from the same saved state, with the same options"};
  }

  /// Leaves the gradients of the mean loss in the network.
  Sums Gradients(const Batch& batch) {
    // Drawn for the whole batch, of which each process takes its part.
    const Tensor scale =
        BranchScale(drop_path_, recipe_.seed, state_.step, std::int64_t{batch.size} * world(),
                    std::int64_t{batch.size} * rank(), batch.size);
    Tensor sums = BackwardPasses(batch, scale);
    if (collective_ != nullptr) {
      collective_->Sum(state_.network.gradients);
      collective_->Sum(sums);
    }
    sums = sums.cpu();
    const double* s = sums.data_ptr<double>();
    return {s[0], s[1], s[2], s[3], s[4], s[5]};
  }

  /// Where layers run on tiles each thread has pictures of its own: nothing but the step's end
  /// makes them wait for each other. BatchNorm then knows a part's pictures only, which are not to
  /// be few.
  void PlaceTwins(const Batch& batch) {
    constexpr int kFewest = 8;
    const bool apart = recipe_.bfloat16 && collective_ == nullptr &&
                       TileLayersAvailable(state_.network.parameters);
    const int wanted = apart ? std::clamp(batch.size / kFewest, 1, threads_) : 1;
    if (wanted == parts()) return;
    twins_.clear();
    for (int i = 1; i < wanted; ++i) twins_.push_back(state_.network.Twin());
    pool_ = std::make_unique<ThreadPool>(wanted);
  }
  [[nodiscard]] int parts() const { return static_cast<int>(twins_.size()) + 1; }

  /// body(part), each on a thread; rethrows the first part's error.
  template <class Body>
  void ForParts(const Body& body) {
    std::vector<std::exception_ptr> errors(static_cast<std::size_t>(parts()));
    pool_->ParallelFor(parts(), [&](int part, int /*worker*/) {
      try {
        PrepareThread(recipe_.bfloat16, threads_ / parts());
        body(part);
      } catch (...) {
        errors[static_cast<std::size_t>(part)] = std::current_exception();
      }
    });
    for (const std::exception_ptr& error : errors) {
      if (error != nullptr) std::rethrow_exception(error);
    }
  }
  /// The numbers [first, first + count) of `all` that are a part's.
  [[nodiscard]] Part Share(std::int64_t all, int part) const {
    const std::int64_t first = all * part / parts();
    return {first, all * (part + 1) / parts() - first};
  }

  Tensor BackwardPasses(const Batch& batch, const Tensor& scale) {
    std::vector<Tensor> sums(static_cast<std::size_t>(parts()));
    ForParts([&](int part) {
      Network& network = part == 0 ? state_.network : twins_[static_cast<std::size_t>(part) - 1];
      sums[static_cast<std::size_t>(part)] =
          BackwardPass(batch, Share(batch.size, part), scale, network);
    });
    if (twins_.empty()) return sums[0];
    Tensor statistics = state_.network.statistics.variable_data();
    for (const Network& twin : twins_) statistics.add_(twin.statistics);
    statistics.div_(parts());
    for (Network& twin : twins_) twin.statistics.variable_data().copy_(statistics);
    return torch::stack(sums).sum(0);
  }

  /// Of a part of the batch: gradients of its share of the mean loss, in `network`; returns Sums.
  [[nodiscard]] Tensor BackwardPass(const Batch& batch, const Part& part, const Tensor& scale,
                                    Network& network) const {
    network.gradients.zero_();
    const Tensor pictures = PictureTensor(batch, part, network.parameters);
    const auto load = [&](const std::vector<float>& values) {
      return torch::from_blob(const_cast<float*>(values.data()), {batch.size, batch.joints, 3},
                              torch::kFloat)
          .narrow(0, part.first, part.count)
          .to(pictures.options());
    };
    const Tensor target = load(batch.target);
    const Tensor weight = load(batch.weight);
    const Pass pass = {
        .branch_scale =
            scale.defined()
                ? scale.narrow(1, part.first, part.count).to(pictures.options()).contiguous()
                : Tensor(),
        .bfloat16 = recipe_.bfloat16,
        .collective = collective_};
    const auto [joints, marginals] = network.Train(pictures, pass);
    const double count = static_cast<double>(batch.size) * world() * batch.joints;
    const Tensor weighted = weight * AxisWeights(recipe_, weight);
    Tensor loss = LossSum(joints, target, weighted);
    if (recipe_.marginal_loss > 0) {
      loss = loss + recipe_.marginal_loss * MarginalLossSum(marginals, target, weighted);
    }
    (loss / count).backward();
    return torch::cat({ErrorSums(joints, target, weight).to(torch::kDouble),
                       torch::full({1}, stop_ && part.first == 0 ? 1.0 : 0.0, joints.device())});
  }

  [[nodiscard]] int rank() const {
    return collective_ == nullptr ? 0 : collective_->membership().rank;
  }
  [[nodiscard]] int world() const {
    return collective_ == nullptr ? 1 : collective_->membership().world;
  }

  /// Numbers of the flat buffers that are updated together.
  struct Update {
    std::int64_t first = 0;
    std::int64_t count = 0;
    std::int64_t rows = 0;  ///< Of the matrix that they are to Muon; 0: AdamW's.
    int part = 0;           ///< By whom.
  };

  /// All numbers once, in parts that take about as long as each other.
  [[nodiscard]] std::vector<Update> Updates() const {
    std::vector<Update> updates;
    std::vector<std::int64_t> products(static_cast<std::size_t>(parts()), 0);
    const auto elementwise = [&](std::int64_t first, std::int64_t end) {
      for (int part = 0; part < parts() && end > first; ++part) {
        const Part share = Share(end - first, part);
        updates.push_back({first + share.first, share.count, 0, part});
      }
    };
    std::int64_t done = 0;
    for (const Slot& slot : state_.network.slots()) {
      if (recipe_.optimizer != Optimizer::kMuon || !slot.matrix) continue;
      elementwise(done, slot.offset);
      const auto idle = std::min_element(products.begin(), products.end());
      const std::int64_t rows = slot.shape[0];
      updates.push_back(
          {slot.offset, slot.elements, rows, static_cast<int>(idle - products.begin())});
      *idle += slot.elements * std::min(rows, slot.elements / rows);
      done = slot.offset + slot.elements;
    }
    elementwise(done, state_.network.parameters.numel());
    return updates;
  }

  void TakeStep(double learning_rate) {
    Network& network = state_.network;
    const OptimizerPart all = {network.gradients, state_.moments, network.parameters,
                               state_.average_parameters};
    const std::vector<Update> updates = Updates();
    ForParts([&](int part) {
      const torch::NoGradGuard no_grad;
      for (const auto& [first, count, rows, owner] : updates) {
        if (owner != part) continue;
        const OptimizerPart mine = all.Narrow(first, count);
        for (const Network& twin : twins_) {
          mine.gradients.add_(twin.gradients.narrow(0, first, count));
        }
        if (rows > 0) {
          Muon(recipe_, learning_rate, state_.step, rows, mine);
        } else {
          AdamW(recipe_, learning_rate, state_.step, mine);
        }
      }
    });
    ++state_.step;
    if (recipe_.ema_decay <= 0) return;
    const torch::NoGradGuard no_grad;
    UpdateAverage(recipe_.ema_decay, state_.step, network.statistics, state_.average_statistics);
  }

  Recipe recipe_;
  SummingCollective* collective_;
  std::int64_t steps_per_epoch_;
  int threads_;
  TrainingState state_;
  std::vector<double> drop_path_;
  std::vector<Network> twins_;  ///< Beside state_.network, which has the first part of the batch.
  std::unique_ptr<ThreadPool> pool_ = std::make_unique<ThreadPool>(1);
  bool stop_ = false;
};

/// One well-mixed number of two (splitmix64's output function).
std::uint64_t Mixed(std::uint64_t seed, std::uint64_t step) {
  std::uint64_t z = seed * 0xD1342543DE82EF95 + (step + 1) * 0x9E3779B97F4A7C15;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

}  // namespace

int ThreadsOf(int wanted) {
  if (wanted > 0) return wanted;
  if (const char* set = std::getenv("OMP_NUM_THREADS")) return std::max(1, std::atoi(set));
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

void PrepareThread(bool bfloat16, int threads) {
  at::globalContext().setFlushDenormal(true);
  const int wanted = bfloat16 ? threads : std::max(2, threads);
  // Setting it makes a new pool of threads, which begin by spinning.
  if (at::get_num_threads() != wanted) at::set_num_threads(wanted);
}

Tensor PictureTensor(const Batch& batch, const Part& part, const Tensor& like) {
  const torch::NoGradGuard no_grad;
  const Tensor bytes = torch::from_blob(const_cast<std::uint8_t*>(batch.pictures.data()),
                                        {batch.size, batch.input, batch.input, 3}, torch::kByte)
                           .narrow(0, part.first, part.count)
                           .to(like.device());
  const auto row = [&](const std::array<float, 3>& values) {
    return torch::tensor(at::ArrayRef<float>(values.data(), values.size()), torch::kFloat)
        .to(like.options());
  };
  const Tensor std = row(image::kStd);
  // The layout of the bytes, [B, H, W, 3], is channels last already.
  return bytes.to(like.options())
      .mul_(1 / (255 * std))
      .sub_(row(image::kMean) / std)
      .permute({0, 3, 1, 2});
}

Tensor BranchScale(const std::vector<double>& drop_path, std::uint64_t seed, std::int64_t step,
                   std::int64_t total, std::int64_t first, std::int64_t count) {
  if (std::all_of(drop_path.begin(), drop_path.end(), [](double rate) { return rate <= 0; })) {
    return {};
  }
  const auto ends = static_cast<std::int64_t>(drop_path.size());
  auto generator = at::detail::createCPUGenerator(Mixed(seed, static_cast<std::uint64_t>(step)));
  Tensor scale = torch::empty({ends, total}, torch::kDouble).uniform_(0, 1, generator);
  for (std::int64_t i = 0; i < ends; ++i) {
    const double kept = 1 - drop_path[static_cast<std::size_t>(i)];
    Tensor row = scale[i];
    row.copy_((row < kept).to(torch::kDouble) / kept);
  }
  return scale.narrow(1, first, count);
}

Result<std::unique_ptr<Trainer>> Trainer::Create(const model::Spec& spec, const Recipe& recipe,
                                                 std::int64_t steps_per_epoch,
                                                 const model::Weights* init,
                                                 Collective* collective) {
  CNP_RETURN_IF_ERROR(model::Validate(spec));
  const Membership self = collective == nullptr ? Membership{} : collective->membership();
  CNP_ASSIGN(const torch::Device device, FindDevice(recipe.device, self.local_rank));
  // Join makes no others.
  auto* const summing = self.world == 1 ? nullptr : static_cast<SummingCollective*>(collective);
  try {
    PrepareThread(recipe.bfloat16, ThreadsOf(recipe.threads));
    auto trainer = std::make_unique<TorchTrainer>(spec, recipe, steps_per_epoch, device, summing);
    CNP_RETURN_IF_ERROR(trainer->Begin(init));
    return std::unique_ptr<Trainer>(std::move(trainer));
  } catch (const c10::Error& error) {
    return TorchError(error).In("device " + recipe.device);
  } catch (const LostProcess& error) {
    return Error{std::string("before the first step: ") + error.what()};
  }
}

}  // namespace cnp::train

// What a training run leaves on disk.
#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <span>

#include "convnextpose/checkpoint/checkpoint.h"
#include "convnextpose/checkpoint/writer.h"
#include "convnextpose/model/config.h"
#include "convnextpose/train/training.h"

namespace cnp::train {
namespace {

using checkpoint::DenseTensor;
using checkpoint::DType;
using torch::Tensor;

constexpr const char* kFormatKey = "convnextpose.training";
constexpr const char* kFormat = "1";
constexpr const char* kConfigKey = "convnextpose.config";
constexpr const char* kStepKey = "step";

std::span<const std::byte> BytesOf(const Tensor& tensor) {
  return {static_cast<const std::byte*>(tensor.data_ptr()), tensor.nbytes()};
}

Tensor OnCpu(const Tensor& tensor) {
  return tensor.detach().to(torch::kCPU, torch::kFloat).contiguous();
}

/// The flat buffers of a state by their names in the file.
std::map<std::string, Tensor> Buffers(const TrainingState& state) {
  std::map<std::string, Tensor> buffers = {{"parameters", state.network.parameters},
                                           {"statistics", state.network.statistics},
                                           {"moment1", state.moments.first},
                                           {"moment2", state.moments.second}};
  if (state.average_parameters.defined()) {
    buffers["average.parameters"] = state.average_parameters;
    buffers["average.statistics"] = state.average_statistics;
  }
  return buffers;
}

/// The original registers all downsampling layers before the stages.
int Rank(const std::string& name) {
  if (name.starts_with("backbone.downsample_layers.")) return 0;
  if (name.starts_with("backbone.stages.")) return 1;
  return name.starts_with("backbone.") ? 2 : 3;
}

/// The network's tensors and moments as PyTorch files have them; holds their bytes.
class Snapshot {
 public:
  explicit Snapshot(const TrainingState& state)
      : flat_{OnCpu(state.network.parameters), OnCpu(state.network.statistics),
              OnCpu(state.moments.first), OnCpu(state.moments.second)},
        batches_(state.step) {
    std::vector<model::TensorSpec> specs = model::Tensors(model::Layers(state.network.spec()));
    std::stable_sort(specs.begin(), specs.end(),
                     [](const auto& a, const auto& b) { return Rank(a.name) < Rank(b.name); });
    std::map<std::string, const Slot*> slots;
    for (const Slot& slot : state.network.slots()) slots[slot.name] = &slot;
    for (const model::TensorSpec& spec : specs) Add(spec, slots[spec.name]);
  }

  std::vector<checkpoint::Tensor> network, first, second;

 private:
  void Add(const model::TensorSpec& spec, const Slot* slot) {
    const std::string name = "module." + spec.name;
    if (spec.counter) {
      network.push_back(DenseTensor(name, DType::kI64, {}, std::as_bytes(std::span(&batches_, 1))));
      return;
    }
    const auto part = [&](const Tensor& flat) {
      return DenseTensor(name, DType::kF32, spec.shape,
                         BytesOf(flat).subspan(static_cast<std::size_t>(slot->offset) * 4,
                                               static_cast<std::size_t>(slot->elements) * 4));
    };
    network.push_back(part(flat_[slot->trainable ? 0 : 1]));
    if (!slot->trainable) return;
    first.push_back(part(flat_[2]));
    second.push_back(part(flat_[3]));
  }

  std::array<Tensor, 4> flat_;
  std::int64_t batches_;
};

/// A flat tensor of the file; undefined if there is none of this name and length.
Tensor Find(const checkpoint::Checkpoint& file, const std::string& name, std::int64_t elements) {
  for (const checkpoint::Tensor& tensor : file.tensors) {
    if (tensor.name != name || tensor.dtype != DType::kF32) continue;
    if (tensor.shape != std::vector<std::int64_t>{elements}) continue;
    const std::vector<float> values = checkpoint::ToFloat(tensor);
    return torch::from_blob(const_cast<float*>(values.data()), {elements}, torch::kFloat).clone();
  }
  return {};
}

Result<std::int64_t> StepOf(const checkpoint::Checkpoint& file) {
  const auto text = file.metadata.find(kStepKey);
  std::int64_t step = -1;
  if (text != file.metadata.end()) {
    const char* end = text->second.data() + text->second.size();
    if (std::from_chars(text->second.data(), end, step).ptr != end) step = -1;
  }
  if (step < 0) return Error{"the state names no step"};
  return step;
}

Status CheckMetadata(const checkpoint::Checkpoint& file, const std::string& config) {
  const auto format = file.metadata.find(kFormatKey);
  if (format == file.metadata.end() || format->second != kFormat) {
    return Error{"not the state of a training run, or of another version"};
  }
  const auto found = file.metadata.find(kConfigKey);
  if (found == file.metadata.end() || found->second != config) {
    return Error{"the state of another network: " +
                 (found == file.metadata.end() ? "no config" : found->second.substr(0, 200))};
  }
  return {};
}

}  // namespace

Status WriteSnapshot(const TrainingState& state, const Recipe& recipe, double learning_rate,
                     std::int64_t epoch, const std::filesystem::path& path) {
  const Snapshot snapshot(state);
  const checkpoint::TorchAdamW optimizer = {.first = snapshot.first,
                                            .second = snapshot.second,
                                            .step = state.step,
                                            .learning_rate = learning_rate,
                                            .beta1 = recipe.beta1,
                                            .beta2 = recipe.beta2,
                                            .epsilon = kAdamEpsilon,
                                            .weight_decay = recipe.weight_decay};
  return checkpoint::WriteTorchZip(path, snapshot.network,
                                   {.epoch = epoch, .optimizer = &optimizer});
}

Status WriteState(const TrainingState& state, const std::filesystem::path& path) {
  std::vector<Tensor> kept;
  std::vector<checkpoint::Tensor> tensors;
  for (const auto& [name, tensor] : Buffers(state)) {
    kept.push_back(OnCpu(tensor));
    tensors.push_back(DenseTensor(name, DType::kF32, {tensor.numel()}, BytesOf(kept.back())));
  }
  return checkpoint::WriteSafetensors(path, tensors,
                                      {{kFormatKey, kFormat},
                                       {kConfigKey, model::ToConfig(state.network.spec())},
                                       {kStepKey, std::to_string(state.step)}});
}

Status ReadState(const std::filesystem::path& path, TrainingState& state) {
  CNP_ASSIGN(const checkpoint::Checkpoint file, checkpoint::Read(path));
  const auto fail = [&](const Error& error) { return error.In(path.string()); };
  if (const Status status = CheckMetadata(file, model::ToConfig(state.network.spec()));
      !status.ok()) {
    return fail(status.error());
  }
  const Result<std::int64_t> step = StepOf(file);
  if (!step.ok()) return fail(step.error());
  std::map<std::string, Tensor> buffers = Buffers(state);
  std::map<std::string, Tensor> values;
  for (const auto& [name, buffer] : buffers) {
    values[name] = Find(file, name, buffer.numel());
    if (!values[name].defined()) return fail({"no tensor '" + name + "' of the right size"});
  }
  const torch::NoGradGuard no_grad;
  for (auto& [name, buffer] : buffers) buffer.copy_(values[name]);
  state.step = *step;
  return {};
}

}  // namespace cnp::train

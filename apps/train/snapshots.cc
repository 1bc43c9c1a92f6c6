#include "apps/train/snapshots.h"

#include <fmt/core.h>

#include <charconv>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

#include "convnextpose/checkpoint/writer.h"
#include "convnextpose/convert/convert.h"
#include "convnextpose/model/layers.h"

namespace cnp::train_app {
namespace {

constexpr std::string_view kPrefix = "snapshot_";
constexpr std::string_view kPublished = ".pth.tar";
constexpr std::string_view kOurs = ".safetensors";

std::string NameOf(std::int64_t epoch, std::string_view ending) {
  return fmt::format("{}{}{}", kPrefix, epoch, ending);
}

std::optional<std::int64_t> EpochOf(std::string_view name) {
  if (!name.starts_with(kPrefix)) return std::nullopt;
  name.remove_prefix(kPrefix.size());
  std::int64_t epoch = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), epoch);
  if (error != std::errc()) return std::nullopt;
  const std::string_view ending(end, name.data() + name.size());
  if (ending != kPublished && ending != kOurs) return std::nullopt;
  return epoch;
}

Status WriteAverage(const std::filesystem::path& path, std::int64_t epoch, const model::Spec& spec,
                    const model::Weights& weights) {
  std::vector<checkpoint::Tensor> tensors;
  for (const model::TensorSpec& wanted : model::Tensors(model::Layers(spec))) {
    if (wanted.counter) continue;
    const model::WeightTensor& tensor = weights.Get(wanted.name);
    tensors.push_back(checkpoint::DenseTensor(wanted.name, checkpoint::DType::kF32, tensor.shape,
                                              std::as_bytes(std::span(tensor.values))));
  }
  return checkpoint::WriteSafetensors(path, tensors,
                                      convert::Metadata(spec, epoch, "convnextpose-train"));
}

}  // namespace

Status WriteSnapshot(const std::filesystem::path& folder, std::int64_t epoch,
                     const model::Spec& spec, const train::Trainer& trainer) {
  CNP_RETURN_IF_ERROR(trainer.SaveSnapshot(folder / NameOf(epoch, kPublished), epoch));
  return WriteAverage(folder / NameOf(epoch, kOurs), epoch, spec, trainer.Weights(true));
}

std::optional<std::int64_t> BestEpoch(const std::vector<LogRow>& rows, const std::string& set,
                                      std::int64_t steps_per_epoch) {
  const LogRow* best = nullptr;
  for (const LogRow& row : rows) {
    if (!row.judgement || row.judgement->set != set || row.step % steps_per_epoch != 0) continue;
    if (best == nullptr || IsBetter(*row.judgement, *best->judgement)) best = &row;
  }
  if (best == nullptr) return std::nullopt;
  return best->step / steps_per_epoch - 1;
}

void Prune(const std::filesystem::path& folder, std::int64_t epoch, int keep,
           std::optional<std::int64_t> best) {
  std::error_code ignored;
  std::vector<std::filesystem::path> old;
  for (std::filesystem::directory_iterator at(folder, ignored), end; !ignored && at != end;
       at.increment(ignored)) {
    const std::optional<std::int64_t> found = EpochOf(at->path().filename().string());
    if (found && *found <= epoch - keep && found != best) old.push_back(at->path());
  }
  for (const std::filesystem::path& path : old) std::filesystem::remove(path, ignored);
}

}  // namespace cnp::train_app

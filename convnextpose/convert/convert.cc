#include "convnextpose/convert/convert.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <deque>
#include <map>
#include <span>
#include <system_error>
#include <utility>

#include "convnextpose/checkpoint/half.h"
#include "convnextpose/checkpoint/writer.h"
#include "convnextpose/convert/examine.h"
#include "convnextpose/convert/load.h"
#include "convnextpose/model/config.h"
#include "convnextpose/model/layers.h"

namespace cnp::convert {
namespace {

using checkpoint::Tensor;

enum class Form { kSafetensors, kTorch };

Result<Form> FormOf(const std::filesystem::path& out) {
  const std::string ending = out.extension().string();
  if (ending == ".safetensors") return Form::kSafetensors;
  if (ending == ".pth" || ending == ".pt" || ending == ".tar") return Form::kTorch;
  if (ending == ".onnx") return Error{out.string() + ": ONNX is written by onnx::Export"};
  return Error{out.string() + ": unknown ending '" + ending +
               "'; name the output .safetensors, .pth or .onnx"};
}

/// What a missing num_batches_tracked is filled with: an int64 0.
std::span<const std::byte> Zero() {
  static constexpr std::array<std::byte, 8> zero{};
  return zero;
}

/// The network's tensors in its own order, as views into the examined file.
std::vector<Tensor> NetworkTensors(const Examination& exam, int& filled) {
  std::map<std::string, const Tensor*> found;
  for (const Tensor& tensor : exam.keys.tensors) found.emplace(tensor.name, &tensor);
  std::vector<Tensor> tensors;
  for (const auto& wanted : model::Tensors(model::Layers(*exam.id.spec))) {
    const auto at = found.find(wanted.name);
    if (at != found.end() && at->second->shape == wanted.shape) {
      tensors.push_back(*at->second);
      continue;
    }
    CNP_CHECK(wanted.counter, wanted.name + " is missing after validation");
    tensors.push_back(checkpoint::DenseTensor(wanted.name, checkpoint::DType::kI64, {}, Zero()));
    ++filled;
  }
  return tensors;
}

/// Rounded numbers, which the tensors then view.
class Halves {
 public:
  Status Round(std::vector<Tensor>& tensors) {
    for (Tensor& tensor : tensors) {
      if (tensor.shape.size() < 2 || tensor.dtype == checkpoint::DType::kF16) continue;
      std::vector<std::uint16_t>& halves = halves_.emplace_back();
      for (const float value : checkpoint::ToFloat(tensor)) {
        halves.push_back(checkpoint::FloatToHalf(value));
        if (!std::isfinite(checkpoint::HalfToFloat(halves.back()))) {
          return Error{"tensor " + tensor.name + " holds " + std::to_string(value) +
                       ", more than float16 can; leave it as it is"};
        }
      }
      tensor = checkpoint::DenseTensor(tensor.name, checkpoint::DType::kF16, tensor.shape,
                                       std::as_bytes(std::span(halves)));
    }
    return {};
  }

 private:
  std::deque<std::vector<std::uint16_t>> halves_;
};

Status WriteTorch(const std::filesystem::path& out, std::vector<Tensor> tensors,
                  const Examination& exam, HeadForm head) {
  for (Tensor& tensor : tensors) tensor.name = "module." + InHeadForm(tensor.name, head);
  return checkpoint::WriteTorchZip(out, tensors,
                                   {.state_dict_key = "network", .epoch = exam.epoch});
}

}  // namespace

std::map<std::string, std::string> Metadata(const model::Spec& spec,
                                            std::optional<std::int64_t> epoch,
                                            const std::string& source) {
  std::map<std::string, std::string> metadata = {
      {kFormatKey, "1"}, {kConfigKey, model::ToConfig(spec)}, {kSourceKey, source}};
  if (epoch) metadata[kEpochKey] = std::to_string(*epoch);
  return metadata;
}

Status CheckDistinct(const std::filesystem::path& in, const std::filesystem::path& out) {
  std::error_code ignored;
  if (!std::filesystem::equivalent(in, out, ignored)) return {};
  return Error{out.string() + ": is the input itself; give the output another name"};
}

Result<Converted> Convert(const std::filesystem::path& in, const std::filesystem::path& out,
                          const ConvertOptions& options) {
  CNP_ASSIGN(const Form form, FormOf(out));
  CNP_RETURN_IF_ERROR(CheckDistinct(in, out));
  CNP_ASSIGN(const Examination exam, Examine(in, options.network));
  Result<Network> network = FromExamination(exam);
  if (!network.ok()) return network.error().In(in.string());
  Converted converted{.id = exam.id, .warnings = std::move(network->warnings)};
  std::vector<Tensor> tensors = NetworkTensors(exam, converted.filled_counters);
  Halves halves;
  if (options.half) {
    if (const Status status = halves.Round(tensors); !status.ok()) {
      return status.error().In(in.string());
    }
  }
  if (form == Form::kSafetensors) {
    converted.form = "safetensors";
    CNP_RETURN_IF_ERROR(checkpoint::WriteSafetensors(
        out, tensors, Metadata(*exam.id.spec, exam.epoch, in.filename().string())));
  } else {
    converted.form = "PyTorch zip archive";
    CNP_RETURN_IF_ERROR(WriteTorch(out, std::move(tensors), exam, options.head));
  }
  return converted;
}

}  // namespace cnp::convert

#include "convnextpose/convert/examine.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

#include "convnextpose/model/layers.h"

namespace cnp::convert {
namespace {

using checkpoint::Checkpoint;
using checkpoint::Tensor;

std::string Metadata(const Checkpoint& file, const char* key) {
  const auto found = file.metadata.find(key);
  return found == file.metadata.end() ? std::string() : found->second;
}

std::optional<std::int64_t> Epoch(const Checkpoint& file) {
  if (file.epoch) return file.epoch;
  const std::string text = Metadata(file, kEpochKey);
  std::int64_t epoch = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), epoch);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole ? std::optional(epoch) : std::nullopt;
}

/// A folder's name may be given with a slash at its end.
std::string FileName(const std::filesystem::path& path) {
  return (path.has_filename() ? path : path.parent_path()).filename().string();
}

/// The elements of honest tensors do not overlap; strides of 0 could ask for terabytes.
Status CheckMemory(const std::vector<const Tensor*>& tensors) {
  std::set<std::pair<const std::byte*, std::size_t>> storages;
  std::int64_t needed = 0;
  std::int64_t held = 0;
  for (const Tensor* tensor : tensors) {
    needed += checkpoint::ElementCount(*tensor) * checkpoint::ElementSize(tensor->dtype);
    if (storages.emplace(tensor->storage.data(), tensor->storage.size()).second) {
      held += static_cast<std::int64_t>(tensor->storage.size());
    }
  }
  if (needed <= held) return {};
  return Error{"the tensors fill " + std::to_string(needed) + " bytes, their storages hold " +
               std::to_string(held) +
               ": elements are shared; save contiguous copies of the tensors"};
}

}  // namespace

std::string Examination::Obstacle() const {
  if (!id.problem.empty()) return id.problem;
  const auto fatal = [](const Problem& problem) { return problem.fatal; };
  const auto first = std::find_if(problems.begin(), problems.end(), fatal);
  if (first == problems.end()) return {};
  const auto more = std::count_if(first, problems.end(), fatal) - 1;
  if (more == 0) return first->Text();
  return first->Text() + " (" + std::to_string(more) + " more; `convnextpose inspect` lists them)";
}

Result<Examination> Examine(const std::filesystem::path& path, const Options& options) {
  Examination exam;
  CNP_ASSIGN(exam.file, checkpoint::Read(path));
  Result<Keys> keys = MapKeys(exam.file.tensors);
  if (!keys.ok()) return keys.error().In(path.string());
  exam.keys = std::move(keys).value();
  exam.epoch = Epoch(exam.file);
  const Clues clues = {.file_name = FileName(path),
                       .root = exam.file.root,
                       .epoch = exam.epoch,
                       .config = Metadata(exam.file, kConfigKey)};
  exam.id = Identify(ReadSizes(exam.keys.tensors), clues, options);
  exam.problems = Compare(exam.keys.tensors, exam.id.nearest);
  return exam;
}

Result<model::Weights> ReadWeights(const Examination& examination) {
  CNP_CHECK(examination.Obstacle().empty(), examination.Obstacle());
  std::set<std::string> wanted;
  for (const auto& tensor : model::Tensors(model::Layers(*examination.id.spec))) {
    if (!tensor.counter) wanted.insert(tensor.name);
  }
  std::vector<const Tensor*> tensors;
  for (const Tensor& tensor : examination.keys.tensors) {
    if (wanted.contains(tensor.name)) tensors.push_back(&tensor);
  }
  CNP_RETURN_IF_ERROR(CheckMemory(tensors));
  model::Weights weights;
  for (const Tensor* tensor : tensors) {
    weights.Set(tensor->name, {tensor->shape, checkpoint::ToFloat(*tensor)});
  }
  return weights;
}

}  // namespace cnp::convert

#include "apps/cli/bench_subject.h"

#include <fmt/core.h>

#include <utility>

#include "apps/cli/command.h"
#include "convnextpose/convert/load.h"
#include "convnextpose/model/layers.h"
#include "convnextpose/synthetic/synthetic.h"

namespace cnp::cli {
namespace {

constexpr std::uint64_t kSeed = 1;

BenchSubject Subject(const model::Spec& spec, model::Weights weights, const std::string& source) {
  convert::FoldedNetwork folded = convert::FoldBatchNorm(model::Layers(spec), weights);
  return {spec, std::move(weights), std::move(folded), source};
}

}  // namespace

BenchSubject SyntheticSubject(const model::Spec& spec) {
  return Subject(spec, synthetic::Weights(spec, kSeed), "generated");
}

Result<BenchSubject> LoadSubject(const std::string& path) {
  CNP_ASSIGN(convert::Network network, convert::LoadNetwork(path));
  for (const std::string& warning : network.warnings) Warn(fmt::format("{}: {}", path, warning));
  return Subject(network.spec, std::move(network.weights), path);
}

std::vector<float> BenchPictures(const model::Spec& spec, int batch) {
  return synthetic::Picture(batch, spec.input_height, spec.input_width, kSeed);
}

}  // namespace cnp::cli

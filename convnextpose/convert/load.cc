#include "convnextpose/convert/load.h"

#include <utility>

#include "convnextpose/convert/examine.h"
#include "convnextpose/convert/text.h"
#include "convnextpose/convert/validate.h"
#include "convnextpose/convert/values.h"

namespace cnp::convert {
namespace {

void WarnOfZeros(Network& network) {
  const std::vector<std::string> zeros = ZeroTensors(network.weights);
  if (zeros.empty()) return;
  const std::string others = std::to_string(zeros.size() - 1);
  network.warnings.push_back(zeros[0] + (zeros.size() > 1 ? " and " + others + " more" : "") +
                             ": nothing but zeros; an untrained or damaged layer");
}

void WarnOfLabel(Network& network) {
  const Identification& id = network.id;
  if (id.agrees() || !id.claim->label) return;
  network.warnings.push_back(id.claim->reason + ", its tensors are those of " +
                             (id.variant.empty() ? "a custom network" : id.variant));
}

}  // namespace

Result<Network> FromExamination(const Examination& exam) {
  if (const std::string obstacle = exam.Obstacle(); !obstacle.empty()) return Error{obstacle};
  Network network{.spec = *exam.id.spec, .id = exam.id, .epoch = exam.epoch};
  network.form = exam.file.form;
  if (!exam.keys.styles.empty()) network.form += ", " + Join(exam.keys.styles);
  CNP_ASSIGN(network.weights, ReadWeights(exam));
  CNP_RETURN_IF_ERROR(CheckValues(network.weights));
  WarnOfLabel(network);
  for (const Problem& problem : exam.problems) network.warnings.push_back(problem.Text());
  WarnOfZeros(network);
  return network;
}

Result<Network> LoadNetwork(const std::filesystem::path& path, const Options& options) {
  CNP_ASSIGN(const Examination exam, Examine(path, options));
  Result<Network> network = FromExamination(exam);
  if (!network.ok()) return network.error().In(path.string());
  return network;
}

}  // namespace cnp::convert

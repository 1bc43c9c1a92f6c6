#include "apps/train/validation.h"

#include <cmath>
#include <utility>

#include "apps/cli/eval_job.h"
#include "apps/cli/team.h"
#include "apps/train/sources.h"
#include "convnextpose/convert/fold.h"
#include "convnextpose/engine/network.h"
#include "convnextpose/model/layers.h"
#include "convnextpose/pose/joint_set.h"

namespace cnp::train_app {

Result<std::vector<ValidationSet>> OpenValidation(const std::vector<std::string>& texts) {
  std::vector<ValidationSet> sets;
  for (const std::string& text : texts) {
    CNP_ASSIGN(datasets::Dataset dataset, OpenNamed("--validate", text, datasets::Split::kTest, 0));
    std::string name = text.substr(0, text.find(':'));
    if (texts.size() > 1) name += " " + std::to_string(sets.size() + 1);
    sets.push_back({std::move(name), std::move(dataset)});
  }
  return sets;
}

bool IsBetter(const Judgement& a, const Judgement& b) {
  if (std::isfinite(a.mpjpe_mm) && std::isfinite(b.mpjpe_mm)) return a.mpjpe_mm < b.mpjpe_mm;
  return a.within_10 > b.within_10;
}

Result<Judgement> Judge(const model::Spec& spec, const model::Weights& weights,
                        const ValidationSet& set, bool mirrored) {
  const convert::FoldedNetwork folded = convert::FoldBatchNorm(model::Layers(spec), weights);
  const engine::Network network(folded.layers, folded.weights);
  const cli::EvalJob job = {.dataset = &set.dataset,
                            .network = &network,
                            .joint_set = &pose::Human36m(),
                            .flip_test = mirrored};
  cli::Team alone;
  CNP_ASSIGN(const cli::EvalOutcome outcome,
             cli::RunEvalJob(job, cli::Answers(set.dataset.samples.size()), nullptr, alone));
  const eval::Summary summary =
      eval::Summarise(outcome.records, *set.dataset.joints, {.resamples = 0});
  Judgement judgement = {.set = set.name,
                         .samples = summary.samples,
                         .mpjpe_mm = summary.metrics.mpjpe_mm,
                         .pa_mpjpe_mm = summary.metrics.pa_mpjpe_mm,
                         .within_5 = summary.metrics.pck2d_5,
                         .within_10 = summary.metrics.pck2d_10,
                         .within_20 = summary.metrics.pck2d_20};
  if (const eval::JointErrors& joints = summary.limbs_and_head; !joints.name.empty()) {
    judgement.within_5 = joints.pck2d_5;
    judgement.within_10 = joints.pck2d_10;
    judgement.within_20 = joints.pck2d_20;
  }
  return judgement;
}

}  // namespace cnp::train_app

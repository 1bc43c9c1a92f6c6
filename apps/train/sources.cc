#include "apps/train/sources.h"

#include <fmt/core.h>

#include <utility>

#include "convnextpose/datasets/open.h"
#include "convnextpose/synth/assets.h"
#include "convnextpose/synth/generator.h"

namespace cnp::train_app {

Result<datasets::Dataset> OpenNamed(const std::string& what, const std::string& text,
                                    datasets::Split split, int subsample) {
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos || colon + 1 == text.size()) {
    return Error{fmt::format("{} '{}': give KIND:DIR, such as mpii:data/MPII", what, text)};
  }
  std::string kind = text.substr(0, colon);
  datasets::ReadOptions options{.split = split};
  if (kind.starts_with("human36m/")) {
    if (kind != "human36m/1" && kind != "human36m/2") {
      return Error{fmt::format("{} '{}': the protocols are human36m/1 and human36m/2", what, text)};
    }
    options.protocol = kind.back() - '0';
    kind.resize(kind.size() - 2);
  }
  if (kind == "human36m") options.subsample = subsample;
  Result<datasets::Dataset> set = datasets::OpenDataset(kind, text.substr(colon + 1), options);
  if (!set.ok()) return set.error().In(what + " " + text);
  if (set->samples.empty()) {
    return Error{
        fmt::format("{} {}: no usable picture; `convnextpose dataset check` says why", what, text)};
  }
  return set;
}

Result<std::vector<datasets::Dataset>> OpenSets(const TrainOptions& options) {
  std::vector<datasets::Dataset> sets;
  for (const std::string& text : options.data) {
    CNP_ASSIGN(datasets::Dataset set,
               OpenNamed("--data", text, datasets::Split::kTrain, options.subsample));
    sets.push_back(std::move(set));
  }
  return sets;
}

Result<std::shared_ptr<const synth::Generator>> OpenGenerator(const TrainOptions& options) {
  if (!options.synth) return std::shared_ptr<const synth::Generator>();
  CNP_ASSIGN(const synth::Share share, synth::ParseShare(options.share));
  CNP_ASSIGN(const synth::Assets assets, synth::LoadAssets({.avatars = options.avatars,
                                                            .motions = options.motions,
                                                            .backgrounds = options.backgrounds,
                                                            .share = share}));
  return std::make_shared<const synth::Generator>(synth::SceneOptions{}, assets);
}

}  // namespace cnp::train_app

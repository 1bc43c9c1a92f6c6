// `convnextpose dataset show`: one sample as a picture, to see that labels and pictures agree.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <memory>

#include "apps/cli/dataset.h"
#include "apps/cli/dataset_parts.h"
#include "convnextpose/base/file.h"
#include "convnextpose/datasets/human36m.h"
#include "convnextpose/image/decode.h"
#include "convnextpose/viz/overlay.h"

namespace cnp::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  convnextpose dataset show data/Human36M 17
      sample-17.png: the picture, the labelled joints, the person's box, the corners of the network's
  convnextpose dataset show data/MPII 0 --split train -o first.png
Exit code: 0 written, 1 not, 2 wrong usage.)";

struct ShowOptions {
  std::string dir;
  std::size_t index = 0;
  std::string dataset;
  std::string split = "test";
  int protocol = 2;
  int subsample = 0;
  std::string out;
};

// Of the protocol's subjects those that are there; where none is, all that are.
Result<std::vector<int>> SubjectsIn(const ShowOptions& options, datasets::Split split) {
  CNP_ASSIGN(datasets::Folders folders, datasets::Folders::Open(options.dir));
  CNP_ASSIGN(const std::vector<int> wanted,
             datasets::Human36mSubjects({.split = split, .protocol = options.protocol}));
  std::vector<int> all;
  std::vector<int> both;
  for (const DatasetPart& part : FindParts(folders, "human36m")) {
    if (!part.missing.empty()) continue;
    const int subject = part.options.subjects.front();
    all.push_back(subject);
    if (std::ranges::find(wanted, subject) != wanted.end()) both.push_back(subject);
  }
  return both.empty() ? all : both;
}

Result<datasets::Dataset> Open(const ShowOptions& options) {
  CNP_ASSIGN(const std::string name, DatasetIn(options.dir, options.dataset));
  const auto split = options.split == "train" ? datasets::Split::kTrain : datasets::Split::kTest;
  std::vector<int> subjects;
  if (name == "human36m") {
    CNP_ASSIGN(subjects, SubjectsIn(options, split));
  }
  return datasets::OpenDataset(name, options.dir,
                               {.split = split,
                                .protocol = options.protocol,
                                .subjects = subjects,
                                .subsample = options.subsample,
                                .limit = options.index + 1});
}

std::string Describe(const datasets::Sample& sample, const datasets::Dataset& dataset) {
  std::string text = fmt::format("{}  image {}, annotation {}", sample.file, sample.image_id,
                                 sample.annotation_id);
  const datasets::Origin& origin = sample.origin;
  if (origin.subject >= 0) {
    text += fmt::format(", subject {}, {}, camera {}, frame {}", origin.subject,
                        dataset.actions[static_cast<std::size_t>(origin.action)], origin.camera,
                        origin.frame);
  }
  if (std::isfinite(sample.root_depth_mm)) {
    text += fmt::format(", {:.2f} m away", sample.root_depth_mm / 1000);
  }
  return text;
}

Status Write(const datasets::Sample& sample, const datasets::Dataset& dataset,
             const std::string& out) {
  CNP_ASSIGN(image::Image picture, image::Load(dataset.images / sample.file));
  // What is not labelled has no place.
  std::vector<pose::Vec2> joints = sample.image_px;
  for (std::size_t j = 0; j < joints.size(); ++j) {
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    if (sample.visible[j] == 0) joints[j] = {nan, nan};
  }
  viz::Person person{.box = sample.box, .image_px = joints};
  if (const auto box = pose::NetworkBox(sample.box, sample.width, sample.height); box.ok()) {
    person.network_box = *box;
  }
  viz::DrawOverlay(*dataset.joints, std::span(&person, 1), picture);
  return WriteFileAtomically(out, image::EncodePng(picture));
}

int Run(const ShowOptions& options) {
  const auto dataset = Open(options);
  if (!dataset.ok()) return Fail(dataset.error());
  if (options.index >= dataset->samples.size()) {
    return Fail({fmt::format("{}: there is no sample {}, there are {}, counted from 0", options.dir,
                             options.index, dataset->samples.size())});
  }
  const datasets::Sample& sample = dataset->samples[options.index];
  const std::string out =
      options.out.empty() ? fmt::format("sample-{}.png", options.index) : options.out;
  const Status written = Write(sample, *dataset, out);
  if (!written.ok()) return Fail(written.error());
  Print(fmt::format("{}: {}\n", out, Describe(sample, *dataset)));
  return kSuccess;
}

}  // namespace

void AddDatasetShow(CLI::App& dataset, Command& chosen) {
  CLI::App* command = dataset.add_subcommand("show", "One sample drawn, with its joints and boxes");
  auto options = std::make_shared<ShowOptions>();
  command->add_option("DIR", options->dir, "Folder of the dataset")->required();
  command->add_option("N", options->index, "Which sample, counted from 0")->required();
  command->add_option("--dataset", options->dataset, "Which, where DIR holds several")
      ->check(CLI::IsMember(DatasetNames()));
  command->add_option("--split", options->split, "test or train")
      ->check(CLI::IsMember({"test", "train"}))
      ->capture_default_str();
  command->add_option("--protocol", options->protocol, "Of Human3.6M")
      ->check(CLI::Range(1, 2))
      ->capture_default_str();
  command
      ->add_option("--subsample", options->subsample,
                   "Human3.6M: every n-th frame; else 64 to test, 5 to train")
      ->check(CLI::PositiveNumber);
  command->add_option("-o,--out", options->out, "Picture to write; else sample-N.png");
  command->footer(kExamples);
  command->callback([options, &chosen] { chosen.run = [options] { return Run(*options); }; });
}

}  // namespace cnp::cli

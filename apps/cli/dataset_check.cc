// `convnextpose dataset check`: what of a dataset is there, and what to do about the rest.
#include <fmt/core.h>

#include <memory>

#include "apps/cli/dataset.h"
#include "apps/cli/dataset_report.h"

namespace cnp::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  convnextpose dataset check data/Human36M
      people by subject, pictures that are missing or damaged, and the cure
  convnextpose dataset check data
      finds what is further down, as unpacked: Human3.6M, MPII, COCO, MuCo, MuPoTS, one's own
  convnextpose dataset check --all-pictures data/MPII
      decodes every picture, not a few of each part
  convnextpose dataset check --json data/Human36M | jq '.parts[].people'
Exit code: 0 everything that is there can be evaluated; 1 it cannot, or not rightly: nothing is there, or
files or pictures are missing or damaged; 2 wrong usage. Whom the dataset's own rule skips (crowds, nobody
labelled) is counted and no problem; broken annotations are counted, named and warned of.)";

struct Options {
  CheckOptions check;
  bool json = false;
};

int Run(const Options& options) {
  const Result<CheckReport> report = Check(options.check);
  if (!report.ok()) return Fail(report.error());
  Print(options.json ? ToJson(*report) + "\n" : ToText(*report));
  return report->fine() ? kSuccess : kFailure;
}

}  // namespace

void AddDatasetCheck(CLI::App& dataset, Command& chosen) {
  CLI::App* command = dataset.add_subcommand("check", "What is there, missing or damaged");
  auto options = std::make_shared<Options>();
  command->add_option("DIR", options->check.dir, "Folder of the dataset, or one above it")
      ->required();
  command
      ->add_option("--dataset", options->check.dataset,
                   "human36m, mpii, coco, muco, mupots or coco-json; else what is found")
      ->check(CLI::IsMember(DatasetNames()));
  command->add_flag("--all-pictures", options->check.all_pictures, "Decode every picture");
  command
      ->add_option("--subsample", options->check.subsample,
                   "Human3.6M: pictures of every n-th frame; else those that are read: every "
                   "5th and every 64th")
      ->check(CLI::PositiveNumber);
  command->add_flag("--json", options->json, "For machines");
  command->footer(kExamples);
  command->callback([options, &chosen] { chosen.run = [options] { return Run(*options); }; });
}

}  // namespace cnp::cli

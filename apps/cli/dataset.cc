// `convnextpose dataset`: the labelled pictures that one brings, looked after.
#include "apps/cli/dataset.h"

namespace cnp::cli {

void AddDataset(CLI::App& root, Command& chosen) {
  CLI::App* command =
      root.add_subcommand("dataset", "Labelled pictures: check, show, make samples");
  command->require_subcommand(1);
  AddDatasetCheck(*command, chosen);
  AddDatasetShow(*command, chosen);
  AddDatasetSample(*command, chosen);
  command->footer(
      "Examples:\n"
      "  convnextpose dataset check data/Human36M\n"
      "  convnextpose dataset show data/Human36M 17\n"
      "  convnextpose dataset sample --out /tmp/sample\n"
      "  convnextpose dataset check --help");
}

}  // namespace cnp::cli

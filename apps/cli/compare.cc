// `convnextpose compare`: evaluations side by side, and beside what the authors published.
#include <fmt/core.h>

#include <algorithm>
#include <filesystem>

#include "apps/cli/command.h"
#include "apps/cli/compare_report.h"
#include "convnextpose/base/file.h"

namespace cnp::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  convnextpose eval --dataset human36m --data H36M --weights xs.pth --json xs.json
  convnextpose compare xs.json s.json m.json l.json
      parameters, error, the published error and whether both agree; is a difference real?
  convnextpose compare xs.json --tolerance 0.3 --check
      exit code 1 unless the error is within 0.3 mm of the published one
  convnextpose compare before.json after.json --html report.html
      a page with plots, and the 12 worst people drawn beside their labels
  convnextpose compare xs.json --sheet people.jpg
      the best, the median and the worst four, to look at
  convnextpose compare *.json --markdown > table.md
  convnextpose compare *.json --json | jq '.models[].verdict'
Exit code: 0 all were read, 1 one was not (or --check found a difference), 2 wrong usage.)";

struct CompareCommand {
  std::vector<std::string> files;
  eval::CompareOptions options;
  bool markdown = false;
  bool json = false;
  bool check = false;
  std::string html;
  std::string sheet;
  PictureOptions pictures;
};

using Labels = std::vector<std::string>;

bool AllDiffer(Labels labels) {
  std::ranges::sort(labels);
  const bool named = std::ranges::none_of(labels, &std::string::empty);
  return named && std::ranges::adjacent_find(labels) == labels.end();
}

/// The shortest that tell the models apart: variants, names, or the results' files.
Labels MakeLabels(const std::vector<eval::Evaluation>& evaluations, const Labels& files) {
  Labels variants;
  Labels names;
  Labels stems;
  for (std::size_t i = 0; i < files.size(); ++i) {
    variants.push_back(evaluations[i].model.variant);
    names.push_back(evaluations[i].model.name);
    stems.push_back(std::filesystem::path(files[i]).stem().string());
  }
  for (const Labels& labels : {variants, names, stems}) {
    if (AllDiffer(labels)) return labels;
  }
  return files;
}

int Output(const eval::Comparison& comparison, const CompareCommand& command) {
  if (command.json) {
    Print(CompareJson(comparison) + "\n");
  } else if (command.markdown) {
    Print(CompareMarkdown(comparison));
  } else {
    Print(CompareText(comparison));
  }
  if (!command.sheet.empty()) {
    constexpr std::size_t kRows = 4;
    const auto drawn = DrawExamples(comparison, kRows, command.pictures.data);
    if (!drawn.ok()) return Fail(drawn.error().In(command.sheet));
    const Status written = WriteFileAtomically(command.sheet, *drawn);
    if (!written.ok()) return Fail(written.error());
  }
  if (command.html.empty()) return kSuccess;
  const WorstPictures worst = DrawWorst(comparison, command.pictures);
  if (!command.pictures.data.empty()) {  // Else the page says enough.
    for (const std::string& note : worst.notes) Warn("no pictures of the worst: " + note);
  }
  const Status written = WriteFileAtomically(command.html, CompareHtml(comparison, worst));
  return written.ok() ? kSuccess : Fail(written.error());
}

int Run(const CompareCommand& command) {
  if (!command.pictures.data.empty() && command.html.empty() && command.sheet.empty()) {
    Fail({"--data is for the pictures of --html or --sheet; give one of these"});
    return kUsage;
  }
  int code = kSuccess;
  std::vector<eval::Evaluation> evaluations;
  std::vector<std::string> read;
  for (const std::string& file : command.files) {
    Result<eval::Evaluation> evaluation = eval::LoadEvaluation(file);
    if (!evaluation.ok()) {
      code = Fail(evaluation.error());
      continue;
    }
    evaluations.push_back(std::move(evaluation).value());
    read.push_back(file);
  }
  if (evaluations.empty()) return code;
  eval::CompareOptions options = command.options;
  options.labels = MakeLabels(evaluations, read);
  const eval::Comparison comparison = eval::Compare(evaluations, options);
  code = std::max(code, Output(comparison, command));
  const bool agree = std::ranges::all_of(comparison.models, [](const eval::ComparedModel& model) {
    return model.verdict == eval::Verdict::kAsPublished;
  });
  return command.check && !agree ? kFailure : code;
}

}  // namespace

void AddCompare(CLI::App& root, Command& chosen) {
  CLI::App* command =
      root.add_subcommand("compare", "Evaluations side by side, and beside the published ones");
  auto options = std::make_shared<CompareCommand>();
  command->add_option("RESULT", options->files, "Results of `convnextpose eval --json FILE`")
      ->required();
  command
      ->add_option("--tolerance", options->options.tolerance_mm,
                   "How many mm from the published error still agree with it")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
  command->add_flag("--check", options->check,
                    "Exit with 1 unless every error agrees with the published one");
  command->add_option("--worst", options->options.worst, "How many of the worst people are listed")
      ->check(CLI::Range(0, 10000))
      ->capture_default_str();
  auto* markdown = command->add_flag("--markdown", options->markdown, "Tables in Markdown");
  command->add_flag("--json", options->json, "For machines: everything")->excludes(markdown);
  CLI::Option* html = command->add_option(
      "--html", options->html, "Write a page with plots and the worst poses to this file, too");
  command
      ->add_option("--pictures", options->pictures.count,
                   "How many of the worst people the page shows, drawn beside their labels")
      ->check(CLI::Range(0, 1000))
      ->needs(html)
      ->capture_default_str();
  command->add_option("--sheet", options->sheet,
                      "Write a JPEG of people whom the first model reads best, middling and worst");
  command->add_option("--data", options->pictures.data,
                      "Folder of the dataset for pictures; else where the results say it was");
  command->footer(kExamples);
  command->callback([options, &chosen] { chosen.run = [options] { return Run(*options); }; });
}

}  // namespace cnp::cli

// `convnextpose bench`: how fast the networks run here, and how fast beside other engines.
#include <fmt/core.h>

#include <algorithm>
#include <thread>

#include "apps/cli/bench_job.h"
#include "apps/cli/bench_peer.h"
#include "apps/cli/command.h"
#include "convnextpose/base/file.h"
#include "convnextpose/convert/text.h"
#include "convnextpose/engine/isa.h"

#ifndef CNP_PEERS
#error "the build defines CNP_PEERS"
#endif

namespace cnp::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  convnextpose bench
      all four networks on one thread and on all
  convnextpose bench --variants L --threads 2 --batch 1,8 --layers
      where the time goes
  convnextpose bench --weights xs.tar --precision f32,f16
      a network of your own; how far the precisions are apart
  convnextpose bench --variants XS --against onnxruntime,pytorch,opencv
      in turns with other engines; tools/peers/setup.sh installs them
  convnextpose bench --json | jq '.results[] | {variant, threads, median_ms, share_of_peak}'
Exit code: 0 all was measured, 1 something was not (the rest is), 2 wrong usage.)";

struct BenchOptions {
  std::vector<std::string> variants;
  std::vector<std::string> weights;
  std::vector<int> threads;
  std::vector<int> batches = {1};
  std::vector<std::string> precisions = {"f32"};
  int runs = 100;
  int warmup = 10;
  std::string isa = "auto";
  bool layers = false;
  std::string json;
  std::vector<std::string> against;
  std::string peers = CNP_PEERS;
};

void RegisterWhat(CLI::App& command, BenchOptions& options) {
  command
      .add_option("--variants", options.variants,
                  "Of XS, S, M, L, with generated weights; all four if neither this nor --weights "
                  "is given")
      ->delimiter(',');
  command.add_option("--weights,-w", options.weights, "Checkpoints, any form: see `inspect`");
  command.add_option("--threads", options.threads, "0: all cores; if not given: 1 and all cores")
      ->delimiter(',')
      ->check(CLI::Range(0, 1024));
  command.add_option("--batch", options.batches, "Pictures that the network sees at once")
      ->delimiter(',')
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  command.add_option("--precision", options.precisions, "Of f32, f16, int8, auto")
      ->delimiter(',')
      ->capture_default_str();
  command.add_option("--isa", options.isa, "Instruction set to force")->capture_default_str();
}

void RegisterHow(CLI::App& command, BenchOptions& options) {
  command.add_option("--runs", options.runs, "Runs that are timed, of each engine in each case")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  command.add_option("--warmup", options.warmup, "Runs before these")
      ->check(CLI::Range(0, 1'000'000))
      ->capture_default_str();
  command
      .add_option("--against", options.against,
                  "Other engines to take turns with: " + convert::Join(PeerNames(), ", "))
      ->delimiter(',')
      ->check(CLI::IsMember(PeerNames()));
  command.add_option("--peers", options.peers, "Folder of their scripts")->capture_default_str();
  command.add_flag("--layers", options.layers, "The time of every layer");
  command
      .add_option("--json", options.json,
                  "For machines: in place of the tables, or to a file beside them")
      ->expected(0, 1);
  command.footer(kExamples);
}

template <typename T>
std::vector<T> WithoutRepeats(const std::vector<T>& values) {
  std::vector<T> once;
  for (const T& value : values) {
    if (std::find(once.begin(), once.end(), value) == once.end()) once.push_back(value);
  }
  return once;
}

std::vector<int> Threads(std::vector<int> threads) {
  if (threads.empty()) threads = {1, 0};
  const int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  std::replace(threads.begin(), threads.end(), 0, cores);
  return WithoutRepeats(threads);
}

Result<BenchPlan> Plan(const BenchOptions& options) {
  BenchPlan plan{.weights = options.weights,
                 .threads = Threads(options.threads),
                 .batches = WithoutRepeats(options.batches),
                 .schedule = {options.runs, options.warmup},
                 .layers = options.layers,
                 .peers = WithoutRepeats(options.against),
                 .peers_folder = options.peers};
  for (const std::string& name : WithoutRepeats(options.variants)) {
    CNP_ASSIGN(model::Spec spec, model::FindVariant(name));
    plan.variants.push_back(std::move(spec));
  }
  if (plan.variants.empty() && plan.weights.empty()) {
    for (const model::Variant& variant : model::Variants()) plan.variants.push_back(variant.spec);
  }
  CNP_RETURN_IF_ERROR(engine::ForceIsa(options.isa));  // "auto" below depends on it.
  for (const std::string& name : options.precisions) {
    CNP_ASSIGN(const engine::Precision precision, engine::ParsePrecision(name));
    plan.precisions.push_back(precision);
  }
  plan.precisions = WithoutRepeats(plan.precisions);
  return plan;
}

int Run(const BenchOptions& options, bool wants_json) {
  const Result<BenchPlan> plan = Plan(options);
  if (!plan.ok()) {
    Fail(plan.error());
    return kUsage;
  }
  const BenchReport report = RunBench(*plan);
  const bool json_is_output = wants_json && (options.json.empty() || options.json == "-");
  Print(json_is_output ? ToJson(report) + "\n" : ToText(report));
  if (wants_json && !json_is_output) {
    const Status written = WriteFileAtomically(options.json, ToJson(report) + "\n");
    if (!written.ok()) return Fail(written.error());
  }
  return report.gaps.empty() ? kSuccess : kFailure;
}

}  // namespace

void AddBench(CLI::App& root, Command& chosen) {
  CLI::App* command = root.add_subcommand("bench", "How fast the networks run on this machine");
  auto options = std::make_shared<BenchOptions>();
  RegisterWhat(*command, *options);
  RegisterHow(*command, *options);
  command->callback([options, command, &chosen] {
    const bool wants_json = command->count("--json") > 0;
    chosen.run = [options, wants_json] { return Run(*options, wants_json); };
  });
}

}  // namespace cnp::cli

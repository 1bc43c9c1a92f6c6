// `convnextpose eval`: networks, or anyone's predictions, against labelled people.
#include <fmt/core.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>

#include "apps/cli/command.h"
#include "apps/cli/eval_job.h"
#include "apps/cli/eval_networks.h"
#include "apps/cli/eval_text.h"
#include "apps/cli/network_options.h"
#include "apps/cli/sha256.h"
#include "apps/cli/team.h"
#include "convnextpose/base/file.h"
#include "convnextpose/convert/fold.h"
#include "convnextpose/convert/load.h"
#include "convnextpose/datasets/boxes.h"
#include "convnextpose/datasets/human36m.h"
#include "convnextpose/datasets/open.h"
#include "convnextpose/engine/isa.h"
#include "convnextpose/eval/mupots_mat.h"
#include "convnextpose/eval/predictions.h"
#include "convnextpose/eval/result.h"
#include "convnextpose/model/layers.h"

namespace cnp::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  convnextpose eval --dataset human36m --data data/Human36M --protocol 2 --weights XS.tar S.tar --out results
      two networks on subjects 9 and 11, as in the paper; results/NAME.json for `compare`
  convnextpose eval --dataset human36m --data data/Human36M --weights snapshots --epochs 60-70
      snapshot_60.* to snapshot_70.* of a folder
  convnextpose eval --dataset mpii --data data/MPII --weights xs.safetensors --json xs.json
      2-D only: shares of joints within 5, 10 and 20 % of the box
  convnextpose eval --dataset human36m --data data/Human36M --weights L.tar --json l.json --resume
      goes on with a run that was cut off
  convnextpose eval --dataset human36m --data data/Human36M --predictions theirs.json
      scores predictions; no network and no picture is read
  convnextpose eval --dataset mupots --data data/MuPoTS --weights muco.tar --mupots-mat results
      preds_2d_kpt_mupots.mat and preds_3d_kpt_mupots.mat for MuPoTS-3D's own evaluation
  mpirun -n 4 convnextpose eval --dataset human36m --data data/Human36M --weights L.tar --json l.json
      four processes, on one machine or many, where the program is built with MPI (-DCNP_MPI=ON)
Exit code: 0 all samples scored, 1 something failed or was left out, 2 wrong usage.)";

struct EvalOptions {
  std::string dataset = "human36m";
  std::string data;
  int protocol = 2;
  bool train = false;
  std::vector<int> subjects;
  int subsample = 0;
  std::size_t limit = 0;
  std::string boxes;

  std::vector<std::string> weights;
  std::string epochs;
  NetworkOptions network;
  std::string joint_set;
  std::string predictions;

  bool flip_test = true;
  int threads = 0;
  std::string batch = "auto";
  std::string precision = "f32";
  std::string isa = "auto";

  std::string json;
  std::string out;
  std::string save_predictions;
  std::string mupots_mat;
  bool resume = false;
};

void Register(CLI::App& command, EvalOptions& options) {
  constexpr const char* kWhat = "What is evaluated";
  command.add_option("--weights,-w", options.weights, "Checkpoints, any form: see `inspect`")
      ->group(kWhat);
  command
      .add_option("--epochs", options.epochs,
                  "snapshot_N.* of the folders given as --weights: 65, 60-70 or 60,65")
      ->group(kWhat);
  command
      .add_option("--predictions", options.predictions,
                  "Instead of a network: a file [{image_id, joint_cam, bbox, root_cam}]")
      ->group(kWhat);
  options.network.Register(command);
  command
      .add_option("--joint-set", options.joint_set,
                  "Names of the network's joints, where their number leaves it open")
      ->group(kWhat);

  constexpr const char* kData = "On which people";
  std::string names;
  for (const datasets::DatasetKind& kind : datasets::DatasetKinds()) {
    names += (names.empty() ? "" : ", ") + std::string(kind.name);
  }
  command.add_option("--dataset", options.dataset, names)->capture_default_str()->group(kData);
  command
      .add_option("--data", options.data,
                  "Folder that holds annotations/ and images/, or one above it")
      ->required()
      ->group(kData);
  command
      .add_option("--protocol", options.protocol,
                  "Of human36m: 1 tests subject 11, 2 subjects 9 and 11")
      ->check(CLI::IsMember({1, 2}))
      ->capture_default_str()
      ->group(kData);
  command.add_flag("--train-split", options.train, "The pictures to train with instead")
      ->group(kData);
  command.add_option("--subjects", options.subjects, "Other subjects of human36m")
      ->delimiter(',')
      ->group(kData);
  command
      .add_option("--subsample", options.subsample,
                  "Every n-th frame of human36m; else 64 to test, 5 to train")
      ->check(CLI::Range(1, 1'000'000))
      ->group(kData);
  command.add_option("--limit", options.limit, "At most so many people, from the beginning")
      ->group(kData);
  command
      .add_option("--boxes", options.boxes,
                  "Detected boxes and roots [{image_id, bbox, root_cam}] instead of labelled ones")
      ->group(kData);

  constexpr const char* kHow = "How it runs";
  command
      .add_flag("--flip-test,!--no-flip-test", options.flip_test,
                "Average with the mirrored picture, as the paper does; on by default")
      ->group(kHow);
  command.add_option("--threads", options.threads, "0: all cores")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str()
      ->group(kHow);
  command
      .add_option("--batch", options.batch, "Crops that a thread's network sees at once, or auto")
      ->check(CLI::IsMember({"auto"}) | CLI::Range(1, 256))
      ->capture_default_str()
      ->group(kHow);
  command.add_option("--precision", options.precision, "f32, f16, int8 or auto: see `bench`")
      ->capture_default_str()
      ->group(kHow);
  command.add_option("--isa", options.isa, "Instruction set to force, for bug reports")
      ->capture_default_str()
      ->group(kHow);
  command
      .add_flag("--resume", options.resume,
                "Go on with the run of the same command that was cut off")
      ->group(kHow);

  constexpr const char* kOutput = "Output";
  command
      .add_option("--json", options.json,
                  "The result of one network, for machines and `compare`: - for standard output, "
                  "or a file")
      ->group(kOutput);
  command.add_option("--out", options.out, "Folder for NAME.json of each network")->group(kOutput);
  command
      .add_option("--save-predictions", options.save_predictions,
                  "The poses of one network as a file that --predictions takes")
      ->group(kOutput);
  command
      .add_option("--mupots-mat", options.mupots_mat,
                  "With --dataset mupots, a folder for preds_2d_kpt_mupots.mat and "
                  "preds_3d_kpt_mupots.mat, which its MATLAB evaluators read")
      ->group(kOutput);
  command.footer(kExamples);
}

// What the options say, once it is known to make sense.
struct Request {
  std::vector<std::filesystem::path> networks;
  datasets::ReadOptions read;
  convert::Options network;
  engine::Precision precision = engine::Precision::kF32;
  int batch = 0;
};

Status CheckOutputs(const EvalOptions& options, std::size_t networks) {
  if (networks > 1 &&
      (!options.json.empty() || !options.save_predictions.empty() || !options.mupots_mat.empty())) {
    return Error{fmt::format(
        "--json, --save-predictions and --mupots-mat take one network, not {}: give --out FOLDER",
        networks)};
  }
  if (!options.mupots_mat.empty() && options.dataset != "mupots") {
    return Error{"--mupots-mat is for --dataset mupots, not for " + options.dataset};
  }
  const bool file = !options.out.empty() || (!options.json.empty() && options.json != "-");
  if (options.resume && !file) {
    return Error{"--resume needs --json FILE or --out FOLDER: what is done is kept beside them"};
  }
  return {};
}

Result<Request> Check(const EvalOptions& options) {
  if (options.weights.empty() == options.predictions.empty()) {
    return Error{"give --weights or --predictions"};
  }
  Request request;
  CNP_ASSIGN(request.networks, NetworkFiles(options.weights, options.epochs));
  CNP_RETURN_IF_ERROR(CheckOutputs(options, request.networks.size()));
  request.read = {.split = options.train ? datasets::Split::kTrain : datasets::Split::kTest,
                  .protocol = options.protocol,
                  .subjects = options.subjects,
                  .subsample = options.subsample,
                  .limit = options.limit,
                  .needs_box = options.boxes.empty()};
  CNP_ASSIGN(request.network, options.network.Resolve());
  CNP_RETURN_IF_ERROR(engine::ForceIsa(options.isa));
  CNP_ASSIGN(request.precision, engine::ParsePrecision(options.precision));
  if (options.batch != "auto") request.batch = std::stoi(options.batch);
  return request;
}

/// The evaluations that one command asks for, on one dataset.
class Evaluator {
 public:
  Evaluator(const EvalOptions& options, const Request& request, datasets::Dataset dataset,
            Team& team)
      : options_(options), request_(request), dataset_(std::move(dataset)), team_(team) {}

  Status EvaluateNetwork(const std::filesystem::path& path) {
    CNP_ASSIGN(const convert::Network loaded, convert::LoadNetwork(path, request_.network));
    for (const std::string& warning : loaded.warnings) Warn(warning);
    CNP_ASSIGN(const pose::JointSet* set, JointSetOf(options_.joint_set, loaded.spec.joints));
    const auto layers = model::Layers(loaded.spec);
    const convert::FoldedNetwork folded = convert::FoldBatchNorm(layers, loaded.weights);
    const engine::Network network(folded.layers, folded.weights, request_.precision);
    if (!options_.mupots_mat.empty()) CNP_RETURN_IF_ERROR(eval::CheckMupotsJoints(*set));
    eval::Evaluation evaluation = Begin();
    evaluation.model = {.name = NameOf(path),
                        .variant = loaded.spec.name,
                        .file = path.string(),
                        .parameters = model::Parameters(layers).trainable,
                        .gmac = static_cast<double>(model::Macs(layers)) * 1e-9,
                        .precision = std::string(Name(request_.precision)),
                        .isa = engine::CurrentIsa()};
    evaluation.settings.flip_test = options_.flip_test;

    Answers answers(dataset_.samples.size());
    std::optional<Journal> journal;
    const std::filesystem::path output = OutputOf(evaluation.model.name);
    if (!output.empty()) {
      CNP_ASSIGN(journal, OpenJournal(path, output, *set, answers));
    }
    const EvalJob job = {.dataset = &dataset_,
                         .network = &network,
                         .joint_set = set,
                         .flip_test = options_.flip_test,
                         .threads = options_.threads,
                         .batch = request_.batch};
    CNP_ASSIGN(EvalOutcome outcome,
               RunEvalJob(job, std::move(answers), journal ? &*journal : nullptr, team_));
    if (!team_.leads()) return {};
    evaluation.settings.threads = outcome.threads;
    evaluation.settings.batch = outcome.batch;
    CNP_RETURN_IF_ERROR(Finish(evaluation, std::move(outcome), *set, output));
    if (!output.empty()) Journal::RemoveAll(output);
    return {};
  }

  Status EvaluatePredictions(const std::filesystem::path& path) {
    CNP_ASSIGN(const std::vector<eval::Prediction> predictions, eval::ReadPredictions(path));
    const eval::Match match = eval::MatchPredictions(predictions, dataset_);
    EvalOutcome outcome;
    CNP_ASSIGN(outcome.records, eval::ScorePredictions(predictions, match, dataset_));
    AddAll(match.missing, outcome.left_out);
    WarnOf(match.doubled, "predictions are of people whom their picture does not have");
    WarnOf(match.unknown, "predictions are of pictures that are not evaluated");
    eval::Evaluation evaluation = Begin();
    evaluation.model = {.name = NameOf(path), .file = path.string()};
    evaluation.settings.boxes = evaluation.settings.roots = "as predicted";
    return Finish(evaluation, std::move(outcome), *dataset_.joints,
                  OutputOf(evaluation.model.name));
  }

  [[nodiscard]] bool complete() const { return complete_; }

 private:
  [[nodiscard]] eval::Evaluation Begin() const {
    eval::Evaluation evaluation;
    evaluation.dataset = dataset_.name;
    evaluation.split = options_.train ? "train" : "test";
    evaluation.data = std::filesystem::absolute(options_.data).lexically_normal().string();
    evaluation.joints = dataset_.joints;
    evaluation.settings.subjects = options_.subjects;
    evaluation.settings.boxes = options_.boxes.empty() ? "labelled" : options_.boxes;
    evaluation.settings.roots = evaluation.settings.boxes;
    if (!dataset_.samples.empty()) {
      evaluation.settings.assumed_camera = dataset_.samples.front().camera.assumed;
    }
    if (dataset_.name == "human36m") {
      evaluation.protocol = options_.protocol;
      const Result<int> subsample = datasets::Human36mSubsample(request_.read);
      if (subsample.ok()) evaluation.settings.subsample = *subsample;
    }
    evaluation.left_out = dataset_.left_out;
    return evaluation;
  }

  // Where this process keeps what it has done, once all know what was done before.
  Result<Journal> OpenJournal(const std::filesystem::path& network,
                              const std::filesystem::path& output, const pose::JointSet& set,
                              Answers& answers) {
    CNP_ASSIGN(const std::string sha256, Sha256(network));
    const std::string run = Describe(sha256);
    if (options_.resume) {
      CNP_RETURN_IF_ERROR(Journal::ReadAll(output, run, dataset_.samples, set.size(), answers));
    } else if (team_.leads()) {
      Journal::RemoveAll(output);
    }
    team_.Barrier();
    return Journal::Open(Journal::PathOf(output, team_.rank()), run, options_.resume);
  }

  // Everything that the answers of a network depend on: a journal of another run is refused.
  [[nodiscard]] std::string Describe(const std::string& sha256) const {
    return fmt::format(
        "{} {} {} flip={} precision={} isa={} boxes={} protocol={} split={} samples={}", sha256,
        dataset_.name, std::filesystem::absolute(options_.data).lexically_normal().string(),
        options_.flip_test, Name(request_.precision), engine::CurrentIsa(), options_.boxes,
        options_.protocol, options_.train ? "train" : "test", dataset_.samples.size());
  }

  static std::string NameOf(const std::filesystem::path& path) {
    std::string name = path.filename().string();
    return name.empty() ? path.parent_path().filename().string() : name;
  }

  [[nodiscard]] std::filesystem::path OutputOf(const std::string& name) const {
    if (!options_.out.empty()) return std::filesystem::path(options_.out) / (name + ".json");
    return options_.json == "-" ? "" : options_.json;
  }

  // `predicted`: the joints of the records' poses.
  Status Finish(eval::Evaluation& evaluation, EvalOutcome outcome, const pose::JointSet& predicted,
                const std::filesystem::path& output) {
    evaluation.summary =
        eval::Summarise(outcome.records, *dataset_.joints, {.actions = dataset_.actions});
    evaluation.summary.frames_per_second =
        outcome.frames_per_second > 0 ? outcome.frames_per_second : eval::kUnknown;
    for (const datasets::Problem& problem : outcome.left_out.named) {
      Warn(problem.where + ": " + problem.what);
    }
    AddAll(outcome.left_out, evaluation.left_out);
    complete_ = complete_ && outcome.left_out.count == 0;
    CNP_RETURN_IF_ERROR(SavePoses(outcome.records, predicted));
    evaluation.records = std::move(outcome.records);
    if (options_.json == "-") {
      Print(eval::ToJson(evaluation) + "\n");
    } else {
      Print(EvaluationText(evaluation, outcome.resumed));
    }
    if (output.empty()) return {};
    return WriteFileAtomically(output, eval::ToJson(evaluation));
  }

  // `set`: the joints of the records' poses.
  [[nodiscard]] Status SavePoses(const std::vector<eval::Record>& records,
                                 const pose::JointSet& set) const {
    if (!options_.save_predictions.empty()) {
      CNP_RETURN_IF_ERROR(WriteFileAtomically(options_.save_predictions,
                                              eval::ToJson(eval::ToPredictions(records, set))));
    }
    if (options_.mupots_mat.empty()) return {};
    CNP_ASSIGN(const eval::MupotsResults results, eval::ToMupots(records, set, dataset_));
    return eval::WriteMupots(options_.mupots_mat, results);
  }

  // What a file has beyond the people that are evaluated, as it may well have.
  static void WarnOf(const datasets::Problems& problems, const char* what) {
    if (problems.count == 0) return;
    Warn(fmt::format("{} {}, e.g. {}", problems.count, what, problems.named.front().where));
  }

  static void AddAll(const datasets::Problems& from, datasets::Problems& to) {
    for (const datasets::Problem& problem : from.named) to.Add(problem);
    to.count += from.count - from.named.size();
  }

  const EvalOptions& options_;
  const Request& request_;
  datasets::Dataset dataset_;
  Team& team_;
  bool complete_ = true;
};

// Nothing where none is asked for.
Status MakeFolder(const std::string& path) {
  if (path.empty()) return {};
  std::error_code error;
  std::filesystem::create_directories(path, error);
  return error ? Status(Error{path + ": cannot make this folder: " + error.message()}) : Status();
}

Result<int> Evaluate(const EvalOptions& options, const Request& request, Team& team) {
  CNP_ASSIGN(datasets::Dataset dataset,
             datasets::OpenDataset(options.dataset, options.data, request.read));
  if (!options.boxes.empty()) {
    CNP_ASSIGN(const datasets::Boxes boxes, datasets::ReadBoxes(options.boxes));
    datasets::ApplyBoxes(boxes, dataset);
  }
  if (dataset.samples.empty()) {
    return Error{options.data + ": no sample to evaluate; `convnextpose dataset check` tells why"};
  }
  CNP_RETURN_IF_ERROR(MakeFolder(options.out));
  CNP_RETURN_IF_ERROR(MakeFolder(options.mupots_mat));
  Evaluator evaluator(options, request, std::move(dataset), team);
  int code = kSuccess;
  if (!options.predictions.empty() && team.leads()) {
    CNP_RETURN_IF_ERROR(evaluator.EvaluatePredictions(options.predictions));
  }
  for (const std::filesystem::path& path : request.networks) {
    const Status status = evaluator.EvaluateNetwork(path);
    if (status.ok()) continue;
    code = Fail(status.error());
    team.Abandon(code);  // Others may be waiting for this one.
  }
  return evaluator.complete() ? code : kFailure;
}

int Run(const EvalOptions& options) {
  const Result<Request> request = Check(options);
  if (!request.ok()) {
    Fail(request.error());
    return kUsage;
  }
  Team team;
  const Result<int> code = Evaluate(options, *request, team);
  if (code.ok()) return *code;
  Fail(code.error());
  team.Abandon(kFailure);
  return kFailure;
}

}  // namespace

void AddEval(CLI::App& root, Command& chosen) {
  CLI::App* command =
      root.add_subcommand("eval", "Errors of networks or predictions on labelled people");
  auto options = std::make_shared<EvalOptions>();
  Register(*command, *options);
  command->callback([options, &chosen] { chosen.run = [options] { return Run(*options); }; });
}

}  // namespace cnp::cli

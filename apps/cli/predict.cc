// `convnextpose predict`: pictures -> people in camera space.
#include <fmt/core.h>

#include <array>
#include <cmath>
#include <filesystem>
#include <optional>
#include <sstream>

#include "apps/cli/command.h"
#include "apps/cli/network_options.h"
#include "apps/cli/predict_job.h"
#include "apps/cli/sha256.h"
#include "convnextpose/convert/fold.h"
#include "convnextpose/convert/load.h"
#include "convnextpose/engine/isa.h"

namespace cnp::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  convnextpose predict --weights ConvNeXtPose_XS.tar photo.jpg
      prints the joints of the person in it
  convnextpose predict --weights xs.safetensors photos/ -o out
      writes out/NAME.json, out/NAME.overlay.png and out/NAME.3d.png for each picture
  convnextpose predict --weights xs.pth photo.jpg --box 120,40,200,480 --box 400,60,180,470
      two people, whose boxes are known
  convnextpose predict --weights xs.pth photo.jpg --focal 1145 --root-depth 4800 --json - | jq
      a known camera and depth; JSON for machines (docs/formats.md)
  cat photo.jpg | convnextpose predict --weights xs.pth -
Exit code: 0 all pictures done, 1 something failed (the rest is done all the same), 2 wrong usage.)";

struct PredictOptions {
  std::vector<std::string> inputs;
  std::string weights;
  NetworkOptions network;
  std::string joint_set;
  std::vector<std::string> boxes;
  std::vector<std::string> network_boxes;
  std::vector<double> focal_px;
  std::optional<double> fov_degrees;
  std::vector<double> center_px;
  std::vector<double> root_depth_mm;
  double height_mm = pose::kAverageAdultMm;
  bool flip_test = false;
  int threads = 0;
  int batch = 8;
  std::string isa = "auto";
  std::string output_folder;
  std::string json;
  bool quiet = false;
};

void Register(CLI::App& command, PredictOptions& options) {
  command
      .add_option("INPUT", options.inputs,
                  "Pictures (JPEG, PNG, WebP, BMP), folders of them, or - for stdin")
      ->required();
  command.add_option("--weights,-w", options.weights, "Checkpoint, any form: see `inspect`")
      ->required();
  options.network.Register(command);
  command.add_option("--joint-set", options.joint_set,
                     "Names of the joints, where their number leaves it open");

  constexpr const char* kWhere = "Where the people are";
  command
      .add_option("--box", options.boxes,
                  "A person's box x,y,w,h in pixels; repeat for more people. None: one person is "
                  "searched for in the whole picture")
      ->group(kWhere)
      ->allow_extra_args(false);
  command
      .add_option("--network-box", options.network_boxes,
                  "A box x,y,w,h already squared and enlarged, used as it is; repeatable")
      ->group(kWhere)
      ->allow_extra_args(false);

  constexpr const char* kCamera = "Camera and depth";
  auto* focal =
      command.add_option("--focal", options.focal_px, "Focal length in pixels, f or fx,fy")
          ->delimiter(',')
          ->expected(1, 2)
          ->group(kCamera);
  command.add_option("--fov", options.fov_degrees, "Horizontal field of view in degrees")
      ->group(kCamera)
      ->excludes(focal);
  command.add_option("--center", options.center_px, "Principal point cx,cy in pixels")
      ->delimiter(',')
      ->expected(2)
      ->group(kCamera);
  command
      .add_option("--root-depth", options.root_depth_mm,
                  "Distance of the pelvis along the camera's axis in mm, one for all or one for "
                  "each box; else from bone lengths")
      ->delimiter(',')
      ->group(kCamera);
  command.add_option("--height", options.height_mm, "Height of the people in mm, for bone lengths")
      ->capture_default_str()
      ->group(kCamera);

  constexpr const char* kHow = "How it runs";
  command.add_flag("--flip-test", options.flip_test, "Average with the mirrored picture")
      ->group(kHow);
  command.add_option("--threads", options.threads, "0: all cores")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str()
      ->group(kHow);
  command.add_option("--batch", options.batch, "Crops that the network sees at once")
      ->check(CLI::Range(1, 256))
      ->capture_default_str()
      ->group(kHow);
  command.add_option("--isa", options.isa, "Instruction set to force, for bug reports")
      ->capture_default_str()
      ->group(kHow);

  constexpr const char* kOutput = "Output";
  command
      .add_option("-o,--output", options.output_folder,
                  "Folder for NAME.json, NAME.overlay.png and NAME.3d.png; made if missing")
      ->group(kOutput);
  command
      .add_option("--json", options.json,
                  "One JSON object a picture and line: - for standard output, or a file")
      ->group(kOutput);
  command.add_flag("-q,--quiet", options.quiet, "No tables")->group(kOutput);
  command.footer(kExamples);
}

Result<pose::Box> ParseBox(const std::string& text) {
  std::istringstream in(text);
  std::array<double, 4> numbers{};
  bool good = true;
  for (std::size_t i = 0; i < numbers.size() && good; ++i) {
    good = (i == 0 || in.get() == ',') && (in >> numbers[i]);
  }
  if (!good || in.peek() != std::istringstream::traits_type::eof()) {
    return Error{"box '" + text + "' is not x,y,w,h: give left, top, width and height in pixels"};
  }
  return pose::Box{numbers[0], numbers[1], numbers[2], numbers[3]};
}

Status CheckLength(const char* what, double mm) {
  if (std::isfinite(mm) && mm > 0) return {};
  return Error{fmt::format("{} {} is not a positive number of millimetres", what, mm)};
}

// What no picture could be placed with is wrong usage, told once and before the network is read.
Status CheckNumbers(const PredictOptions& options) {
  if (!options.focal_px.empty()) {
    const auto camera =
        pose::CameraFromFocal(options.focal_px.front(), options.focal_px.back(), 1, 1);
    if (!camera.ok()) return camera.error().In("--focal");
  }
  if (options.fov_degrees) {
    const auto camera = pose::CameraFromFov(*options.fov_degrees, 1, 1);
    if (!camera.ok()) return camera.error().In("--fov");
  }
  for (const double center : options.center_px) {
    if (!std::isfinite(center)) return Error{"--center: give two numbers, cx,cy in pixels"};
  }
  for (const double depth : options.root_depth_mm) {
    CNP_RETURN_IF_ERROR(CheckLength("--root-depth", depth));
  }
  return CheckLength("--height", options.height_mm);
}

Result<std::vector<pipeline::Subject>> Subjects(const PredictOptions& options) {
  std::vector<pipeline::Subject> subjects;
  for (const std::string& text : options.boxes) {
    CNP_ASSIGN(const pose::Box box, ParseBox(text));
    subjects.push_back({.box = box});
  }
  for (const std::string& text : options.network_boxes) {
    CNP_ASSIGN(const pose::Box box, ParseBox(text));
    CNP_RETURN_IF_ERROR(pose::CheckNetworkBox(box));
    subjects.push_back({.network_box = box});
  }
  const std::size_t depths = options.root_depth_mm.size();
  if (depths > 1 && depths != subjects.size()) {
    return Error{fmt::format("{} root depths for {} boxes: give one, or one for each box", depths,
                             subjects.size())};
  }
  return subjects;
}

pipeline::PredictorOptions PredictorOptionsOf(const PredictOptions& options) {
  pipeline::PredictorOptions result;
  if (!options.focal_px.empty()) {
    result.camera.focal_px = {options.focal_px.front(), options.focal_px.back()};
  }
  result.camera.fov_degrees = options.fov_degrees;
  if (!options.center_px.empty()) {
    result.camera.center_px = {options.center_px[0], options.center_px[1]};
  }
  result.root_depth_mm = options.root_depth_mm;
  result.height_mm = options.height_mm;
  result.flip_test = options.flip_test;
  result.max_batch = options.batch;
  return result;
}

Result<const pose::JointSet*> JointSetOf(const PredictOptions& options, int joints) {
  if (options.joint_set.empty()) {
    if (const pose::JointSet* set = pose::JointSetOfSize(joints)) return set;
    return Error{fmt::format("the network has {} joints; say with --joint-set which", joints)};
  }
  CNP_ASSIGN(const pose::JointSet* set, pose::FindJointSet(options.joint_set));
  if (set->size() == joints) return set;
  return Error{fmt::format("joint set {} has {} joints, the network {}", options.joint_set,
                           set->size(), joints)};
}

Status MakeFolder(const std::string& folder) {
  if (folder.empty()) return {};
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (!error) return {};
  return Error{folder + ": cannot make this folder: " + error.message() +
               "; choose one that is writable"};
}

Result<int> Predict(const PredictOptions& options, std::vector<pipeline::Subject> subjects,
                    const convert::Options& network_options) {
  CNP_RETURN_IF_ERROR(MakeFolder(options.output_folder));
  CNP_ASSIGN(const convert::Network loaded, convert::LoadNetwork(options.weights, network_options));
  for (const std::string& warning : loaded.warnings) Warn(warning);
  CNP_ASSIGN(const pose::JointSet* set, JointSetOf(options, loaded.spec.joints));
  CNP_ASSIGN(std::string sha256, Sha256(options.weights));
  const convert::FoldedNetwork folded =
      convert::FoldBatchNorm(model::Layers(loaded.spec), loaded.weights);
  const engine::Network network(folded.layers, folded.weights);
  ThreadPool pool(options.threads);
  pipeline::Predictor predictor(network, *set, pool, PredictorOptionsOf(options));
  const PredictJob job{.inputs = ExpandInputs(options.inputs),
                       .subjects = std::move(subjects),
                       .pictures_at_once = options.batch,
                       .model = {loaded.spec.name, options.weights, std::move(sha256)},
                       .joint_set = set,
                       .output_folder = options.output_folder,
                       .json = options.json,
                       .quiet = options.quiet};
  return RunPredictJob(job, predictor);
}

int Usage(const Error& error) {
  Fail(error);
  return kUsage;
}

int Run(const PredictOptions& options) {
  if (const Status numbers = CheckNumbers(options); !numbers.ok()) return Usage(numbers.error());
  Result<std::vector<pipeline::Subject>> subjects = Subjects(options);
  if (!subjects.ok()) return Usage(subjects.error());
  const Result<convert::Options> network = options.network.Resolve();
  if (!network.ok()) return Usage(network.error());
  if (const Status isa = engine::ForceIsa(options.isa); !isa.ok()) return Usage(isa.error());
  const Result<int> code = Predict(options, std::move(subjects).value(), *network);
  return code.ok() ? *code : Fail(code.error());
}

}  // namespace

void AddPredict(CLI::App& root, Command& chosen) {
  CLI::App* command = root.add_subcommand("predict", "3-D poses of the people in pictures");
  auto options = std::make_shared<PredictOptions>();
  Register(*command, *options);
  command->callback([options, &chosen] { chosen.run = [options] { return Run(*options); }; });
}

}  // namespace cnp::cli

// `convnextpose predict`: pictures -> people in camera space.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <optional>
#include <sstream>

#include "apps/cli/command.h"
#include "apps/cli/default_weights.h"
#include "apps/cli/network_options.h"
#include "apps/cli/predict_job.h"
#include "apps/cli/sha256.h"
#include "convnextpose/convert/fold.h"
#include "convnextpose/convert/load.h"
#include "convnextpose/engine/isa.h"

namespace cnp::cli {
namespace {

constexpr const char* kExamples = R"(Examples:
  convnextpose predict photo.jpg
      prints the joints of the person in it, found with the weights that come with the program
  convnextpose predict photos/ -o out
      writes out/NAME.json, out/NAME.overlay.png and out/NAME.3d.png for each picture
  convnextpose predict photo.jpg --box 120,40,200,480 --box 400,60,180,470
      two people, whose boxes are known
  convnextpose predict --weights ConvNeXtPose_L.tar photo.jpg --focal 1145 --root-depth 4800 --json - | jq
      another network, a known camera and depth; JSON for machines (docs/formats.md)
  cat photo.jpg | convnextpose predict -
Exit code: 0 all pictures done, 1 something failed (the rest is done all the same), 2 wrong usage.)";

struct PredictOptions {
  std::vector<std::string> inputs;
  std::string weights;
  NetworkOptions network;
  std::string joint_set;
  std::vector<std::string> boxes;
  std::vector<std::string> network_boxes;
  // Lists of numbers with commas are one argument: "--root-depth 4000 photo.jpg" ends at 4000.
  std::string focal_px;
  std::optional<double> fov_degrees;
  std::string center_px;
  std::string root_depth_mm;
  double height_mm = pose::kAverageAdultMm;
  bool flip_test = false;
  int threads = 0;
  int batch = 8;
  std::string precision = "f32";
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
  command.add_option(
      "--weights,-w", options.weights,
      "Checkpoint, any form: see `inspect`. Else the XS that comes with the program");
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
          ->group(kCamera);
  command.add_option("--fov", options.fov_degrees, "Horizontal field of view in degrees")
      ->group(kCamera)
      ->excludes(focal);
  command.add_option("--center", options.center_px, "Principal point cx,cy in pixels")
      ->group(kCamera);
  command
      .add_option("--root-depth", options.root_depth_mm,
                  "Distance of the pelvis along the camera's axis in mm, one for all or one for "
                  "each box; else from bone lengths")
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
  command
      .add_option("--precision", options.precision,
                  "f32; f16: 16 bits, faster where the processor has dot products, within 0.02 "
                  "heatmap cells; int8: faster still, less exact; auto: f16 where it is faster")
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

// "1,2.5,3": numbers with commas between; empty text: none. Nothing else than that: no value.
std::optional<std::vector<double>> ParseNumbers(const std::string& text) {
  std::vector<double> numbers;
  std::istringstream in(text);
  for (double number = 0; !text.empty();) {
    if (!(in >> number)) return std::nullopt;
    numbers.push_back(number);
    const int next = in.get();
    if (next == std::istringstream::traits_type::eof()) break;
    if (next != ',') return std::nullopt;
  }
  return numbers;
}

Result<pose::Box> ParseBox(const std::string& text) {
  const auto numbers = ParseNumbers(text);
  if (!numbers || numbers->size() != 4) {
    return Error{"box '" + text + "' is not x,y,w,h: give left, top, width and height in pixels"};
  }
  return pose::Box{(*numbers)[0], (*numbers)[1], (*numbers)[2], (*numbers)[3]};
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
  return subjects;
}

// Numbers that no picture could be placed with are wrong usage, told before the network is read.
Result<pipeline::CameraOptions> Camera(const PredictOptions& options) {
  pipeline::CameraOptions camera{.fov_degrees = options.fov_degrees};
  if (const auto focal = ParseNumbers(options.focal_px); !focal || focal->size() > 2) {
    return Error{"--focal '" + options.focal_px + "': give one number of pixels, or fx,fy"};
  } else if (!focal->empty()) {
    camera.focal_px = {focal->front(), focal->back()};
    const auto good = pose::CameraFromFocal(focal->front(), focal->back(), 1, 1);
    if (!good.ok()) return good.error().In("--focal");
  }
  if (options.fov_degrees) {
    const auto good = pose::CameraFromFov(*options.fov_degrees, 1, 1);
    if (!good.ok()) return good.error().In("--fov");
  }
  if (const auto center = ParseNumbers(options.center_px); !center || center->size() % 2 != 0) {
    return Error{"--center '" + options.center_px + "': give cx,cy in pixels"};
  } else if (!center->empty()) {
    camera.center_px = {center->front(), center->back()};
  }
  return camera;
}

// Of `subjects` people whose boxes are given.
Result<std::vector<double>> RootDepths(const std::string& text, std::size_t subjects) {
  const auto depths = ParseNumbers(text);
  const auto positive = [](double mm) { return mm > 0; };
  if (!depths || !std::all_of(depths->begin(), depths->end(), positive)) {
    return Error{"--root-depth '" + text + "': give millimetres above 0, with commas between"};
  }
  if (depths->size() > 1 && depths->size() != subjects) {
    return Error{fmt::format("{} root depths for {} boxes: give one, or one for each box",
                             depths->size(), subjects)};
  }
  return *depths;
}

Result<pipeline::PredictorOptions> PredictorOptionsOf(const PredictOptions& options,
                                                      std::size_t subjects) {
  pipeline::PredictorOptions result{
      .height_mm = options.height_mm, .flip_test = options.flip_test, .max_batch = options.batch};
  CNP_ASSIGN(result.camera, Camera(options));
  CNP_ASSIGN(result.root_depth_mm, RootDepths(options.root_depth_mm, subjects));
  if (!(std::isfinite(options.height_mm) && options.height_mm > 0)) {
    return Error{fmt::format("--height {}: give millimetres above 0", options.height_mm)};
  }
  return result;
}

Status MakeFolder(const std::string& folder) {
  if (folder.empty()) return {};
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (!error) return {};
  return Error{folder + ": cannot make this folder: " + error.message() +
               "; choose one that is writable"};
}

// What the options say, once it is known to make sense.
struct Request {
  std::vector<pipeline::Subject> subjects;
  pipeline::PredictorOptions predictor;
  convert::Options network;
  engine::Precision precision = engine::Precision::kF32;
};

Result<Request> Check(const PredictOptions& options) {
  Request request;
  CNP_ASSIGN(request.subjects, Subjects(options));
  CNP_ASSIGN(request.predictor, PredictorOptionsOf(options, request.subjects.size()));
  CNP_ASSIGN(request.network, options.network.Resolve());
  CNP_RETURN_IF_ERROR(engine::ForceIsa(options.isa));
  CNP_ASSIGN(request.precision, engine::ParsePrecision(options.precision));
  return request;
}

Result<std::string> WeightsOf(const PredictOptions& options) {
  if (!options.weights.empty()) return options.weights;
  CNP_ASSIGN(const std::filesystem::path weights, DefaultWeights());
  return weights.string();
}

Result<int> Predict(const PredictOptions& options, Request request) {
  CNP_ASSIGN(const std::string weights, WeightsOf(options));
  CNP_RETURN_IF_ERROR(MakeFolder(options.output_folder));
  CNP_ASSIGN(const convert::Network loaded, convert::LoadNetwork(weights, request.network));
  for (const std::string& warning : loaded.warnings) Warn(warning);
  CNP_ASSIGN(const pose::JointSet* set, JointSetOf(options.joint_set, loaded.spec.joints));
  CNP_ASSIGN(std::string sha256, Sha256(weights));
  const convert::FoldedNetwork folded =
      convert::FoldBatchNorm(model::Layers(loaded.spec), loaded.weights);
  const engine::Network network(folded.layers, folded.weights, request.precision);
  ThreadPool pool(options.threads);
  pipeline::Predictor predictor(network, *set, pool, request.predictor);
  const PredictJob job{.inputs = ExpandInputs(options.inputs),
                       .subjects = std::move(request.subjects),
                       .pictures_at_once = options.batch,
                       .model = {.variant = loaded.spec.name,
                                 .weights = weights,
                                 .sha256 = std::move(sha256),
                                 .isa = engine::CurrentIsa(),
                                 .precision = std::string(Name(request.precision))},
                       .joint_set = set,
                       .output_folder = options.output_folder,
                       .json = options.json,
                       .quiet = options.quiet};
  return RunPredictJob(job, predictor);
}

int Run(const PredictOptions& options) {
  Result<Request> request = Check(options);
  if (!request.ok()) {
    Fail(request.error());
    return kUsage;
  }
  const Result<int> code = Predict(options, std::move(request).value());
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

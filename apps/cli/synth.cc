// `convnextpose synth`: pictures of rendered people with exact joints, as a dataset.
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "apps/cli/command.h"
#include "apps/cli/progress.h"
#include "apps/cli/synth_set.h"
#include "convnextpose/base/file.h"
#include "convnextpose/image/decode.h"
#include "convnextpose/pose/joint_set.h"
#include "convnextpose/synth/assets.h"
#include "convnextpose/viz/overlay.h"

namespace cnp::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr const char* kExamples = R"(Examples:
  convnextpose synth --count 1000 -o /tmp/people
      people, poses and backgrounds made up; labels in Human3.6M's layout
  convnextpose synth --count 12 -o /tmp/few --preview /tmp/few.png
      and a sheet of pictures with their joints, to look at
  convnextpose synth --count 5000 -o /tmp/train --avatars glb --motions bvh --backgrounds jpg \
      --share 0:0.9
      with people, motions and backgrounds of one's own; the last tenth of each is held out
  convnextpose synth --count 500 -o /tmp/test --avatars glb --motions bvh --backgrounds jpg \
      --share 0.9:1 --subjects 9,11
      and that tenth, all of it to test on
  convnextpose dataset check /tmp/people
  convnextpose eval --dataset human36m --data /tmp/test --weights xs.safetensors
Avatars are skinned glTF 2.0 (.glb) with a joints.json, motions BVH, backgrounds pictures (panoramas:
pano_*, with lights.json).
Exit code: 0 written, 1 not, 2 wrong usage.)";

constexpr int kPreviewPictures = 24;
constexpr std::size_t kPreviewColumns = 6;

struct SynthOptions {
  std::string out;
  SynthSetOptions set;
  synth::AssetOptions assets;
  std::string share = "0:1";
  std::string preview;
  bool json = false;
};

std::atomic<int> stopped_by{0};

// While a set is written, Ctrl-C and kill end the work, not the program, so that the unfinished
// folder can be removed first.
class Interruptible {
 public:
  Interruptible()
      : interrupt_(std::signal(SIGINT, OnSignal)), terminate_(std::signal(SIGTERM, OnSignal)) {}
  ~Interruptible() {
    std::signal(SIGINT, interrupt_);
    std::signal(SIGTERM, terminate_);
  }
  Interruptible(const Interruptible&) = delete;
  Interruptible& operator=(const Interruptible&) = delete;

 private:
  static void OnSignal(int signal) { stopped_by = signal; }
  using Handler = void (*)(int);
  Handler interrupt_;
  Handler terminate_;
};

Error CannotCreate(const fs::path& path, const std::error_code& error) {
  return {path.string() + ": cannot create: " + error.message()};
}

// Beside the folder that is wanted, or in it where it is there; gone when it has not been put in
// its place.
class UnfinishedFolder {
 public:
  /// Errors: `target` is there and not an empty folder, or cannot be written to.
  static Result<UnfinishedFolder> Create(const fs::path& target) {
    std::error_code error;
    const bool there = fs::exists(target, error);
    if (there && (!fs::is_directory(target, error) || !fs::is_empty(target, error))) {
      return Error{target.string() + ": is there and not empty; name another folder or remove it"};
    }
    fs::path whole = fs::absolute(target, error).lexically_normal();
    if (!whole.has_filename()) whole = whole.parent_path();
    fs::path temporary = there ? whole / "unfinished" : whole;
    temporary += fmt::format(".tmp.{}", ::getpid());
    fs::create_directories(temporary, error);
    if (error) return CannotCreate(temporary, error);
    return UnfinishedFolder(std::move(whole), std::move(temporary));
  }
  UnfinishedFolder(UnfinishedFolder&& other) noexcept
      : target_(std::move(other.target_)), temporary_(std::exchange(other.temporary_, {})) {}
  UnfinishedFolder& operator=(UnfinishedFolder&&) = delete;
  ~UnfinishedFolder() {
    std::error_code error;
    if (!temporary_.empty()) fs::remove_all(temporary_, error);
  }

  [[nodiscard]] const fs::path& path() const { return temporary_; }
  Status PutInPlace() {
    std::error_code error;
    if (temporary_.parent_path() == target_) {
      for (const char* part : {"images", "annotations"}) {
        if (!error) fs::rename(temporary_ / part, target_ / part, error);
      }
      if (!error) fs::remove(temporary_, error);
    } else {
      fs::rename(temporary_, target_, error);
    }
    if (error) return CannotCreate(target_, error);
    temporary_.clear();
    return {};
  }

 private:
  UnfinishedFolder(fs::path target, fs::path temporary)
      : target_(std::move(target)), temporary_(std::move(temporary)) {}
  fs::path target_;
  fs::path temporary_;
};

// A picture into a larger one.
void Paste(const image::Image& picture, std::size_t left, std::size_t top, image::Image& sheet) {
  const std::size_t bytes = 3 * static_cast<std::size_t>(picture.width);
  const auto width = static_cast<std::size_t>(sheet.width);
  for (std::size_t y = 0; y < static_cast<std::size_t>(picture.height); ++y) {
    std::memcpy(&sheet.rgb[3 * ((top + y) * width + left)], &picture.rgb[y * bytes], bytes);
  }
}

image::Image ContactSheet(std::vector<Shot>& shots, int size) {
  const auto cell = static_cast<std::size_t>(size);
  const std::size_t columns = std::min(kPreviewColumns, shots.size());
  const std::size_t rows = (shots.size() + columns - 1) / columns;
  image::Image sheet{.width = static_cast<int>(columns * cell),
                     .height = static_cast<int>(rows * cell),
                     .rgb = {}};
  sheet.rgb.assign(3 * columns * cell * rows * cell, 255);
  for (std::size_t i = 0; i < shots.size(); ++i) {
    Shot& shot = shots[i];
    const viz::Person person{.box = shot.box, .image_px = shot.image_px};
    viz::DrawOverlay(pose::Human36m(), std::span(&person, 1), shot.picture);
    Paste(shot.picture, i % columns * cell, i / columns * cell, sheet);
  }
  return sheet;
}

Json Report(const SynthOptions& options, double seconds) {
  return {{"folder", options.out},
          {"pictures", options.set.count},
          {"size", options.set.size},
          {"seed", options.set.seed},
          {"subjects", options.set.subjects},
          {"seconds", seconds},
          {"pictures_per_second", static_cast<double>(options.set.count) / seconds}};
}

std::string Text(const SynthOptions& options, double seconds) {
  const double rate = static_cast<double>(options.set.count) / seconds;
  std::string text = fmt::format("{}: {} pictures in Human3.6M's layout, {:.1f} s ({:.0f}/s)\n",
                                 options.out, options.set.count, seconds, rate);
  if (!options.preview.empty()) text += fmt::format("{}: the first of them\n", options.preview);
  return text;
}

Status Write(SynthOptions& options, double& seconds) {
  CNP_ASSIGN(options.assets.share, synth::ParseShare(options.share));
  CNP_ASSIGN(UnfinishedFolder folder, UnfinishedFolder::Create(options.out));
  CNP_ASSIGN(const synth::Assets assets, synth::LoadAssets(options.assets));
  const synth::SceneOptions scenes;
  const synth::Generator generator(scenes, assets);
  options.set.folder = folder.path();
  options.set.kept = options.preview.empty() ? 0 : kPreviewPictures;
  const auto start = std::chrono::steady_clock::now();
  Progress progress("rendering", static_cast<std::size_t>(options.set.count));
  CNP_ASSIGN(std::vector<Shot> shots,
             WriteSynthSet(
                 generator, scenes, options.set,
                 [&](std::int64_t done) { progress.AdvanceTo(static_cast<std::size_t>(done)); },
                 [] { return stopped_by != 0; }));
  progress.Clear();
  seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  CNP_RETURN_IF_ERROR(folder.PutInPlace());
  if (options.preview.empty()) return {};
  const image::Image sheet = ContactSheet(shots, options.set.size);
  return WriteFileAtomically(options.preview, image::EncodePng(sheet));
}

Status CheckOptions(const SynthOptions& options) {
  if (const auto share = synth::ParseShare(options.share); !share.ok()) {
    return share.error().In("--share");
  }
  // Their pictures would have the same names.
  const std::vector<int>& subjects = options.set.subjects;
  for (const int subject : subjects) {
    if (std::count(subjects.begin(), subjects.end(), subject) > 1) {
      return Error{fmt::format("--subjects names {} twice", subject)};
    }
  }
  return {};
}

int Run(SynthOptions& options) {
  const Status fit = CheckOptions(options);
  if (!fit.ok()) {
    Fail(fit.error());
    return kUsage;
  }
  double seconds = 0;
  Status written;
  {
    const Interruptible interruptible;
    written = Write(options, seconds);
  }
  if (stopped_by != 0) std::raise(stopped_by);
  if (!written.ok()) return Fail(written.error());
  const std::string told =
      options.json ? Report(options, seconds).dump(1) + "\n" : Text(options, seconds);
  Print(told);
  return kSuccess;
}

void AddAssetOptions(SynthOptions& options, CLI::App& command) {
  command.add_option("--avatars", options.assets.avatars, "Folder of rigged people; else made up")
      ->check(CLI::ExistingDirectory);
  command.add_option("--motions", options.assets.motions, "Folder of BVH clips; else made up")
      ->check(CLI::ExistingDirectory);
  command
      .add_option("--backgrounds", options.assets.backgrounds,
                  "Folder of pictures and panoramas; else painted")
      ->check(CLI::ExistingDirectory);
  command
      .add_option(
          "--share", options.share,
          "Which of the avatars, motions and backgrounds, by their names: from and to, 0 to 1")
      ->capture_default_str();
}

}  // namespace

void AddSynth(CLI::App& root, Command& chosen) {
  CLI::App* command =
      root.add_subcommand("synth", "Pictures of people who do not exist, with exact joints");
  auto options = std::make_shared<SynthOptions>();
  options->set.subjects = {1, 11, 5, 9, 6, 7, 8};
  command->add_option("--count", options->set.count, "How many pictures")
      ->required()
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000}));
  command->add_option("-o,--out", options->out, "Folder to write, new or empty")->required();
  command->add_option("--seed", options->set.seed, "Other pictures")->capture_default_str();
  command->add_option("--size", options->set.size, "Pixels along a picture's longer side")
      ->check(CLI::Range(32, 2048))
      ->capture_default_str();
  AddAssetOptions(*options, *command);
  command
      ->add_option("--subjects", options->set.subjects,
                   "Of Human3.6M, to whom the pictures go in turn; 9 and 11 are tested on")
      ->delimiter(',')
      ->check(CLI::IsMember({1, 5, 6, 7, 8, 9, 11}))
      ->capture_default_str();
  command->add_option("--preview", options->preview, "PNG of the first 24 with their joints");
  command->add_option("--threads", options->set.threads, "0: all cores")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  command->add_flag("--json", options->json, "For machines");
  command->footer(kExamples);
  command->callback([options, &chosen] { chosen.run = [options] { return Run(*options); }; });
}

}  // namespace cnp::cli

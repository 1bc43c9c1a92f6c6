#include "apps/cli/synth_set.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <map>
#include <utility>

#include "convnextpose/base/thread_pool.h"
#include "convnextpose/image/decode.h"
#include "convnextpose/synth/random.h"

namespace cnp::cli {
namespace {

namespace fs = std::filesystem;

constexpr double kMargin = 1.5;  // Of the person's longer side; the network's box is 1.25.
constexpr int kFirstAction = 2;
constexpr int kActions = 15;
constexpr int kFrameStep = 320;  // Every 5th frame is trained on, every 64th tested on.

// Edges in the nominal picture, pixel centres at integers.
struct Cut {
  double left = 0;
  double top = 0;
  double width = 0;
  double height = 0;
};

Cut CutAround(const pose::Box& box, const synth::SceneOptions& options) {
  const double side = kMargin * std::max(box.w, box.h);
  const pose::Vec2 center = box.center();
  Cut cut;
  cut.left = std::max(center[0] - side / 2, -0.5);
  cut.top = std::max(center[1] - side / 2, -0.5);
  cut.width = std::min(center[0] + side / 2, options.width - 0.5) - cut.left;
  cut.height = std::min(center[1] + side / 2, options.height - 0.5) - cut.top;
  return cut;
}

// Micrometres are enough.
double Rounded(double mm) { return std::round(mm * 1000) / 1000; }

// Without a flush to disk for each: the whole folder is renamed at the end.
Status WriteFile(const fs::path& path, const std::vector<std::byte>& bytes) {
  errno = 0;
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()),  // NOLINT(google-readability-casting)
             static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (file) return {};
  return Error{path.string() + ": cannot write: " + std::strerror(errno)};
}

// Where picture i belongs.
struct Place {
  int subject = 0;
  std::int64_t number = 0;  // Of the subject's pictures, from 0.
  int action = 0;

  Place(const SynthSetOptions& options, std::int64_t i) {
    const auto subjects = static_cast<std::int64_t>(options.subjects.size());
    subject = options.subjects[static_cast<std::size_t>(i % subjects)];
    number = i / subjects;
    action = kFirstAction + static_cast<int>(number % kActions);
  }
  [[nodiscard]] int camera() const { return static_cast<int>(number) + 1; }
  [[nodiscard]] int frame() const { return static_cast<int>(number) * kFrameStep; }
  [[nodiscard]] std::string folder() const {
    return fmt::format("s_{:02}_act_{:02}_subact_01", subject, action);
  }
  [[nodiscard]] std::string file() const {
    return fmt::format("{0}/{0}_ca_{1:02}_{2:06}.jpg", folder(), camera(), frame() + 1);
  }
};

class Writer {
 public:
  Writer(const synth::Generator& generator, const synth::SceneOptions& scenes,
         const SynthSetOptions& options, const std::function<bool()>& stopped)
      : generator_(generator),
        scenes_(scenes),
        options_(options),
        stopped_(stopped),
        pool_(options.threads) {}

  Result<std::vector<Shot>> Run(const std::function<void(std::int64_t)>& advance) {
    CNP_RETURN_IF_ERROR(MakeFolders());
    const auto at_once = std::max<std::int64_t>(32, std::int64_t{8} * pool_.size());
    for (std::int64_t begin = 0; begin < options_.count; begin += at_once) {
      const auto count = static_cast<int>(std::min(at_once, options_.count - begin));
      std::vector<Shot> shots(static_cast<std::size_t>(count));
      std::vector<Status> states(shots.size());
      pool_.ParallelFor(count, [&](int task, int /*worker*/) {
        const auto t = static_cast<std::size_t>(task);
        states[t] = DrawOne(begin + task, shots[t]);
      });
      for (const Status& state : states) CNP_RETURN_IF_ERROR(state);
      for (int i = 0; i < count; ++i) Note(begin + i, shots[static_cast<std::size_t>(i)]);
      advance(begin + count);
    }
    for (const auto& [subject, files] : files_) {
      CNP_RETURN_IF_ERROR(files.Write(options_.folder, subject));
    }
    return std::move(kept_);
  }

 private:
  Status MakeFolders() const {
    std::error_code error;
    fs::create_directories(options_.folder / "annotations", error);
    const auto subjects = static_cast<std::int64_t>(options_.subjects.size());
    for (std::int64_t i = 0; i < std::min(options_.count, subjects * kActions) && !error; ++i) {
      fs::create_directories(options_.folder / "images" / Place(options_, i).folder(), error);
    }
    if (!error) return {};
    return Error{options_.folder.string() + ": cannot create folders: " + error.message()};
  }

  Status DrawOne(std::int64_t i, Shot& shot) const {
    if (stopped_()) return Error{"interrupted"};
    const std::uint64_t seed = synth::Random(options_.seed, static_cast<std::uint64_t>(i)).Next();
    shot = TakeShot(generator_, scenes_, seed, options_.size);
    const fs::path path = options_.folder / "images" / Place(options_, i).file();
    Status written = WriteFile(path, image::EncodeJpeg(shot.picture));
    if (i >= options_.kept) shot.picture = {};
    return written;
  }

  void Note(std::int64_t i, Shot& shot) {
    const Place place(options_, i);
    Human36mFiles& files = files_[place.subject];
    files.AddCamera(place.camera(), {.lens = shot.camera});
    Human36mFiles::Pose pose;
    for (std::size_t j = 0; j < pose.size(); ++j) {
      for (std::size_t c = 0; c < 3; ++c) pose[j][c] = Rounded(shot.camera_mm[j][c]);
    }
    files.AddPose(place.action, 1, place.frame(), pose);
    files.AddPicture({.id = i + 1,
                      .subject = place.subject,
                      .action = place.action,
                      .camera = place.camera(),
                      .frame = place.frame(),
                      .file = place.file(),
                      .width = shot.width,
                      .height = shot.height,
                      .box = shot.box});
    if (i < options_.kept) kept_.push_back(std::move(shot));
  }

  const synth::Generator& generator_;
  const synth::SceneOptions& scenes_;
  const SynthSetOptions& options_;
  const std::function<bool()>& stopped_;
  ThreadPool pool_;
  std::map<int, Human36mFiles> files_;
  std::vector<Shot> kept_;
};

}  // namespace

Shot TakeShot(const synth::Generator& generator, const synth::SceneOptions& options,
              std::uint64_t seed, int size) {
  const synth::Scene scene = generator.Compose(seed);
  const synth::Subject& subject = scene.subject();
  const Cut cut = CutAround(subject.box, options);
  const double scale = std::max(cut.width, cut.height) / size;  // Nominal pixels a pixel.
  const double left = cut.left + scale / 2;
  const double top = cut.top + scale / 2;
  const auto pixels = [&](double length) {
    return std::clamp(static_cast<int>(length / scale + 0.01), 1, size);
  };
  synth::Window window{.width = pixels(cut.width), .height = pixels(cut.height)};
  window.picture_from_output[0] = {scale, 0, left};
  window.picture_from_output[1] = {0, scale, top};

  Shot shot;
  shot.picture = generator.Draw(scene, window);
  shot.width = window.width;
  shot.height = window.height;
  shot.camera.focal_px = {subject.camera.focal_px[0] / scale, subject.camera.focal_px[1] / scale};
  shot.camera.center_px = {(subject.camera.center_px[0] - left) / scale,
                           (subject.camera.center_px[1] - top) / scale};
  shot.box = {(subject.box.x - left) / scale, (subject.box.y - top) / scale, subject.box.w / scale,
              subject.box.h / scale};
  shot.camera_mm = subject.camera_mm;
  for (const pose::Vec2& px : subject.image_px) {
    shot.image_px.push_back({(px[0] - left) / scale, (px[1] - top) / scale});
  }
  return shot;
}

Result<std::vector<Shot>> WriteSynthSet(const synth::Generator& generator,
                                        const synth::SceneOptions& scenes,
                                        const SynthSetOptions& options,
                                        const std::function<void(std::int64_t)>& advance,
                                        const std::function<bool()>& stopped) {
  return Writer(generator, scenes, options, stopped).Run(advance);
}

}  // namespace cnp::cli

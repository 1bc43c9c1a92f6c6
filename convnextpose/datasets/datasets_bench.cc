// Reading annotations of Human3.6M's real size: subjects 9 and 11, 540,000 pictures, written to a
// temporary folder first. `peak_MB`: the most memory the process had while reading.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>
#include <stdexcept>
#include <string>

#include "convnextpose/datasets/human36m.h"

namespace cnp::datasets {
namespace {

namespace fs = std::filesystem;

constexpr int kCameras = 4;
constexpr int kFrames = 2250;  // x 15 actions x 2 subactions x 4 cameras x 2 subjects = 540,000

class Writer {
 public:
  Writer(const fs::path& folder, int subject) : folder_(folder), subject_(subject) {}

  void Write() {
    WriteCameras();
    WriteData();
    WriteJoints();
  }

 private:
  [[nodiscard]] fs::path Path(const std::string& what) const {
    return folder_ / ("Human36M_subject" + std::to_string(subject_) + "_" + what + ".json");
  }
  double Mm(double spread) { return spread * uniform_(random_); }

  // body(action, subaction, frame) for all, with a comma before all but the first.
  template <typename Body>
  void ForEachFrame(const Body& body) {
    for (int action = 2; action <= 16; ++action) {
      for (int subaction = 1; subaction <= 2; ++subaction) {
        for (int frame = 0; frame < kFrames; ++frame) body(action, subaction, frame);
      }
    }
  }

  void WriteCameras() {
    std::ofstream file(Path("camera"));
    file << "{";
    for (int camera = 1; camera <= kCameras; ++camera) {
      file << (camera == 1 ? "" : ", ") << '"' << camera
           << R"(": {"R": [[1, 0, 0], [0, 1, 0], [0, 0, 1]], "t": [10.5, -20.25, 5000.125],)"
           << R"( "f": [1145.0494384765625, 1143.7811279296875],)"
           << R"( "c": [512.54150390625, 515.4514770507812]})";
    }
    file << "}";
  }

  void WriteData() {
    std::ofstream file(Path("data"));
    std::array<char, 1024> text{};
    std::int64_t id = 0;
    const auto each = [&](const auto& entry) {
      id = 0;
      ForEachFrame([&](int action, int subaction, int frame) {
        for (int camera = 1; camera <= kCameras; ++camera) {
          file << (id == 0 ? "" : ", ");
          entry(action, subaction, frame, camera);
          ++id;
        }
      });
    };
    file << "{\"images\": [";
    each([&](int action, int subaction, int frame, int camera) {
      std::array<char, 128> take{};
      std::snprintf(take.data(), take.size(), "s_%02d_act_%02d_subact_%02d_ca_%02d", subject_,
                    action, subaction, camera);
      std::snprintf(text.data(), text.size(),
                    "{\"id\": %ld, \"file_name\": \"%s/%s_%06d.jpg\", \"width\": 1000, "
                    "\"height\": 1002, \"subject\": %d, \"action_name\": \"%s\", "
                    "\"action_idx\": %d, \"subaction_idx\": %d, \"cam_idx\": %d, "
                    "\"frame_idx\": %d}",
                    static_cast<long>(id), take.data(), take.data(), frame + 1, subject_,
                    Human36mActions()[static_cast<std::size_t>(action)].c_str(), action, subaction,
                    camera, frame);
      file << text.data();
    });
    file << "], \"annotations\": [";
    each([&](int /*action*/, int /*subaction*/, int /*frame*/, int /*camera*/) {
      std::snprintf(text.data(), text.size(),
                    "{\"id\": %ld, \"image_id\": %ld, \"bbox\": [%.14g, %.14g, %.14g, %.14g], "
                    "\"keypoints_vis\": [true, true, true, true, true, true, true, true, true, "
                    "true, true, true, true, true, true, true, true]}",
                    static_cast<long>(id), static_cast<long>(id), 300 + Mm(100), 200 + Mm(100),
                    250 + Mm(50), 400 + Mm(50));
      file << text.data();
    });
    file << "]}";
  }

  void WriteJoints() {
    std::ofstream file(Path("joint_3d"));
    ForEachFrame([&](int action, int subaction, int frame) {
      if (frame > 0) file << ", ";
      if (frame == 0 && subaction == 1)
        file << (action == 2 ? "{" : "}}, ") << '"' << action << "\": {";
      if (frame == 0) file << (subaction == 1 ? "" : "}, ") << '"' << subaction << "\": {";
      file << '"' << frame << "\": [";
      for (std::size_t joint = 0; joint < 17; ++joint) {
        std::array<char, 128> text{};
        std::snprintf(text.data(), text.size(), "%s[%.14g, %.14g, %.14g]", joint == 0 ? "" : ", ",
                      Mm(1000), Mm(1000), Mm(1000));
        file << text.data();
      }
      file << "]";
    });
    file << "}}}";
  }

  fs::path folder_;
  int subject_;
  std::mt19937 random_{17};
  std::uniform_real_distribution<double> uniform_{-1, 1};
};

// The annotations, for as long as the program runs.
class RealSize {
 public:
  RealSize() : root_(fs::temp_directory_path() / ("cnp_datasets_" + std::to_string(::getpid()))) {
    fs::create_directories(root_ / "annotations");
    for (const int subject : {9, 11}) Writer(root_ / "annotations", subject).Write();
  }
  ~RealSize() { fs::remove_all(root_); }
  RealSize(const RealSize&) = delete;
  RealSize& operator=(const RealSize&) = delete;

  [[nodiscard]] const fs::path& root() const { return root_; }
  [[nodiscard]] double Megabytes() const {
    double bytes = 0;
    for (const auto& file : fs::directory_iterator(root_ / "annotations")) {
      bytes += static_cast<double>(file.file_size());
    }
    return bytes / 1e6;
  }

 private:
  fs::path root_;
};

// Linux forgets the peak so far when 5 is written here.
void ForgetPeak() { std::ofstream("/proc/self/clear_refs") << 5; }

double PeakMegabytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stod(line.substr(6)) / 1e3;
  }
  return 0;
}

void BM_ReadHuman36m(benchmark::State& state) {
  static const RealSize files;
  std::size_t samples = 0;
  double peak = 0;
  for (auto unused : state) {
    ForgetPeak();
    const auto dataset =
        ReadHuman36m(files.root(), {.subsample = static_cast<int>(state.range(0))});
    if (!dataset.ok()) throw std::runtime_error(dataset.error().message);
    if (dataset->left_out.count != 0) throw std::runtime_error(dataset->left_out.named[0].what);
    samples = dataset->samples.size();
    peak = PeakMegabytes();
  }
  state.counters["samples"] = static_cast<double>(samples);
  state.counters["files_MB"] = files.Megabytes();
  state.counters["peak_MB"] = peak;
}
BENCHMARK(BM_ReadHuman36m)->Arg(64)->Arg(5)->Arg(1)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace cnp::datasets

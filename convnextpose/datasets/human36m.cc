#include "convnextpose/datasets/human36m.h"

#include <algorithm>
#include <utility>

#include "convnextpose/base/file.h"
#include "convnextpose/datasets/coco_layout.h"
#include "convnextpose/datasets/human36m_poses.h"
#include "convnextpose/datasets/locate.h"
#include "convnextpose/datasets/people.h"

namespace cnp::datasets {
namespace {

namespace fs = std::filesystem;

constexpr int kFirstAction = 2;
constexpr std::size_t kLeftShoulder = 11;
constexpr std::size_t kRightShoulder = 14;
constexpr std::size_t kThorax = 17;

pose::Vec3 Middle(const pose::Vec3& a, const pose::Vec3& b) {
  return {(a[0] + b[0]) / 2, (a[1] + b[1]) / 2, (a[2] + b[2]) / 2};
}

// False: a joint lies behind the camera.
bool Place(const WorldPose& world, const WorldCamera& camera, Sample& sample) {
  sample.camera = camera.lens;
  sample.camera_mm.resize(kThorax + 1);
  for (std::size_t j = 0; j < kThorax; ++j) sample.camera_mm[j] = ToCamera(camera, world[j]);
  sample.camera_mm[kThorax] =
      Middle(sample.camera_mm[kLeftShoulder], sample.camera_mm[kRightShoulder]);
  sample.image_px.resize(kThorax + 1);
  for (std::size_t j = 0; j <= kThorax; ++j) {
    sample.image_px[j] = pose::Project(camera.lens, sample.camera_mm[j]);
    if (!pose::IsFinite(sample.image_px[j])) return false;
  }
  sample.visible.assign(kThorax + 1, 1);
  sample.root_depth_mm = sample.camera_mm[0][2];
  return true;
}

class Subject {
 public:
  Subject(int subject, int subsample, const WorldPoses& poses, const WorldCameras& cameras)
      : subject_(subject), subsample_(subsample), poses_(poses), cameras_(cameras) {}

  // Where the frame is not known, Examine says so.
  [[nodiscard]] bool Concerns(const ImageEntry& image) const {
    return image.origin.frame < 0 || image.origin.frame % subsample_ == 0;
  }

  [[nodiscard]] Fate Examine(Sample& sample) const {
    const Origin& origin = sample.origin;
    if (origin.subject != subject_) {
      return Fate::LeaveOut("its image is of subject " + std::to_string(origin.subject) +
                            " in a file of subject " + std::to_string(subject_));
    }
    const int actions = static_cast<int>(Human36mActions().size());
    if (origin.action < kFirstAction || origin.action >= actions) {
      return Fate::LeaveOut("its image's action_idx is not one of 2 to 16");
    }
    if (origin.frame < 0 || origin.subaction < 0) {
      return Fate::LeaveOut("its image has no frame_idx or no subaction_idx");
    }
    const auto camera = cameras_.find(origin.camera);
    if (camera == cameras_.end()) return Fate::LeaveOut(CameraName(origin) + " is not known");
    if (camera->second.wrong != nullptr) {
      return Fate::LeaveOut(CameraName(origin) + " cannot be used: " + camera->second.wrong);
    }
    const WorldPose* pose = poses_.Find(origin);
    if (pose == nullptr) return Fate::LeaveOut(poses_.WhyNot(origin));
    if (!Place(*pose, camera->second, sample)) {
      return Fate::LeaveOut("a joint lies behind camera " + std::to_string(origin.camera));
    }
    return Fate::Take();
  }

 private:
  static std::string CameraName(const Origin& origin) {
    return "its camera " + std::to_string(origin.camera);
  }

  int subject_;
  int subsample_;
  const WorldPoses& poses_;
  const WorldCameras& cameras_;
};

Dataset Empty() {
  return {.name = "human36m", .joints = &pose::Human36m(), .actions = Human36mActions()};
}

// The files of one subject, on disk.
struct SubjectPaths {
  fs::path data;
  fs::path camera;
  fs::path joint_3d;
};

Result<SubjectPaths> FindSubject(Folders& folders, int subject) {
  const std::string stem = "Human36M_subject" + std::to_string(subject) + "_";
  const std::string cure = "annotations/ must hold " + stem +
                           "data.json, _camera.json and _joint_3d.json; "
                           "`convnextpose dataset check` says what is there";
  SubjectPaths paths;
  CNP_ASSIGN(paths.data, FindFile(folders, stem + "data.json", cure));
  CNP_ASSIGN(paths.camera, FindFile(folders, stem + "camera.json", cure));
  CNP_ASSIGN(paths.joint_3d, FindFile(folders, stem + "joint_3d.json", cure));
  return paths;
}

Result<Dataset> ReadSubject(const SubjectPaths& paths, int subject, const ReadOptions& options) {
  CNP_ASSIGN(const MappedFile data, MappedFile::Open(paths.data));
  CNP_ASSIGN(const MappedFile camera, MappedFile::Open(paths.camera));
  CNP_ASSIGN(const MappedFile joint_3d, MappedFile::Open(paths.joint_3d));
  return ParseHuman36m({.data = data.bytes(),
                        .camera = camera.bytes(),
                        .joint_3d = joint_3d.bytes(),
                        .data_name = paths.data.string(),
                        .camera_name = paths.camera.string(),
                        .joint_3d_name = paths.joint_3d.string()},
                       subject, options);
}

// The deepest folder that both are in.
fs::path CommonFolder(const fs::path& a, const fs::path& b) {
  fs::path common;
  for (auto x = a.begin(), y = b.begin(); x != a.end() && y != b.end() && *x == *y; ++x, ++y) {
    common /= *x;
  }
  return common;
}

// The pictures of a subject may lie in a folder of their own.
struct SubjectPictures {
  std::size_t first_sample = 0;
  fs::path folder;
};

void NameFiles(const std::vector<SubjectPictures>& subjects, Dataset& dataset) {
  for (const SubjectPictures& subject : subjects) {
    dataset.images =
        dataset.images.empty() ? subject.folder : CommonFolder(dataset.images, subject.folder);
  }
  for (std::size_t s = 0; s < subjects.size(); ++s) {
    if (subjects[s].folder == dataset.images) continue;
    const fs::path prefix = subjects[s].folder.lexically_relative(dataset.images);
    const std::size_t end =
        s + 1 < subjects.size() ? subjects[s + 1].first_sample : dataset.samples.size();
    for (std::size_t i = subjects[s].first_sample; i < end; ++i) {
      dataset.samples[i].file = (prefix / dataset.samples[i].file).string();
    }
  }
}

void Append(Dataset part, Dataset& whole) {
  whole.samples.reserve(whole.samples.size() + part.samples.size());
  std::ranges::move(part.samples, std::back_inserter(whole.samples));
  whole.left_out.Append(std::move(part.left_out));
}

}  // namespace

Result<std::vector<int>> Human36mSubjects(const ReadOptions& options) {
  if (options.protocol != 1 && options.protocol != 2) {
    return Error{"Human3.6M has protocols 1 and 2, not " + std::to_string(options.protocol)};
  }
  if (!options.subjects.empty()) return options.subjects;
  const bool first = options.protocol == 1;
  if (options.split == Split::kTest) return first ? std::vector{11} : std::vector{9, 11};
  return first ? std::vector{1, 5, 6, 7, 8, 9} : std::vector{1, 5, 6, 7, 8};
}

Result<int> Human36mSubsample(const ReadOptions& options) {
  if (options.subsample < 0) {
    return Error{"every n-th frame: n must be positive, not " + std::to_string(options.subsample)};
  }
  if (options.subsample > 0) return options.subsample;
  return options.split == Split::kTest ? 64 : 5;
}

const std::vector<std::string>& Human36mActions() {
  static const std::vector<std::string> actions = {
      "",        "",        "Directions", "Discussion", "Eating",      "Greeting",
      "Phoning", "Posing",  "Purchases",  "Sitting",    "SittingDown", "Smoking",
      "Photo",   "Waiting", "Walking",    "WalkDog",    "WalkTogether"};
  return actions;
}

Result<Dataset> ParseHuman36m(const Human36mFiles& files, int subject, const ReadOptions& options) {
  CNP_ASSIGN(const int subsample, Human36mSubsample(options));
  CNP_ASSIGN(const WorldCameras cameras, ParseHuman36mCameras(files.camera, files.camera_name));
  CNP_ASSIGN(const WorldPoses poses,
             ParseHuman36mPoses(files.joint_3d, files.joint_3d_name, subsample));
  CNP_ASSIGN(const CocoFile data,
             ParseCoco(files.data, files.data_name, {.needs_box = options.needs_box}));
  const Subject rules(subject, subsample, poses, cameras);
  Dataset dataset = Empty();
  AddPeople(
      data, options, [&](const ImageEntry& image) { return rules.Concerns(image); },
      [&](const ImageEntry& /*image*/, const AnnotationEntry& /*annotation*/, Sample& sample) {
        return rules.Examine(sample);
      },
      dataset);
  return dataset;
}

Result<Dataset> ReadHuman36m(const fs::path& dir, const ReadOptions& options) {
  CNP_ASSIGN(const std::vector<int> subjects, Human36mSubjects(options));
  CNP_ASSIGN(Folders folders, Folders::Open(dir));
  Dataset dataset = Empty();
  std::vector<SubjectPictures> pictures;
  for (const int subject : subjects) {
    const std::size_t have = dataset.samples.size();
    if (options.limit != 0 && have >= options.limit) break;
    CNP_ASSIGN(const SubjectPaths paths, FindSubject(folders, subject));
    ReadOptions rest = options;
    if (rest.limit != 0) rest.limit -= have;
    CNP_ASSIGN(Dataset part, ReadSubject(paths, subject, rest));
    pictures.push_back({have, FindPictures(folders, paths.data, SomeFiles(part.samples))});
    Append(std::move(part), dataset);
  }
  NameFiles(pictures, dataset);
  return dataset;
}

}  // namespace cnp::datasets

#include <algorithm>
#include <atomic>
#include <charconv>
#include <system_error>

#include "convnextpose/base/file.h"
#include "convnextpose/base/thread_pool.h"
#include "convnextpose/image/decode.h"
#include "convnextpose/synth/assets.h"
#include "convnextpose/synth/lights.h"
#include "convnextpose/synth/random.h"

namespace cnp::synth {
namespace {

namespace fs = std::filesystem;

// In [0, 1), from the name alone: who is held out does not depend on who else is there.
double ShareOf(const std::string& name) {
  std::uint64_t hash = 0xCBF29CE484222325;  // FNV-1a.
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  return Random(hash).Unit();
}

bool IsOneOf(const std::string& extension, std::initializer_list<const char*> extensions) {
  return std::any_of(extensions.begin(), extensions.end(),
                     [&](const char* candidate) { return extension == candidate; });
}

/// Files of a folder that are of a kind and in the share, by name.
Result<std::vector<fs::path>> List(const fs::path& folder, const AssetOptions& options,
                                   std::initializer_list<const char*> extensions) {
  std::error_code error;
  std::vector<fs::path> paths;
  bool any = false;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    if (!IsOneOf(entry->path().extension().string(), extensions)) continue;
    any = true;
    const double share = ShareOf(entry->path().filename().string());
    if (share >= options.share.begin && share < options.share.end) paths.push_back(entry->path());
  }
  if (error) return Error{folder.string() + ": cannot read this folder: " + error.message()};
  const std::string what = *extensions.begin();
  if (!any) return Error{folder.string() + ": this folder holds no " + what + " files"};
  if (paths.empty()) {
    return Error{folder.string() + ": none of its " + what +
                 " files falls into the share asked for"};
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

/// read(path) -> Result<T> for all, some at once. The error is the first path's that has one.
template <typename T, typename Read>
Status ReadAll(const std::vector<fs::path>& paths, const Read& read,
               std::vector<std::shared_ptr<const T>>& out) {
  std::vector<Result<T>> results(paths.size(), Result<T>(Error{"not read"}));
  ThreadPool pool;
  pool.ParallelFor(static_cast<int>(paths.size()),
                   [&](int task, int) { results[task] = read(paths[task]); });
  for (Result<T>& result : results) {
    if (!result.ok()) return result.error();
    out.push_back(std::make_shared<const T>(std::move(result).value()));
  }
  return {};
}

// In the folder or beside it.
fs::path JointsFile(const fs::path& folder) {
  std::error_code error;
  fs::path inside = folder / "joints.json";
  if (fs::exists(inside, error)) return inside;
  return fs::absolute(folder, error).lexically_normal().parent_path() / "joints.json";
}

Status LoadBodies(const AssetOptions& options, Assets& assets) {
  CNP_ASSIGN(const auto paths, List(options.avatars, options, {".glb"}));
  // "folder/" has the parent "folder".
  fs::path folder = options.avatars;
  if (!folder.has_filename()) folder = folder.parent_path();
  const fs::path joints = JointsFile(folder);
  const auto read = [&](const fs::path& path) {
    return ReadAvatar(path, joints, options.joint_table);
  };
  return ReadAll<Body>(paths, read, assets.bodies);
}

Status LoadMotions(const AssetOptions& options, Assets& assets) {
  CNP_ASSIGN(const auto paths, List(options.motions, options, {".bvh"}));
  return ReadAll<Motion>(paths, ReadBvh, assets.motions);
}

Result<std::map<std::string, Light>> LoadLights(const fs::path& folder) {
  const fs::path path = folder / "lights.json";
  std::error_code error;
  if (!fs::exists(path, error)) return std::map<std::string, Light>();
  CNP_ASSIGN(const MappedFile file, MappedFile::Open(path));
  const auto bytes = file.bytes();
  return ParseLights({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, path.string());
}

Status LoadBackgrounds(const AssetOptions& options, Assets& assets) {
  CNP_ASSIGN(const auto paths,
             List(options.backgrounds, options, {".jpg", ".jpeg", ".png", ".webp", ".bmp"}));
  CNP_ASSIGN(const auto lights, LoadLights(options.backgrounds));
  const auto read = [&](const fs::path& path) -> Result<Background> {
    Background background;
    background.name = path.filename().string();
    CNP_ASSIGN(background.picture, image::Load(path));
    const auto light = lights.find(background.name);
    if (light != lights.end()) background.light = light->second;
    background.panorama = background.light.has_value() || background.name.starts_with("pano_");
    return background;
  };
  return ReadAll<Background>(paths, read, assets.backgrounds);
}

}  // namespace

Result<Share> ParseShare(const std::string& text) {
  const char* end = text.data() + text.size();
  Share share;
  const auto first = std::from_chars(text.data(), end, share.begin);
  if (first.ec == std::errc() && first.ptr != end && *first.ptr == ':') {
    const auto second = std::from_chars(first.ptr + 1, end, share.end);
    const bool whole = second.ec == std::errc() && second.ptr == end;
    if (whole && share.begin >= 0 && share.begin < share.end && share.end <= 1) return share;
  }
  return Error{"'" + text + "': give from and to between 0 and 1, as 0:0.9"};
}

Result<Assets> LoadAssets(const AssetOptions& options) {
  Assets assets;
  if (!options.avatars.empty()) CNP_RETURN_IF_ERROR(LoadBodies(options, assets));
  if (!options.motions.empty()) CNP_RETURN_IF_ERROR(LoadMotions(options, assets));
  if (!options.backgrounds.empty()) CNP_RETURN_IF_ERROR(LoadBackgrounds(options, assets));
  return assets;
}

}  // namespace cnp::synth

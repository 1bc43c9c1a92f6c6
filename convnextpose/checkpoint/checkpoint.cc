#include "convnextpose/checkpoint/checkpoint.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>
#include <system_error>
#include <utility>

#include "convnextpose/base/file.h"
#include "convnextpose/checkpoint/archive.h"
#include "convnextpose/checkpoint/folder.h"
#include "convnextpose/checkpoint/foreign.h"
#include "convnextpose/checkpoint/legacy.h"
#include "convnextpose/checkpoint/pickle.h"
#include "convnextpose/checkpoint/printable.h"
#include "convnextpose/checkpoint/safetensors.h"
#include "convnextpose/checkpoint/tar.h"
#include "convnextpose/checkpoint/torch_object.h"
#include "convnextpose/checkpoint/zip.h"

namespace cnp::checkpoint {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPickle = "data.pkl";
constexpr int kMaxNesting = 2;                                   // A .pth in a tar in a zip.
constexpr std::uint64_t kMaxInflated = std::uint64_t{4} << 30U;  // Of one archive.
constexpr std::uint64_t kMaxInflation = 1100;  // Times the archive's size; deflate reaches 1032.
constexpr std::size_t kListed = 5;             // Names in a message.
constexpr std::array<std::string_view, 7> kEndings = {".pth", ".pt",  ".tar",        ".ckpt",
                                                      ".bin", ".zip", ".safetensors"};

Result<Checkpoint> ReadContent(Bytes bytes, int nesting);

std::string_view BaseName(std::string_view name) {
  return name.substr(name.rfind('/') + 1);  // npos + 1 is 0.
}

/// What macOS adds to archives.
bool IsMacJunk(std::string_view name) {
  return name.starts_with("__MACOSX/") || BaseName(name).starts_with("._");
}

/// More than one folder down: in a folder on disk that is not what the user pointed at.
bool IsDeep(std::string_view name) { return std::count(name.begin(), name.end(), '/') > 1; }

std::string List(const std::vector<std::string>& names) {
  std::string list;
  for (std::size_t i = 0; i < std::min(names.size(), kListed); ++i) {
    list += (i == 0 ? "" : ", ") + Printable(names[i]);
  }
  if (names.empty()) return "nothing";
  return names.size() > kListed ? list + ", ..." : list;
}

/// "a/b/" for "a/b/data.pkl".
std::string RootOf(const std::string& pickle_name) {
  return pickle_name.substr(0, pickle_name.size() - kPickle.size());
}

Status CheckByteOrder(Archive& archive, const std::vector<std::string>& names,
                      const std::string& root) {
  if (std::find(names.begin(), names.end(), root + "byteorder") == names.end()) return {};
  CNP_ASSIGN(const Content order, archive.Read(root + "byteorder"));
  if (AsText(order.bytes) == "little") return {};
  return Error{
      "was written by a big-endian machine, which is not supported; load and save it "
      "again on a little-endian one"};
}

/// What torch.save writes: `root`data.pkl and `root`data/<key>.
Result<Checkpoint> ReadTorch(Archive& archive, const std::vector<std::string>& names,
                             const std::string& root) {
  if (std::find(names.begin(), names.end(), root + "constants.pkl") != names.end()) {
    return Error{
        "is a TorchScript program, not a checkpoint; in PyTorch save "
        "torch.jit.load(file).state_dict() with torch.save"};
  }
  CNP_RETURN_IF_ERROR(CheckByteOrder(archive, names, root));
  const std::string pickle_name = root + std::string(kPickle);
  CNP_ASSIGN(const Content content, archive.Read(pickle_name));
  const Result<Pickle> pickle = ReadPickle(content.bytes);
  if (!pickle.ok()) return pickle.error().In(Printable(pickle_name));
  CNP_ASSIGN(Checkpoint checkpoint, ReadTorchObject(*pickle, [&](const StorageRef& ref) {
               return archive.Read(root + "data/" + ref.key);
             }));
  checkpoint.container = archive.IsFolder() ? Container::kTorchFolder : Container::kTorchZip;
  const bool nested = IsDeep(root);
  checkpoint.form = "PyTorch " + archive.Form() + (nested ? ", one folder deeper" : "") +
                    ", pickle protocol " + std::to_string(pickle->protocol);
  checkpoint.root = Printable(root.substr(0, root.find_last_of('/')));
  checkpoint.file_bytes = archive.StoredBytes();
  return checkpoint;
}

/// An archive that holds no data.pkl may hold the checkpoint as a file.
Result<Checkpoint> ReadInner(Archive& archive, const std::vector<std::string>& names, int nesting) {
  std::vector<std::string> inner;
  std::copy_if(names.begin(), names.end(), std::back_inserter(inner), [&](std::string_view name) {
    return std::any_of(kEndings.begin(), kEndings.end(),
                       [&](std::string_view ending) { return name.ends_with(ending); });
  });
  if (archive.IsFolder()) {
    return Error{"is a folder without a checkpoint's data.pkl; pass a file in it: " +
                 List(inner.empty() ? names : inner)};
  }
  if (inner.size() > 1) {
    return Error{"holds several checkpoints: " + List(inner) + "; unpack it and pass one"};
  }
  if (inner.empty() || nesting == kMaxNesting) {
    return Error{"is a " + archive.Form() + " without a checkpoint's data.pkl; it holds " +
                 List(names)};
  }
  CNP_ASSIGN(const Content content, archive.Read(inner.front()));
  Result<Checkpoint> checkpoint = ReadContent(content.bytes, nesting + 1);
  if (!checkpoint.ok()) return checkpoint.error().In(Printable(inner.front()));
  checkpoint->form += ", inside a " + archive.Form();
  checkpoint->file_bytes = archive.StoredBytes();
  if (content.owner != nullptr) checkpoint->owners.push_back(content.owner);
  return checkpoint;
}

Result<Checkpoint> ReadArchive(Archive& archive, int nesting) {
  std::vector<std::string> names = archive.Names();
  std::erase_if(names, IsMacJunk);
  std::vector<std::string> pickles;
  std::copy_if(names.begin(), names.end(), std::back_inserter(pickles),
               [](std::string_view name) { return BaseName(name) == kPickle; });
  if (archive.IsFolder()) std::erase_if(pickles, IsDeep);
  if (pickles.empty()) return ReadInner(archive, names, nesting);
  if (pickles.size() > 1) {
    return Error{"holds several checkpoints: " + List(pickles) + "; unpack it and pass one folder"};
  }
  return ReadTorch(archive, names, RootOf(pickles.front()));
}

Result<Checkpoint> ReadContent(Bytes bytes, int nesting) {
  if (LooksLikeZip(bytes)) {
    const std::uint64_t inflatable = std::min(kMaxInflated, bytes.size() * kMaxInflation);
    CNP_ASSIGN(const std::unique_ptr<Archive> archive, OpenZip(bytes, inflatable));
    return ReadArchive(*archive, nesting);
  }
  if (LooksLikeSafetensors(bytes)) return ReadSafetensors(bytes);  // Its length may look as below.
  if (LooksLikePickle(bytes)) return ReadLegacy(bytes);
  if (LooksLikeTar(bytes)) {
    CNP_ASSIGN(const std::unique_ptr<Archive> archive, OpenTar(bytes));
    return ReadArchive(*archive, nesting);
  }
  return DescribeForeign(bytes);
}

Result<Checkpoint> ReadFolder(const fs::path& folder) {
  CNP_ASSIGN(const std::unique_ptr<Archive> archive, OpenFolder(folder));
  CNP_ASSIGN(Checkpoint checkpoint, ReadArchive(*archive, 0));
  const fs::path root = folder.lexically_normal() / checkpoint.root;
  checkpoint.root =
      Printable((root.has_filename() ? root : root.parent_path()).filename().string());
  checkpoint.container = Container::kTorchFolder;
  return checkpoint;
}

Result<Checkpoint> ReadFile(const fs::path& path) {
  CNP_ASSIGN(MappedFile file, MappedFile::Open(path));
  auto mapped = std::make_shared<MappedFile>(std::move(file));
  CNP_ASSIGN(Checkpoint checkpoint, ReadBytes(mapped->bytes(), path.string()));
  checkpoint.owners.push_back(std::move(mapped));
  return checkpoint;
}

}  // namespace

Result<Checkpoint> Read(const fs::path& path) {
  std::error_code error;  // What cannot be examined, MappedFile explains.
  const bool in_folder =
      path.filename() == kPickle && fs::is_directory(path.parent_path() / "data", error);
  if (!in_folder && !fs::is_directory(path, error)) {
    // Opening a pipe would wait for its writer.
    if (fs::exists(path, error) && !fs::is_regular_file(path, error)) {
      return Error{path.string() + ": is not a regular file; save it to one first"};
    }
    return ReadFile(path);
  }
  Result<Checkpoint> checkpoint = ReadFolder(in_folder ? path.parent_path() : path);
  if (!checkpoint.ok()) return checkpoint.error().In(path.string());
  return checkpoint;
}

Result<Checkpoint> ReadBytes(std::span<const std::byte> bytes, const std::string& name) {
  Result<Checkpoint> checkpoint = ReadContent(bytes, 0);
  if (!checkpoint.ok()) return checkpoint.error().In(name);
  return checkpoint;
}

}  // namespace cnp::checkpoint

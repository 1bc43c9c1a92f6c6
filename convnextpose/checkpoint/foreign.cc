#include "convnextpose/checkpoint/foreign.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <string_view>

namespace cnp::checkpoint {
namespace {

using namespace std::string_view_literals;  // NOLINT(google-build-using-namespace): ""sv

struct Signature {
  std::size_t offset;
  std::string_view bytes;
  std::string_view meaning;
};

constexpr std::size_t kEnough = 512;  // Bytes of a text file that tell what it is.
constexpr std::string_view kPicture = "is a picture; pass it as input, and the weights separately";
constexpr std::string_view kCompressed = "is compressed; unpack it first";

constexpr std::array kSignatures = {
    Signature{0, "version https://git-lfs"sv,
              "is only a git-lfs pointer; fetch the file itself with git lfs pull"},
    Signature{0, "\xff\xd8\xff"sv, kPicture},
    Signature{0, "\x89PNG\r\n"sv, kPicture},
    Signature{8, "WEBP"sv, kPicture},
    Signature{0, "%PDF"sv, "is a PDF document; pass the checkpoint instead"},
    Signature{0, "\x1f\x8b"sv, kCompressed},
    Signature{0,
              "\xfd"
              "7zXZ"sv,
              kCompressed},
    Signature{0, "\x28\xb5\x2f\xfd"sv, kCompressed},
    Signature{0, "BZh"sv, kCompressed},
    Signature{0, "7z\xbc\xaf"sv, kCompressed},
    Signature{0, "Rar!"sv, kCompressed},
    Signature{0, "\x89HDF\r\n"sv,
              "is an HDF5 file (Keras?), not PyTorch's; convert it in Python to safetensors"},
    Signature{4, "TFL3"sv, "is a TensorFlow Lite model; the PyTorch checkpoint is needed"},
    Signature{0, "GGUF"sv, "is a GGUF model; the PyTorch checkpoint is needed"},
    Signature{0, "\x93NUMPY"sv, "is a numpy array; the PyTorch checkpoint is needed"},
    Signature{0,
              "\x7f"
              "ELF"sv,
              "is a program; pass the checkpoint instead"},
};

/// The first few hundred characters without leading space, in lower case.
std::string Beginning(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n\xef\xbb\xbf"), text.size()));
  std::string lower(text.substr(0, kEnough));
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

// An ONNX model is a protobuf whose first field is the small number ir_version, and which names its
// producer (field 2) or holds its graph (field 7) next.
bool LooksLikeOnnx(Bytes bytes) {
  if (bytes.size() < 4 || bytes[0] != std::byte{0x08} || bytes[1] > std::byte{32}) return false;
  return bytes[2] == std::byte{0x12} || bytes[2] == std::byte{0x3A};
}

// A TensorFlow SavedModel is a protobuf too: its schema version 1, then its meta graph (field 2),
// which begins with the graph's information. A frozen graph begins with a node and its name.
bool LooksLikeTensorFlow(Bytes bytes) {
  const std::string_view head = AsText(bytes).substr(0, 4096);
  return head.find("tensorflow") != std::string_view::npos ||
         (head.starts_with("\x0a") && head.find("Placeholder") != std::string_view::npos);
}

}  // namespace

Error DescribeForeign(Bytes bytes) {
  if (bytes.empty()) return {"is empty; download it again"};
  const std::string_view text = AsText(bytes);
  for (const Signature& signature : kSignatures) {
    if (text.size() >= signature.offset &&
        text.substr(signature.offset).starts_with(signature.bytes)) {
      return {std::string(signature.meaning)};
    }
  }
  const std::string beginning = Beginning(text);
  if (beginning.starts_with("<!doctype") || beginning.starts_with("<html") ||
      beginning.find("<head") != std::string::npos) {
    return {"is a web page, so the download failed; open the link in a browser and save the file"};
  }
  if (LooksLikeTensorFlow(bytes)) {
    return {"is a TensorFlow model; the PyTorch checkpoint is needed"};
  }
  if (LooksLikeOnnx(bytes)) {
    return {"is an ONNX model, which is not read back; pass the checkpoint that it was made from"};
  }
  if (std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{}; })) {
    return {"holds nothing but zeros; download it again"};
  }
  return {"is no checkpoint: neither a PyTorch zip, tar or stream nor safetensors"};
}

}  // namespace cnp::checkpoint

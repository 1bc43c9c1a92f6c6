#include "convnextpose/checkpoint/globals.h"

#include <algorithm>
#include <array>
#include <string>

#include "convnextpose/checkpoint/printable.h"

namespace cnp::checkpoint {
namespace {

// Sorted. Each is data: a container, a number, a tensor, or the name of a type.
constexpr std::array kGlobals = std::to_array<std::string_view>({
    "_codecs.encode",
    "argparse.Namespace",
    "builtins.bool",
    "builtins.dict",
    "builtins.float",
    "builtins.frozenset",
    "builtins.int",
    "builtins.list",
    "builtins.set",
    "builtins.str",
    "builtins.tuple",
    "collections.Counter",
    "collections.OrderedDict",
    "collections.defaultdict",
    "collections.deque",
    "numpy._reconstruct",
    "numpy.dtype",
    "numpy.ndarray",
    "numpy.scalar",
    "pathlib.PosixPath",
    "pathlib.PurePosixPath",
    "pathlib.PureWindowsPath",
    "pathlib.WindowsPath",
    "torch.BFloat16Storage",
    "torch.BoolStorage",
    "torch.ByteStorage",
    "torch.CharStorage",
    "torch.DoubleStorage",
    "torch.FloatStorage",
    "torch.HalfStorage",
    "torch.IntStorage",
    "torch.LongStorage",
    "torch.ShortStorage",
    "torch.Size",
    "torch._utils._rebuild_parameter",
    "torch._utils._rebuild_tensor",
    "torch._utils._rebuild_tensor_v2",
    "torch.bfloat16",
    "torch.bool",
    "torch.device",
    "torch.float16",
    "torch.float32",
    "torch.float64",
    "torch.int16",
    "torch.int32",
    "torch.int64",
    "torch.int8",
    "torch.uint8",
});

std::string_view CanonicalModule(std::string_view module) {
  if (module == "__builtin__") return "builtins";
  if (module == "numpy.core.multiarray" || module == "numpy._core.multiarray") return "numpy";
  if (module.starts_with("pathlib.")) return "pathlib";  // pathlib._local of Python 3.13
  return module;
}

bool IsModuleClass(std::string_view full) {
  return full.starts_with("torch.nn.") || full.starts_with("__torch__.") ||
         full.starts_with("__main__.");
}

}  // namespace

Result<std::string_view> FindGlobal(std::string_view module, std::string_view name) {
  const std::string full = std::string(CanonicalModule(module)) + "." + std::string(name);
  const auto* const found = std::lower_bound(kGlobals.begin(), kGlobals.end(), full);
  if (found != kGlobals.end() && *found == full) return *found;
  const std::string shown = Printable(std::string(module) + "." + std::string(name));
  if (IsModuleClass(full)) {
    return Error{"names the class " + shown +
                 ": the whole module was pickled, which is code; in PyTorch save its tensors with "
                 "torch.save(model.state_dict(), file) and use that file"};
  }
  return Error{"refuses to call " + shown +
               ": a checkpoint needs only tensors and plain data; if you trust the file, save just "
               "its state dict with torch.save(checkpoint['network'], file) and use that file"};
}

}  // namespace cnp::checkpoint

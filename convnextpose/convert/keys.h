// The many ways in which checkpoints name a network's tensors, brought to one.
// Source: shared spec 2-checkpoints.md, "Key names"; the one form is that of model::Tensors.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "convnextpose/base/result.h"
#include "convnextpose/checkpoint/tensor.h"

namespace cnp::convert {

/// The form of the head's names, "head.deconv_layers_1." and then:
enum class HeadForm {
  kModern,  ///< "dwconv.", "norm.", "pwconv.": the published XS and S, and the authors' code.
  kLegacy,  ///< "0.", "1.", "2.": the published M and L.
};

struct Keys {
  /// In file order. Names and shapes are those of model::Tensors where the tensor is one of them;
  /// any other keeps its name, less the prefixes. Views of the same storages: nothing is copied.
  std::vector<checkpoint::Tensor> tensors;
  std::vector<std::string> original;  ///< The name of each in the file.
  std::vector<std::string> styles;    ///< For people: "prefix module.", "legacy head (.0 .1 .2)".
};

/// Error: two tensors that come to the same name.
Result<Keys> MapKeys(std::span<const checkpoint::Tensor> tensors);

/// The way back, for writing: `name` (of model::Tensors) in the given form.
std::string InHeadForm(const std::string& name, HeadForm form);

}  // namespace cnp::convert

// What INPUT... on the command line stands for: pictures, folders of pictures, standard input.
#pragma once

#include <string>
#include <vector>

#include "convnextpose/base/result.h"
#include "convnextpose/image/image.h"

namespace cnp::cli {

struct Input {
  std::string path;  ///< As given; "-" is standard input.
  std::string stem;  ///< What its outputs are named after; unique within one call.
};

/// Folders become the pictures in them, by extension, in the order of their names; not recursive.
/// A folder without pictures is an error in its place; a missing file is found out on reading.
std::vector<Result<Input>> ExpandInputs(const std::vector<std::string>& arguments);

/// Reads and decodes one. Thread-safe, but for standard input.
Result<image::Image> ReadPicture(const Input& input);

}  // namespace cnp::cli

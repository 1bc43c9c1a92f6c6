// Many drawings on one sheet, in columns.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "convnextpose/image/image.h"

namespace cnp::viz {

struct SheetCell {
  image::Image picture;
  std::string caption;  ///< Below it.
};
struct SheetColumn {
  std::string title;
  std::vector<SheetCell> cells;
};

/// Columns are as wide as their widest picture. Precondition: a column.
image::Image DrawContactSheet(std::span<const SheetColumn> columns);

}  // namespace cnp::viz

// What part of a dataset is read.
#pragma once

#include <cstddef>
#include <vector>

namespace cnp::datasets {

enum class Split { kTrain, kTest };

struct ReadOptions {
  Split split = Split::kTest;
  /// Human3.6M only, from here on but `limit`. Protocol 1 trains on subjects 1, 5, 6, 7, 8, 9 and
  /// tests on 11; protocol 2 trains on 1, 5, 6, 7, 8 and tests on 9, 11.
  int protocol = 2;
  std::vector<int> subjects;  ///< Empty: by protocol and split.
  int subsample = 0;          ///< Every n-th frame (frame_idx % n == 0); 0: 64 to test, 5 to train.

  std::size_t limit = 0;  ///< At most so many samples, from the beginning; 0: all.
  /// False: people get their boxes from elsewhere (boxes.h), so those stay, too, whose own box is
  /// missing or of no use.
  bool needs_box = true;
};

}  // namespace cnp::datasets

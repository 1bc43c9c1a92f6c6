// AdamW and the running average of weights in one walk over memory, which is what they cost: one
// after another, LibTorch's operations read and write the same numbers ten times. Knows no
// LibTorch.
#pragma once

#include <cstddef>

namespace cnp::train {

/// Factors of one step. Of each parameter p with gradient g:
///   first = beta1 first + new1 g,  second = beta2 second + new2 g^2
///   p = keep p - rate first / (sqrt(second) second_scale + epsilon)
///   average = average + average_rate (p - average)
struct AdamStep {
  float beta1 = 0;
  float new1 = 0;  ///< 1 - beta1, rounded once.
  float beta2 = 0;
  float new2 = 0;
  float keep = 1;
  float rate = 0;
  float second_scale = 1;
  float epsilon = 0;
  float average_rate = 0;
};

struct AdamNumbers {
  const float* gradient = nullptr;
  float* first = nullptr;
  float* second = nullptr;
  float* parameter = nullptr;
  float* average = nullptr;  ///< Null: none.
};

/// Numbers first to end. Thread-safe on parts that do not overlap; a number's result does not
/// depend on the part.
void TakeAdamStep(const AdamStep& step, const AdamNumbers& numbers, std::ptrdiff_t first,
                  std::ptrdiff_t end);

}  // namespace cnp::train

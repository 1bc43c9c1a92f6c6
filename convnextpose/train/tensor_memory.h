// Memory of LibTorch's tensors on the CPU, kept when they go.
#pragma once

namespace cnp::train {

/// From now on tensors' memory comes from lists of what earlier ones of the same size left. A
/// step's layers, megabytes each, are as large as the last step's: asking the system for fresh
/// pages each time, or malloc for a fit, costs more than much of what is computed in them. Kept
/// until the process ends, but for what other sizes would push beyond a gigabyte. Thread-safe; once
/// is enough.
void KeepTensorMemory();

}  // namespace cnp::train

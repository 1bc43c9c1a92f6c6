// The stream that torch.save wrote before torch 1.6: five pickles, then the storages' bytes.
#pragma once

#include "convnextpose/base/result.h"
#include "convnextpose/checkpoint/byte_reader.h"
#include "convnextpose/checkpoint/checkpoint.h"

namespace cnp::checkpoint {

/// True when the bytes begin as a pickle of protocol 2 or later does.
bool LooksLikePickle(Bytes bytes);

/// Storages are used in place: `bytes` must outlive the result. Errors: a pickle that torch.save
/// did not write, truncated, big-endian, what pickle.h and torch_object.h refuse.
Result<Checkpoint> ReadLegacy(Bytes bytes);

}  // namespace cnp::checkpoint

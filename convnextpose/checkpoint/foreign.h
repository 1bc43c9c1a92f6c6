// Says what a file is that is not a checkpoint, so that the user knows what to do.
#pragma once

#include "convnextpose/base/result.h"
#include "convnextpose/checkpoint/byte_reader.h"

namespace cnp::checkpoint {

/// "is a web page, so the download failed: ..."; never fails to say something.
Error DescribeForeign(Bytes bytes);

}  // namespace cnp::checkpoint

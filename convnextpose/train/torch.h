// All of LibTorch that this folder uses; torch/torch.h takes twice as long to compile.
#pragma once

// clang-format off
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#include <ATen/Parallel.h>
#include <torch/types.h>
#include <torch/autograd.h>
#pragma GCC diagnostic pop
// clang-format on

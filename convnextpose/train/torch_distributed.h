// What of LibTorch's c10d this folder uses: the store where processes meet, and Gloo.
#pragma once

// clang-format off
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"
#ifndef USE_C10D_GLOO
#define USE_C10D_GLOO  // Else the header is empty; Debian's CMake files define it, others may not.
#endif
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#ifdef USE_C10D_NCCL
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#endif
#pragma GCC diagnostic pop
// clang-format on

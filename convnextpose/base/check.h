// CNP_CHECK: a precondition of this library that only a programmer's mistake can break.
#pragma once

#include <stdexcept>
#include <string>

namespace cnp {

/// Thrown by CNP_CHECK; never used for bad input, which is a Result (result.h).
class CheckFailure : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

[[noreturn]] inline void FailCheck(const char* file, int line, const char* condition,
                                   const std::string& message) {
  throw CheckFailure(std::string(file) + ":" + std::to_string(line) + ": " + condition + ": " +
                     message);
}

}  // namespace cnp

#define CNP_CHECK(condition, message)                                            \
  do {                                                                           \
    if (!(condition)) ::cnp::FailCheck(__FILE__, __LINE__, #condition, message); \
  } while (false)

// Result<T>: a value, or an Error that says what went wrong, where, and what cures it.
// Everything that reads bytes from outside returns one; a programmer's mistake is a CNP_CHECK.
#pragma once

#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include "convnextpose/base/check.h"

namespace cnp {

/// One line for a person: names the path, offset or tensor, and the cure where there is one.
struct Error {
  std::string message;

  /// The same error seen from one level further out: "context: message".
  [[nodiscard]] Error In(const std::string& context) const { return {context + ": " + message}; }
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  /// Precondition: ok().
  T& value() & { return Checked(*this); }
  const T& value() const& { return Checked(*this); }
  T&& value() && { return std::move(Checked(*this)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  /// Precondition: !ok().
  [[nodiscard]] const Error& error() const {
    CNP_CHECK(!ok(), "Result holds a value, not an error");
    return std::get<1>(state_);
  }

 private:
  template <typename Self>
  static auto& Checked(Self& self) {
    CNP_CHECK(self.ok(), std::get<1>(self.state_).message);
    return std::get<0>(self.state_);
  }
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)
  [[nodiscard]] bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  [[nodiscard]] const Error& error() const {
    CNP_CHECK(!ok(), "Status is ok, it holds no error");
    return *error_;
  }

 private:
  std::optional<Error> error_;
};
using Status = Result<void>;

}  // namespace cnp

#define CNP_CONCAT_INNER(a, b) a##b
#define CNP_CONCAT(a, b) CNP_CONCAT_INNER(a, b)

/// CNP_ASSIGN(auto x, F()): x is F()'s value, or the enclosing function returns its error.
#define CNP_ASSIGN(declaration, expression) \
  CNP_ASSIGN_IMPL(CNP_CONCAT(cnp_result_, __LINE__), declaration, expression)
// NOLINTBEGIN(bugprone-macro-parentheses): a declaration cannot stand in parentheses
#define CNP_ASSIGN_IMPL(temporary, declaration, expression) \
  auto temporary = (expression);                            \
  if (!temporary.ok()) return temporary.error();            \
  declaration = std::move(temporary).value()
// NOLINTEND(bugprone-macro-parentheses)

/// CNP_RETURN_IF_ERROR(F()): the enclosing function returns F()'s error, if it is one.
#define CNP_RETURN_IF_ERROR(expression)                                              \
  do {                                                                               \
    if (auto cnp_status = (expression); !cnp_status.ok()) return cnp_status.error(); \
  } while (false)

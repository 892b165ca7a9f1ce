// Errors of every folder: one hierarchy, caught only at the boundaries (main, the shim's loop, the child before exec).
#pragma once

#include <exception>
#include <string>
#include <string_view>

namespace minidock {

// What went wrong, as far as a front end has to know it: it decides the exit code (and, later, the HTTP status).
enum class ErrorKind {
  internal,                // a bug or a broken invariant
  system,                  // a system call failed; the object is a SysError
  invalid_argument,        // the user's words cannot be understood
  not_found,               // no such container, image, user, …
  conflict,                // the name, port or state is taken
  permission_denied,       //
  unsupported,             // understood, but this build or kernel cannot do it
  unavailable,             // a peer (registry, shim) did not answer
  corrupt_data,            // foreign bytes break their format, digest or limit
  command_not_found,       // the container's program does not exist: exit code 127
  command_not_executable,  // the container's program cannot be executed: exit code 126
};

// Stable lower-case name of a kind, as it crosses process borders ("not_found").
std::string_view to_string(ErrorKind kind);

// Inverse of to_string; an unknown name is ErrorKind::internal.
ErrorKind error_kind_from_string(std::string_view name);

class Error : public std::exception {
 public:
  Error(ErrorKind kind, std::string message, int err = 0);

  ErrorKind kind() const noexcept { return kind_; }
  const std::string& message() const noexcept { return message_; }
  // The errno behind the error, 0 when there is none.
  int error_number() const noexcept { return errno_; }
  const char* what() const noexcept override { return message_.c_str(); }

  // The same error with "context: " before its message.
  Error with_context(std::string_view context) const;

 private:
  ErrorKind kind_;
  std::string message_;
  int errno_;
};

// A failed system call: captures errno first, then appends ": strerror" to the message.
class SysError : public Error {
 public:
  explicit SysError(std::string_view what);
  SysError(int err, std::string_view what);
};

}  // namespace minidock

#include "arguments.h"

#include <fcntl.h>

#include <cerrno>

namespace composefs {

std::string PathFrom(const Napi::Value& value) {
  const auto bytes = value.As<Napi::Uint8Array>();
  return {reinterpret_cast<const char*>(bytes.Data()), bytes.ByteLength()};
}

Descriptor DuplicateDescriptor(int file, int& error) {
  Descriptor copy(fcntl(file, F_DUPFD_CLOEXEC, 0));
  if (!copy.IsOpen()) error = errno;
  return copy;
}

}  // namespace composefs

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

FileName FileNameFrom(Napi::Object object) {
  FileName name;
  const Napi::Value path = object.Get("path");
  if (path.IsTypedArray())
    name.path = PathFrom(path);
  else
    name.file = DuplicateDescriptor(object.Get("fd").As<Napi::Number>().Int32Value(), name.file_error);
  const Napi::Value identity = object.Get("identity");
  if (identity.IsTypedArray()) {
    const auto fields = identity.As<Napi::BigInt64Array>();
    if (fields.ElementLength() == 5) name.identity = {fields[0], fields[1], fields[2], fields[3], fields[4]};
  }
  return name;
}

}  // namespace composefs

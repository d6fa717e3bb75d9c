// Arguments of the native functions. TypeScript has checked their types already.
#pragma once

#include <napi.h>

#include <string>

#include "output.h"
#include "source_file.h"

namespace composefs {

/// A path travels as bytes, since not every path is a string.
std::string PathFrom(const Napi::Value& value);

/// A descriptor of the job's own: the caller may close the original while the job runs, and the number may
/// then belong to another file. On failure `error` is set, for the job to report.
Descriptor DuplicateDescriptor(int file, int& error);

/// `{ path } | { fd }`, with `identity` where the file must be a certain one.
FileName FileNameFrom(Napi::Object object);

}  // namespace composefs

// Functions for JavaScript.
#pragma once

#include <napi.h>

#include <new>
#include <type_traits>
#include <utility>

#include "errors.h"
#include "job.h"

namespace composefs {

/// A function that does `work(call)`. A failure of the system, such as there being no memory for a job, is
/// thrown as the plain object that a job would be rejected with: src/native.ts makes an error of both.
template <typename Work>
Napi::Function MakeFunction(Napi::Env env, Work work, const char* name) {
  const auto guarded = [work = std::move(work)](const Napi::CallbackInfo& call) -> Napi::Value {
    const auto fail = [&](const SystemFailure& failure) {
      napi_throw(call.Env(), DescribeFailure(call.Env(), failure));
      return call.Env().Undefined();
    };
    try {
      if constexpr (!std::is_void_v<decltype(work(call))>) return work(call);
      work(call);
      return call.Env().Undefined();
    } catch (const SystemFailure& failure) {
      return fail(failure);
    } catch (const std::bad_alloc&) {
      return fail({ENOMEM, "malloc"});
    }
  };
  return Napi::Function::New(env, guarded, name);
}

}  // namespace composefs

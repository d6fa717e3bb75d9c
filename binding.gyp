{
  "variables": {
    # 1: for other machines than this, as scripts/prebuild.mjs builds it
    "portable%": 0,
    # 1: native/glibc_floor.cc knows this C library and architecture
    "glibc_floor%": "<!(node -p \"+(['x64', 'arm64'].includes(process.arch) && 'glibcVersionRuntime' in process.report.getReport().header)\")"
  },
  "targets": [{
    "target_name": "composefs",
    "sources": [
      "native/addon.cc",
      "native/arena.cc",
      "native/arguments.cc",
      "native/batch.cc",
      "native/chunker.cc",
      "native/claims.cc",
      "native/digest.cc",
      "native/digest_cache.cc",
      "native/digest_files.cc",
      "native/directory.cc",
      "native/flusher.cc",
      "native/fs_context.cc",
      "native/fsverity.cc",
      "native/hard_links.cc",
      "native/hash_file.cc",
      "native/image.cc",
      "native/image_mount.cc",
      "native/job.cc",
      "native/layer_encoder.cc",
      "native/layer_encoder_jobs.cc",
      "native/lockdown.cc",
      "native/loop_device.cc",
      "native/mount.cc",
      "native/mount_folder.cc",
      "native/object_store.cc",
      "native/openssl.cc",
      "native/output.cc",
      "native/publish.cc",
      "native/put_jobs.cc",
      "native/records.cc",
      "native/region.cc",
      "native/sandbox.cc",
      "native/scan.cc",
      "native/scan_xattrs.cc",
      "native/seccomp.cc",
      "native/seed_block.cc",
      "native/siblings.cc",
      "native/source_file.cc",
      "native/staged_file.cc",
      "native/store_lock.cc",
      "native/store.cc",
      "native/store_stream.cc",
      "native/tree.cc",
      "native/tuned_link.cc",
      "native/verity.cc",
      "native/verity_jobs.cc",
      "native/write.cc",
      "native/xattr_table.cc",
      "native/zstd_decoder.cc",
      "native/zstd_frames.cc",
      "native/zstd_stream.cc"
    ],
    "include_dirs": [
      "<!(node -p \"require('node-addon-api').include_dir\")",
      "<!@(node scripts/libcomposefs.mjs include --arch=<(target_arch))",
      "<!@(node scripts/libzstd.mjs include --arch=<(target_arch))"
    ],
    "libraries": [
      "<!@(node scripts/libcomposefs.mjs libs --arch=<(target_arch))",
      "<!@(node scripts/libzstd.mjs libs --arch=<(target_arch))"
    ],
    "defines": [
      "<!@(node scripts/libcomposefs.mjs defines --arch=<(target_arch))",
      "NAPI_VERSION=9",
      "NODE_ADDON_API_CPP_EXCEPTIONS_ALL",
      "NODE_ADDON_API_DISABLE_DEPRECATED",
      # Without it a worker thread that is terminated in the middle of a job aborts the process.
      "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS"
    ],
    "cflags!": ["-fno-exceptions"],
    "cflags_cc!": ["-fno-exceptions", "-fno-rtti", "-std=gnu++17", "-std=gnu++20"],
    "cflags": [
      "-Wall", "-Wextra", "-Werror", "-fvisibility=hidden", "-ffunction-sections", "-fdata-sections",
      "-fstack-protector-strong", "-D_FORTIFY_SOURCE=2"
    ],
    "cflags_cc": ["-std=c++20", "-fexceptions", "-fvisibility-inlines-hidden"],
    "ldflags": [
      # A missing symbol must fail when the addon is loaded, not kill the process at the first call.
      "-Wl,-z,now", "-Wl,-z,relro", "-Wl,--gc-sections", "-Wl,--exclude-libs,ALL", "-Wl,--as-needed",
      # native/openssl.cc stands between libcomposefs.a and the host's OpenSSL.
      "-Wl,--wrap=EVP_sha256,--wrap=EVP_sha512,--wrap=EVP_MD_CTX_new,--wrap=EVP_MD_CTX_free",
      "-Wl,--wrap=EVP_DigestInit_ex,--wrap=EVP_DigestUpdate,--wrap=EVP_DigestFinal_ex"
    ],
    "conditions": [
      ["glibc_floor==1", {
        "sources": ["native/glibc_floor.cc"],
        # It does by older symbols what these do.
        "ldflags": [
          "-Wl,--wrap=fstat64,--wrap=stat64,--wrap=lstat64,--wrap=fstatat64,--wrap=pthread_cond_clockwait",
          "-Wl,--wrap=pthread_once,--wrap=__pthread_key_create,--wrap=pthread_create,--wrap=pthread_join",
          "-Wl,--wrap=arc4random"
        ]
      }],
      # A machine's libstdc++ may be older than this compiler's. (Its libgcc_s is never too old.)
      ["portable==1", { "ldflags": ["-static-libstdc++"] }]
    ]
  }]
}

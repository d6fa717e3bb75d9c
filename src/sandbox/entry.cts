// The program of a worker. CommonJS, because `require` loads all modules on this thread: `import` would start
// the threads of libuv's pool, to which Landlock would then not apply.
type Worker = typeof import("./worker.ts", { with: { "resolution-mode": "import" }});

const { serve }: Worker = require("./worker.js");

void serve(JSON.parse(process.argv[2] as string));

// Builds and runs the C++ unit tests under AddressSanitizer and UndefinedBehaviorSanitizer: once with the
// archive of libcomposefs as it is, whose memory the sanitizers then see, and once with the tuned one. In one folder:
// few objects know the link.
import path from "node:path";
import { main, root, run } from "./report.mjs";

await main(() => {
	const folder = path.join(root, "build/unit");
	for (const link of ["static", "tuned"]) {
		run("cmake", ["-S", root, "-B", folder, "-G", "Ninja", "-DSANITIZE=address,undefined", `-DLINK=${link}`]);
		run("cmake", ["--build", folder]);
		const report = run("ctest", ["--test-dir", folder, "--output-on-failure"]);
		console.log(`${link}: ${/\d+% tests passed.*/.exec(report)?.[0]}`);
	}
});

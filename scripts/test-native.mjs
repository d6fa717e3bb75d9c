// Builds and runs the C++ unit tests under AddressSanitizer and UndefinedBehaviorSanitizer: once with the
// archive of libcomposefs as it is, whose memory the sanitizers then see, and once with the tuned one.
import { main } from "./report.mjs";
import { runUnitTests, SANITIZED } from "./watched-build.mjs";

await main(() => {
	for (const link of ["static", "tuned"])
		console.log(`${link}: ${/\d+% tests passed.*/.exec(runUnitTests(SANITIZED, link))?.[0]}`);
});

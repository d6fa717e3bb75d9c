// Builds and runs the C++ unit tests under AddressSanitizer and UndefinedBehaviorSanitizer: once with the
// archive of libcomposefs as it is, whose memory the sanitizers then see, and once with the tuned one, which those
// do not notice that take long over contents alone.
import { main } from "./report.mjs";
import { runUnitTests, SANITIZED } from "./watched-build.mjs";

const CONTENTS_ALONE = ["HashFile", "Verity", "ZstdStream", "Flusher"];

await main(() => {
	const tell = (link, said) => console.log(`${link}: ${/\d+% tests passed.*/.exec(said)?.[0]}`);
	tell("static", runUnitTests(SANITIZED, "static"));
	tell(
		"tuned",
		runUnitTests(SANITIZED, "tuned", `-${CONTENTS_ALONE.map((suite) => `${suite}.*`).join(":")}`),
	);
});

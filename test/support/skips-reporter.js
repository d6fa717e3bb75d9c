import { writeSync } from "node:fs";

/** Ends a run with a line for each suite that was skipped, and one that counts the tests. */
export default class SkipsReporter {
	onRunComplete(_contexts, results) {
		const lines = [...skippedTitles(results)].sort().map(describeSkip);
		const { numPassedTests, numFailedTests, numFailedTestSuites, numPendingTests } = results;
		// A test file that cannot even be loaded has no failed test in it.
		const failed = numFailedTests || numFailedTestSuites;
		lines.push(`tests: ${numPassedTests} passed, ${failed} failed, ${numPendingTests} skipped`);
		// At the very end, behind the summary of jest's own. Not by process.stderr: a forced exit has shut it by then.
		process.on("exit", () => writeSync(2, `${lines.join("\n")}\n`));
	}
}

function skippedTitles(results) {
	const titles = new Set();
	for (const file of results.testResults)
		for (const test of file.testResults)
			for (const title of test.status === "pending" ? test.ancestorTitles : [])
				if (title.includes("[skipped: ")) titles.add(title);
	return titles;
}

function describeSkip(title) {
	const [, suite, reason] = /^(.*) \[skipped: (.*)\]$/.exec(title) ?? [undefined, title, "no reason given"];
	return `skipped: ${suite}: ${reason}`;
}

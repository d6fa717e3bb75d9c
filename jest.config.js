export default {
	testEnvironment: "<rootDir>/test/support/environment.js",
	roots: ["<rootDir>/test"],
	extensionsToTreatAsEsm: [".ts"],
	transform: { "^.+\\.ts$": "@swc/jest" },
	// The tests import sources; what the package's users import is tested from lib/, in child processes.
	reporters: ["default", "summary", "<rootDir>/test/support/skips-reporter.js"],
	// Some wait for processes and servers, and the others for them: a core that jest leaves idle would stay so.
	maxWorkers: "100%",
	// What ends a hang, and no test of speed: machines may be at other work too.
	testTimeout: 120_000,
	// Connections that fetch keeps open for a while must not keep a run from ending.
	forceExit: true,
	collectCoverageFrom: ["src/**/*.ts", "!src/**/*.d.ts"],
	coverageProvider: "v8",
};

export default {
	testEnvironment: "node",
	roots: ["<rootDir>/test"],
	extensionsToTreatAsEsm: [".ts"],
	transform: { "^.+\\.ts$": "@swc/jest" },
	// The tests import sources; what the package's users import is tested from lib/, in child processes.
	reporters: ["default", "summary", "<rootDir>/test/support/skips-reporter.js"],
	testTimeout: 60_000,
	// Connections that fetch keeps open for a while must not keep a run from ending.
	forceExit: true,
	collectCoverageFrom: ["src/**/*.ts", "!src/**/*.d.ts"],
	coverageProvider: "v8",
};

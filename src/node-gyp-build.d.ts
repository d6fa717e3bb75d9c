declare module "node-gyp-build" {
	/** Loads the addon of the package in that folder: build/Release first, then prebuilds/. */
	export default function load(packageRoot: string): unknown;
}

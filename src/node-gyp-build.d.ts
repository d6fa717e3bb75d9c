declare module "node-gyp-build" {
	/** Loads the addon of the package in that folder: build/Release first, then prebuilds/. */
	function load(packageRoot: string): unknown;
	namespace load {
		/** Where it is. */
		function path(packageRoot: string): string;
	}
	export default load;
}

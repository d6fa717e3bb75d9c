import { expect, test } from "@jest/globals";
import { Tree } from "../../src/tree.ts";
import { useStore } from "../support/opened-store.ts";
import { useTemporaryFolder } from "../support/temporary.ts";

const at = useTemporaryFolder();
const { openStore } = useStore(at);

test("what is not there, is no object of a store, or has another size", async () => {
	const store = await openStore();
	const { digest, path, size } = await store.put(Buffer.alloc(100));
	const tree = new Tree();
	tree.writeFile("/there", { digest, path, size });
	tree.writeFile("/not-there", { size: 5, path: `aa/${"b".repeat(62)}` });
	tree.writeFile("/elsewhere", { size: 5, path: "../elsewhere" });
	expect((await store.missing(tree)).map((object) => object.path)).toEqual([
		"../elsewhere",
		`aa/${"b".repeat(62)}`,
	]);
	tree.writeFile("/there", { digest, path, size: 101 });
	expect((await store.missing(tree)).map((object) => object.path)).toContain(path);
});

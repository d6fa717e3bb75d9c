/** `composefs diff`: what differs between two images. Ends as diff(1) does: 0 nothing, 1 something, 2 trouble. */
import { Command } from "commander";
import { type Change, type ChangedAttribute, diff as diffImages } from "../diff.ts";
import { escapeListed, escapeName } from "../dump/escape.ts";
import { readImage } from "../image/read.ts";
import { fileSize, type Inode } from "../inode.ts";
import { formatSeconds } from "../time.ts";
import { EXIT, ExitStatus, endWith, fail, interruptible, readingOf } from "./exit.ts";
import { inodeToJson } from "./json.ts";
import { Links } from "./links.ts";
import { examples } from "./options.ts";
import { colour, counted, print, printJsonList } from "./print.ts";

type Changed = Extract<Change, { kind: "changed" }>;

const DIFFERENT = 1;
const TROUBLE = 2;

/** Digits of a digest that tell it from others. */
const DIGEST_SHOWN = 12;

export function diffCommand(): Command {
	return new Command("diff")
		.description("print what differs between two images")
		.argument("<before>")
		.argument("<after>")
		.option("--json", "print JSON")
		.addHelpText("after", examples("composefs diff old.cfs new.cfs", "composefs diff --json old.cfs new.cfs"))
		.action(diff);
}

async function diff(before: string, after: string, options: { readonly json?: true }): Promise<void> {
	const changes = await interruptible(async (signal) => {
		const was = await readingOf(before, readImage(before, { signal }));
		return diffImages(was, await readingOf(after, readImage(after, { signal })), { signal });
	}).catch((error) => {
		const status = fail(error);
		throw new ExitStatus(status === EXIT.failure ? TROUBLE : status);
	});
	const status = changes.length > 0 ? DIFFERENT : EXIT.success;
	const links = new Links(changes);
	await endWith(status, () =>
		options.json
			? printJsonList(jsonOf(changes, links))
			: print(changes.map((change) => `${format(change, links)}\n`)),
	);
}

function* jsonOf(changes: readonly Change[], links: Links): Generator<unknown> {
	for (const change of changes) yield toJson(change, links);
}

function toJson(change: Change, links: Links): Record<string, unknown> {
	const { path, kind } = change;
	return {
		kind,
		path,
		...(kind === "changed" && { attributes: change.attributes }),
		...(kind !== "added" && { before: inodeToJson(path, change.before, links.before) }),
		...(kind !== "removed" && { after: inodeToJson(path, change.after, links.after) }),
	};
}

const MARKS = { added: ["green", "+"], removed: ["red", "-"], changed: ["yellow", "~"] } as const;

function format(change: Change, links: Links): string {
	const [shade, mark] = MARKS[change.kind];
	const name = colour(shade, `${mark} ${escapeListed(change.path)}`);
	const told = links.toldAt(change);
	if (told !== undefined) return `${name}  link to ${escapeListed(told)}`;
	if (change.kind !== "changed") return name;
	const attributes = change.attributes.map((attribute) => describe(attribute, change, links));
	return `${name}  ${attributes.join(", ")}`;
}

/** An attribute, and what it was and is where that is short. */
function describe(attribute: ChangedAttribute, { before, after }: Changed, links: Links): string {
	const was = (show: (inode: Inode) => string) => `${attribute} ${show(before)} → ${show(after)}`;
	switch (attribute) {
		case "type":
			return was(({ type }) => type);
		case "mode":
			return was(({ mode }) => mode.toString(8).padStart(4, "0"));
		case "owner":
			return was(({ uid, gid }) => `${uid}:${gid}`);
		case "mtime":
			return was(({ mtimeNs }) => formatSeconds(mtimeNs));
		case "xattr":
			return `xattr ${changedXattrs(before, after).map(escapeName).join(" ")}`;
		case "content":
			return contentText(before, after);
		case "link group":
			return `link group ${counted(links.before.count(before), "name")} → ${counted(links.after.count(after), "name")}`;
	}
}

/** Sizes that are equal say nothing: then the beginnings of digests, where there are two. */
function contentText(before: Inode, after: Inode): string {
	const [was, is] = [contentOf(before), contentOf(after)];
	if (was !== is) return `content ${was} → ${is}`;
	const [old, now] = [before, after].map(digestOf).map((digest) => digest?.slice(0, DIGEST_SHOWN));
	return old === undefined || now === undefined || old === now ? "content" : `content ${old} → ${now}`;
}

function digestOf(inode: Inode): string | undefined {
	return inode.type === "file" ? inode.digest : undefined;
}

function contentOf(inode: Inode): string {
	if (inode.type === "symlink") return escapeName(inode.target);
	if ("rdev" in inode) return `${inode.rdev.major}:${inode.rdev.minor}`;
	return inode.type === "file" ? counted(fileSize(inode), "byte") : "";
}

function changedXattrs({ xattrs: before }: Inode, { xattrs: after }: Inode): string[] {
	const names = new Set([...(before?.keys() ?? []), ...(after?.keys() ?? [])]);
	const text = (value: Uint8Array | undefined) => value && Buffer.from(value).toString("latin1");
	return [...names].filter((name) => text(before?.get(name)) !== text(after?.get(name))).sort();
}

/** Lines in a chart, as SVG text: for light and dark backgrounds, and without anything from outside. */

export interface Line {
	readonly name: string;
	/** In the order of x. */
	readonly points: readonly (readonly [x: number, y: number])[];
}

export interface Axis {
	/** With its unit. */
	readonly title: string;
	/** By powers of ten; else from 0 on. */
	readonly isLogarithmic: boolean;
	format(value: number): string;
}

export interface Chart {
	readonly title: string;
	/** Of what and where it was measured. */
	readonly note: string;
	readonly x: Axis;
	readonly y: Axis;
	/** At most four: that many can be told apart. */
	readonly lines: readonly Line[];
}

const WIDTH = 840;
const HEIGHT = 460;
/** Of the plane; on the right stand the lines' names. */
const PLANE = { left: 84, right: 590, top: 56, bottom: 372 };
const LABEL_HEIGHT = 17;
const DASHES = ["", "7 4", "2 4", "10 3 2 3"];

/** Colours that differ in lightness too, and have contrast on white and on GitHub's dark grey. */
const STYLE = `
	text { font: 13px system-ui, -apple-system, "DejaVu Sans", sans-serif; fill: #1f2328; }
	.title { font-size: 16px; font-weight: 600; }
	.note { font-size: 11px; fill: #59636e; }
	.back { fill: #ffffff; }
	.grid { stroke: #d1d9e0; stroke-width: 1; }
	.axis { stroke: #59636e; stroke-width: 1; fill: none; }
	.line { fill: none; stroke-width: 2.5; stroke-linejoin: round; }
	.c0 { stroke: #0550ae; } .f0 { fill: #0550ae; }
	.c1 { stroke: #bc4c00; } .f1 { fill: #bc4c00; }
	.c2 { stroke: #1a7f37; } .f2 { fill: #1a7f37; }
	.c3 { stroke: #8250df; } .f3 { fill: #8250df; }
	@media (prefers-color-scheme: dark) {
		text { fill: #f0f6fc; }
		.note { fill: #9198a1; }
		.back { fill: #0d1117; }
		.grid { stroke: #3d444d; }
		.axis { stroke: #9198a1; }
		.c0 { stroke: #58a6ff; } .f0 { fill: #58a6ff; }
		.c1 { stroke: #ffa657; } .f1 { fill: #ffa657; }
		.c2 { stroke: #56d364; } .f2 { fill: #56d364; }
		.c3 { stroke: #d2a8ff; } .f3 { fill: #d2a8ff; }
	}`;

/** A value's place on an axis, and the values that get a mark. */
interface Scale {
	readonly ticks: readonly number[];
	place(value: number): number;
}

/** @throws Error if there is nothing to show, or a logarithm of what has none */
export function drawChart({ title, note, x, y, lines }: Chart): string {
	const points = lines.flatMap((line) => line.points);
	if (points.length === 0) throw new Error(`${title}: there are no points`);
	const across = scale(
		points.map(([value]) => value),
		x,
		[PLANE.left, PLANE.right],
	);
	const up = scale(
		points.map(([, value]) => value),
		y,
		[PLANE.bottom, PLANE.top],
	);
	return [
		`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-label="${escapeText(title)}">`,
		`<style>${STYLE}\n</style>`,
		`<rect class="back" width="${WIDTH}" height="${HEIGHT}"/>`,
		text(PLANE.left, 28, title, 'class="title"'),
		...drawAxes(x, y, across, up),
		...lines.flatMap((line, index) => drawLine(line, index, across, up)),
		...drawNames(lines, up),
		text(PLANE.left, HEIGHT - 16, note, 'class="note"'),
		"</svg>\n",
	].join("\n");
}

function drawAxes(x: Axis, y: Axis, across: Scale, up: Scale): string[] {
	const { left, right, top, bottom } = PLANE;
	const columns = across.ticks.flatMap((value) => {
		const at = round(across.place(value));
		return [
			`<line class="grid" x1="${at}" y1="${top}" x2="${at}" y2="${bottom}"/>`,
			text(at, bottom + 20, x.format(value), 'text-anchor="middle"'),
		];
	});
	const rows = up.ticks.flatMap((value) => {
		const at = round(up.place(value));
		return [
			`<line class="grid" x1="${left}" y1="${at}" x2="${right}" y2="${at}"/>`,
			text(left - 8, at + 4, y.format(value), 'text-anchor="end"'),
		];
	});
	const middle = (top + bottom) / 2;
	return [
		...columns,
		...rows,
		`<path class="axis" d="M${left} ${top}V${bottom}H${right}"/>`,
		text((left + right) / 2, bottom + 44, x.title, 'text-anchor="middle"'),
		text(20, middle, y.title, `text-anchor="middle" transform="rotate(-90 20 ${middle})"`),
	];
}

function drawLine({ points }: Line, index: number, across: Scale, up: Scale): string[] {
	if (points.length === 0) return [];
	const places = points.map(([x, y]) => [round(across.place(x)), round(up.place(y))] as const);
	const path = places.map(([x, y], at) => `${at === 0 ? "M" : "L"}${x} ${y}`).join("");
	const dashes = DASHES[index % DASHES.length];
	return [
		`<path class="line c${index % 4}" d="${path}"${dashes ? ` stroke-dasharray="${dashes}"` : ""}/>`,
		...places.map(([x, y]) => `<circle class="f${index % 4}" cx="${x}" cy="${y}" r="3.5"/>`),
	];
}

/** Beside the lines' ends, as near as they can be without covering each other. */
function drawNames(lines: readonly Line[], up: Scale): string[] {
	const ends = lines.flatMap(({ name, points }, index) => {
		const last = points.at(-1);
		return last === undefined ? [] : [{ name, index, at: up.place(last[1]) }];
	});
	ends.sort((a, b) => a.at - b.at);
	let free = PLANE.top;
	const placed = ends.map((end) => {
		const at = Math.max(end.at, free);
		free = at + LABEL_HEIGHT;
		return { ...end, at };
	});
	const excess = Math.max(0, (placed.at(-1)?.at ?? 0) - PLANE.bottom);
	return placed.map(({ name, index, at }) =>
		text(PLANE.right + 12, round(at - excess + 4), name, `class="f${index % 4}"`),
	);
}

function scale(values: readonly number[], axis: Axis, [from, to]: readonly [number, number]): Scale {
	return axis.isLogarithmic ? logarithmic(values, axis, from, to) : linear(values, from, to);
}

function linear(values: readonly number[], from: number, to: number): Scale {
	const step = niceStep(Math.max(...values));
	const count = Math.max(1, Math.ceil(Math.max(...values) / step - 1e-9));
	const ticks = Array.from({ length: count + 1 }, (_, index) => index * step);
	return { ticks, place: (value) => from + (value / (count * step)) * (to - from) };
}

/** 1, 2 or 5 times a power of ten: some five of them make the whole. */
function niceStep(whole: number): number {
	const power = 10 ** Math.floor(Math.log10((whole || 1) / 5));
	return ([1, 2, 5, 10].find((factor) => factor * power * 5 >= whole) ?? 10) * power;
}

function logarithmic(values: readonly number[], { title }: Axis, from: number, to: number): Scale {
	const [least, most] = [Math.min(...values), Math.max(...values)];
	if (!(least > 0)) throw new Error(`${title}: ${least} has no place on a logarithmic axis`);
	// From mark to mark: 1, 3, 10, 30 …
	const marks: number[] = [];
	for (let power = Math.floor(Math.log10(least)); power <= Math.log10(most) + 1; power++)
		marks.push(10 ** power, 3 * 10 ** power);
	const first = Math.max(
		0,
		marks.findLastIndex((mark) => mark <= least * 1.001),
	);
	const last = marks.findIndex((mark) => mark >= most * 0.999);
	const ticks = marks.slice(first, Math.max(last, first + 1) + 1);
	const [low, high] = [Math.log(ticks[0] as number), Math.log(ticks.at(-1) as number)];
	return { ticks, place: (value) => from + ((Math.log(value) - low) / (high - low)) * (to - from) };
}

function text(x: number, y: number, content: string, attributes = ""): string {
	return `<text x="${x}" y="${y}"${attributes && ` ${attributes}`}>${escapeText(content)}</text>`;
}

function escapeText(text: string): string {
	return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

function round(value: number): number {
	return Math.round(value * 10) / 10;
}

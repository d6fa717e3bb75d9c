/** Rows of text as a table: the first column to the left, the others to the right. */
export function formatTable(rows: readonly Record<string, string>[]): string {
	const columns = Object.keys(rows[0] ?? {});
	const widths = columns.map((column) =>
		Math.max(...[column, ...rows.map((row) => row[column] ?? "")].map((text) => text.length)),
	);
	const line = (cells: readonly string[]) =>
		cells
			.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] as number) : cell.padStart(widths[i] as number)))
			.join("  ");
	return [line(columns), ...rows.map((row) => line(columns.map((column) => row[column] ?? "")))].join("\n");
}

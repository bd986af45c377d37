/** Go's text/tabwriter with docker's settings: cells of at least 10 (20 for top) with 3 blanks between; a line's last cell is never padded. */

const padding = 3;

export function alignColumns(text: string, minWidth = 10): string {
	const lines = text.split('\n').map(line => line.split('\t'));
	const widths: number[][] = lines.map(() => []);
	layOut(0, 0, lines.length);
	return lines.map((cells, line) => cells.map((cell, column) => (column === cells.length - 1 ? cell : cell + ' '.repeat(widths[line]![column]! - cellWidth(cell)))).join('')).join('\n');

	// A column is a run of neighbouring lines that have a terminated cell there; each run has its own width.
	function layOut(column: number, from: number, to: number): void {
		let start = from;
		while (start < to) {
			if (lines[start]!.length - 1 <= column) {
				start++;
				continue;
			}

			let end = start;
			let width = minWidth;
			while (end < to && lines[end]!.length - 1 > column) {
				width = Math.max(width, cellWidth(lines[end]![column]!) + padding);
				end++;
			}

			for (let line = start; line < end; line++) {
				widths[line]![column] = width;
			}

			layOut(column + 1, start, end);
			start = end;
		}
	}
}

// Characters, as Go counts them; plain ASCII is by far the usual case.
function cellWidth(cell: string): number {
	return /^[\u0000-\u007F]*$/.test(cell) ? cell.length : [...cell].length;
}

/** Sizes in docker's own wordings. */

const decimalUnits = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB'] as const;
const binaryUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'] as const;

/** `5.61MB`: thousands, as docker shows image and disk sizes (three digits) and progress (four). */
export function formatBytes(sizeBytes: number, digits = 3): string {
	return format(sizeBytes, {base: 1000, units: decimalUnits, digits});
}

/** `12.4MiB`: powers of 1024, as docker shows memory. */
export function formatMemory(sizeBytes: number, digits = 4): string {
	return format(sizeBytes, {base: 1024, units: binaryUnits, digits});
}

/**
`5m`, `512k`, `1.5g`, `100`, also `5MB` and `5MiB`: bytes, with powers of 1024 as docker reads memory options.
Undefined when it is not a size.
*/
export function parseMemory(text: string): number | undefined {
	const match = /^(\d+(?:\.\d+)?) ?([kmgtp])?(?:i?b)?$/i.exec(text.trim());
	if (match === null) {
		return undefined;
	}

	const power = match[2] === undefined ? 0 : 'kmgtp'.indexOf(match[2].toLowerCase()) + 1;
	return Math.trunc(Number(match[1]) * 1024 ** power);
}

function format(sizeBytes: number, {base, units, digits}: {base: number; units: readonly string[]; digits: number}): string {
	let size = Math.max(0, sizeBytes);
	let unit = 0;
	// Compared as printed: 999.9 kB in three digits is 1MB, not 1000kB.
	while (unit < units.length - 1 && Number(size.toPrecision(digits)) >= base) {
		size /= base;
		unit++;
	}

	return `${Number(size.toPrecision(digits))}${units[unit]}`;
}

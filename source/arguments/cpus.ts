/** `1.5` CPUs as billionths of one; undefined when it is not a number or finer than that. */
export function parseCpus(text: string): number | undefined {
	const fraction = /^(\d+)\/(\d+)$/.exec(text);
	const value = fraction === null ? (/^\d*\.?\d+$|^\d+\.$/.test(text) ? Number(text) : Number.NaN) : Number(fraction[1]) / Number(fraction[2]);
	const billionths = value * 1e9;
	return Number.isFinite(billionths) && Math.abs(billionths - Math.round(billionths)) < 1e-3 ? Math.round(billionths) : undefined;
}

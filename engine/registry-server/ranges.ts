/**
Ranges of bytes: the Range header of downloads (RFC 9110, 14.2) and the Content-Range of uploaded pieces (OCI distribution spec, Pushing a blob in chunks), which has no unit.
*/
export type ByteRange = {readonly from: number; readonly to: number}; // both inclusive

/** `whole` when there is no range that has to be honoured (several at once, another unit, not understood: RFC 9110 lets a server ignore them). */
export function readRange(header: string | undefined, sizeBytes: number): ByteRange | 'whole' | 'unsatisfiable' {
	const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? '');
	const [, first = '', last = ''] = match ?? [];
	if (match === null || (first === '' && last === '')) {
		return 'whole';
	}

	if (first === '') {
		const length = Math.min(Number(last), sizeBytes);
		return length === 0 ? 'unsatisfiable' : {from: sizeBytes - length, to: sizeBytes - 1};
	}

	const from = Number(first);
	const to = last === '' ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1);
	const isBackwards = last !== '' && Number(last) < from; // RFC 9110 would ignore it; the spec's own suite wants 416.
	return isBackwards || from >= sizeBytes ? 'unsatisfiable' : {from, to};
}

/** `FROM-TO`, as the spec has it; RFC 9110's `bytes FROM-TO/SIZE` is understood too. `invalid` for anything else. */
export function readContentRange(header: string | undefined): ByteRange | 'invalid' | undefined {
	if (header === undefined) {
		return undefined;
	}

	const match = /^(?:bytes[ =])?(\d{1,15})-(\d{1,15})(?:\/(?:\d+|\*))?$/.exec(header.trim());
	const range = match === null ? undefined : {from: Number(match[1]), to: Number(match[2])};
	return range === undefined || range.to < range.from ? 'invalid' : range;
}

/** What an upload has so far. Of nothing it is `0-0`, as docker distribution says it and clients expect. */
export function uploadedRange(sizeBytes: number): string {
	return `0-${Math.max(0, sizeBytes - 1)}`;
}

/**
Which parts of a file being downloaded are there. One line `start end` a part, appended after the bytes were written, so that whoever goes on after a kill trusts no byte
that may be missing. (After a power cut it may: the digest tells, and the download begins anew.)
*/
import fs from 'node:fs';
import {readIfThere} from '../files/atomic-file.js';

export type Part = {readonly start: number; readonly end: number}; // end is not in it

/** The journal's place. */
export function journalOf(file: string): string {
	return `${file}.parts`;
}

/** Sorted, without overlaps. A last line that was cut off does not count, nor what the file is too short for. */
export function readJournal(file: string, sizeBytes: number): Part[] {
	const parts: Part[] = [];
	const length = fs.statSync(file, {throwIfNoEntry: false})?.size ?? 0;
	const lines = (readIfThere(journalOf(file))?.toString('latin1') ?? '').split('\n').slice(0, -1);
	for (const line of lines) {
		const [, start, end] = /^(\d{1,15}) (\d{1,15})$/.exec(line) ?? [];
		if (start !== undefined && Number(start) < Number(end) && Number(end) <= Math.min(sizeBytes, length)) {
			mergePart(parts, {start: Number(start), end: Number(end)});
		}
	}

	return parts;
}

/** Adds a part to a sorted list without overlaps. */
export function mergePart(parts: Part[], {start, end}: Part): void {
	const first = parts.findIndex(part => part.end >= start);
	const from = first === -1 ? parts.length : first;
	let to = from;
	let merged = {start, end};
	while (to < parts.length && parts[to]!.start <= end) {
		merged = {start: Math.min(merged.start, parts[to]!.start), end: Math.max(merged.end, parts[to]!.end)};
		to++;
	}

	parts.splice(from, to - from, merged);
}

/** The first stretch nobody has, about `partBytes` long; undefined when there is none. */
export function nextPart(taken: readonly Part[], sizeBytes: number, partBytes: number): Part | undefined {
	let start = 0;
	for (const part of taken) {
		if (part.start > start) {
			return {start, end: Math.min(part.start, start + partBytes)};
		}

		start = Math.max(start, part.end);
	}

	// A short rest is not worth a request of its own.
	const rest = sizeBytes - start;
	return rest <= 0 ? undefined : {start, end: rest < partBytes * 1.5 ? sizeBytes : start + partBytes};
}

/** Where the bytes from the beginning without a gap end. */
export function frontier(parts: readonly Part[]): number {
	return parts[0]?.start === 0 ? parts[0].end : 0;
}

export function sumOf(parts: readonly Part[]): number {
	return parts.reduce((sum, {start, end}) => sum + end - start, 0);
}

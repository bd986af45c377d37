/**
A little space set aside, so that a disk filled to the last block can still be freed: taking an image away means writing a new index first.
*/
import fs from 'node:fs';
import {removeIfThere} from '../files/atomic-file.js';
import type {StoreLayout} from './layout.js';

const reserveBytes = 1024 * 1024;

/** Sets the space aside, if it is not and the disk has it. Never throws. */
export function keepReserve(layout: StoreLayout): void {
	try {
		if (fs.existsSync(layout.reserve) || freeBytes(layout.root) < 4 * reserveBytes) {
			return;
		}

		fs.writeFileSync(layout.reserve, incompressible(), {mode: 0o600});
	} catch {
		removeQuietly(layout.reserve); // Half of it may be what somebody lacks now.
	}
}

/** Gives it up where it is needed. Before taking something away. */
export function useReserve(layout: StoreLayout): void {
	try {
		if (freeBytes(layout.root) < reserveBytes) {
			removeQuietly(layout.reserve);
		}
	} catch {} // Whoever writes next says what is wrong.
}

/** What an ordinary user may still write. */
function freeBytes(folder: string): number {
	const {bavail, bsize} = fs.statfsSync(folder);
	return bavail * bsize;
}

/** Zeros would take no space on a file system that compresses. */
function incompressible(): Uint8Array {
	let state = 0x25_45_F4_91;
	return new Uint8Array(Uint32Array.from({length: reserveBytes / 4}, () => {
		state = Math.imul(state, 1_664_525) + 1_013_904_223;
		return state;
	}).buffer);
}

function removeQuietly(file: string): void {
	try {
		removeIfThere(file);
	} catch {}
}

/**
Signal names as docker reads them: `KILL`, `SIGKILL`, `9`, `RTMIN+3` (moby/sys signal).
*/
import os from 'node:os';
import {EngineError} from '../errors.js';

const realTimeMin = 34; // What glibc leaves to programs
const realTimeMax = 64;

export const sigkill = 9;
export const sigterm = 15;

/** The number, 1 to 64. Throws `invalidParameter` with docker's text. */
export function parseSignal(unsafeText: string): number {
	const number = signalNumber(unsafeText.trim());
	if (number === undefined || number < 1 || number > realTimeMax) {
		throw new EngineError('invalidParameter', `invalid signal: ${unsafeText}`);
	}

	return number;
}

function signalNumber(text: string): number | undefined {
	if (/^\d+$/.test(text)) {
		return Number(text);
	}

	const name = text.toUpperCase().replace(/^SIG/, '');
	const realTime = /^RT(MIN|MAX)(?:([+-])(\d+))?$/.exec(name);
	if (realTime !== null) {
		const base = realTime[1] === 'MIN' ? realTimeMin : realTimeMax;
		const offset = realTime[2] === undefined ? 0 : Number(realTime[3]) * (realTime[2] === '+' ? 1 : -1);
		const number = base + offset;
		return number >= realTimeMin && number <= realTimeMax ? number : undefined;
	}

	const aliases: Readonly<Record<string, string>> = {CLD: 'CHLD'};
	const known: Readonly<Record<string, number | undefined>> = os.constants.signals;
	return known[`SIG${aliases[name] ?? name}`];
}

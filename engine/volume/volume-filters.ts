/**
Filters of lists of volumes (moby volume/service/service.go).
*/
import type {Filters} from '../engine.js';
import {EngineError} from '../errors.js';
import {matchesLabel} from '../events.js';
import type {VolumeRecord} from './volume.js';
import {localDriver} from './volume-context.js';

type Matcher = (volume: VolumeRecord, wanted: string) => boolean;

/** Of those keys, each that is there must match: of labels all values, of others any. `isUsed` tells whether a container has the volume. Throws `invalidParameter` for other keys and values. */
export function volumeFilter(filters: Filters, keys: readonly string[], isUsed: (name: string) => boolean): (volume: VolumeRecord) => boolean {
	const unknown = Object.keys(filters).find(key => !keys.includes(key));
	if (unknown !== undefined) {
		throw new EngineError('invalidParameter', `invalid filter '${unknown}'`);
	}

	const wrong = filters['dangling']?.find(value => !/^(1|t|true|0|f|false)$/i.test(value));
	if (wrong !== undefined) {
		throw new EngineError('invalidParameter', `invalid filter 'dangling=[${wrong}]'`);
	}

	const matchers: Readonly<Record<string, Matcher>> = {
		dangling: ({name}, wanted) => /^[1t]/i.test(wanted) !== isUsed(name),
		driver: (_, wanted) => wanted === localDriver,
		label: ({labels}, wanted) => matchesLabel(labels ?? {}, wanted),
		'label!': ({labels}, wanted) => !matchesLabel(labels ?? {}, wanted),
		name: ({name}, wanted) => matchesName(name, wanted),
	};
	const entries = Object.entries(filters).filter(([, values]) => values.length > 0);
	return volume => entries.every(([key, values]) => {
		const matches = (wanted: string) => matchers[key]!(volume, wanted);
		return key.startsWith('label') ? values.every(value => matches(value)) : values.some(value => matches(value));
	});
}

/** A part of the name, or a regular expression. */
function matchesName(name: string, wanted: string): boolean {
	if (name.includes(wanted)) {
		return true;
	}

	try {
		return new RegExp(wanted, 'u').test(name);
	} catch {
		return false;
	}
}

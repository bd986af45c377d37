/**
One JSON file an object, replaced atomically: `FOLDER/<id>/config.json`. And the reservation of names: `names/<name>` is a symbolic link to the id, made exclusively.
*/
import fs from 'node:fs';
import path from 'node:path';
import {EngineError, errorCode, systemError} from '../errors.js';
import {listIfThere, readIfThere, removeIfThere, writeFileAtomic} from '../files/atomic-file.js';

export type RecordStore<T> = {
	/** Undefined when there is none. Throws `system` when it is damaged. */
	read(id: string): T | undefined;
	/** Creates or replaces; the object's folder must exist. Durable unless `sync` is false. */
	write(id: string, value: T, options?: {readonly sync?: boolean}): void;
	/** Ids of all complete objects: a folder without its record is still being made, or being removed. */
	ids(): readonly string[];
};

/** Records of one kind in a folder. `parse` gets the parsed JSON and throws when it is not right. */
export function recordStore<T>(folder: string, parse: (value: unknown, subject: string) => T, file = 'config.json'): RecordStore<T> {
	const place = (id: string) => path.join(folder, id, file);
	return {
		read(id) {
			const data = readIfThere(place(id));
			if (data === undefined) {
				return undefined;
			}

			try {
				return parse(JSON.parse(data.toString('utf8')), place(id));
			} catch (error) {
				throw new EngineError('system', `${place(id)} is damaged: ${(error as Error).message}`, {cause: error, code: 'EDAMAGED'});
			}
		},
		write(id, value, options = {}) {
			writeFileAtomic(place(id), JSON.stringify(value), {sync: options.sync ?? true});
		},
		ids() {
			return listIfThere(folder).filter(id => fs.existsSync(place(id)));
		},
	};
}

/** Takes a name for an id. False when somebody has it. */
export function reserveName(names: string, name: string, id: string): boolean {
	try {
		fs.symlinkSync(id, path.join(names, name));
		return true;
	} catch (error) {
		if (errorCode(error) === 'EEXIST') {
			return false;
		}

		throw systemError(`reserving the name ${name}`, error);
	}
}

/** The id that has a name. */
export function nameOwner(names: string, name: string): string | undefined {
	try {
		return fs.readlinkSync(path.join(names, name));
	} catch (error) {
		if (errorCode(error) === 'ENOENT' || errorCode(error) === 'EINVAL') {
			return undefined;
		}

		throw systemError(`looking up the name ${name}`, error);
	}
}

/** Gives a name back, if the id still has it. */
export function releaseName(names: string, name: string, id: string): void {
	if (nameOwner(names, name) === id) {
		removeIfThere(path.join(names, name));
	}
}

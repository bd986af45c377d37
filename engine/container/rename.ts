/**
Giving a container another name.
*/
import fs from 'node:fs';
import {EngineError, errorCode, isEngineError, systemError} from '../errors.js';
import {removeIfThere} from '../files/atomic-file.js';
import {withLock} from '../files/lock-file.js';
import {tellEvent, type ContainerContext} from './container-context.js';
import {parseContainerName} from './container-name.js';
import {dropName, findContainer, noSuchContainer, readRecord, renameMark, takeName, writeRecord} from './container-store.js';

/** Throws `conflict` (code `nameInUse`) when the name is taken, `invalidParameter` for a bad one. Killed half-way it has the old name or the new one. */
export async function renameContainer(context: ContainerContext, unsafeName: string, unsafeNewName: string): Promise<void> {
	const {store} = context;
	if (unsafeName === '' || unsafeNewName === '') {
		throw new EngineError('invalidParameter', 'Neither old nor new names may be empty');
	}

	const {id} = findContainer(store, unsafeName);
	const name = allocating(() => parseContainerName(unsafeNewName.startsWith('/') ? unsafeNewName : `/${unsafeNewName}`));
	const mark = renameMark(store, id);
	// Two renames at once must not leave a name behind. One lock for all: renaming is rare.
	await withLock(store.layout.names, {}, () => {
		const record = readRecord(store, id);
		if (record === undefined) {
			throw noSuchContainer(unsafeName);
		}

		if (record.name === name) {
			throw new EngineError('invalidParameter', 'Renaming a container with the same name as its current name');
		}

		writeMark(mark, name, unsafeName);
		try {
			allocating(() => {
				takeName(store, name, id);
			});
			const renamed = {...record, name};
			try {
				writeRecord(store, renamed);
			} catch (error) {
				dropName(store, name, id);
				throw fs.existsSync(store.layout.container(id)) ? error : noSuchContainer(unsafeName);
			}

			dropName(store, record.name, id);
			tellEvent(context, renamed, 'rename', {oldName: `/${record.name}`});
		} finally {
			removeIfThere(mark);
		}
	});
}

/** Docker's words before the reason. */
function allocating<T>(work: () => T): T {
	try {
		return work();
	} catch (error) {
		throw isEngineError(error) ? new EngineError(error.kind, `Error when allocating new name: ${error.message}`, {cause: error, ...(error.code === undefined ? {} : {code: error.code})}) : error;
	}
}

function writeMark(mark: string, name: string, unsafeName: string): void {
	try {
		fs.writeFileSync(mark, name);
	} catch (error) {
		throw errorCode(error) === 'ENOENT' ? noSuchContainer(unsafeName) : systemError(`renaming container ${unsafeName}`, error);
	}
}

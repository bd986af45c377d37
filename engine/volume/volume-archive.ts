/**
A volume as a tar, and back: backups. The native program reads and writes, so that files of all the user's ids keep their owners.
*/
import fs from 'node:fs';
import type {Readable} from 'node:stream';
import {EngineError, errorCode, systemError} from '../errors.js';
import {spawnNative, type NativeProgram} from '../runtime/native-program.js';
import {feed, outputOf} from '../runtime/native-streams.js';
import type {Store} from '../store/open-store.js';
import {volumeMount} from './driver-options.js';
import {noSuchVolume} from './remove-volume.js';
import type {VolumeRecord} from './volume.js';
import {localDriver, type VolumeContext} from './volume-context.js';
import {checkVolumeName} from './volume-name.js';
import {isBeingRemoved, makeFilledVolume, readVolume, volumeData} from './volume-store.js';

/** The tar's first entry is `./`, the volume itself. Throws `notFound` and `notImplemented` for a tmpfs. The reader destroys the stream when it stops early. */
export function exportVolume({store}: VolumeContext, name: string): Readable {
	const record = readVolume(store, name);
	if (record === undefined) {
		throw noSuchVolume(name);
	}

	return outputOf(spawnNative(requireNative(store), 'cp-out', ['--upper', ownFolder(store, record), '--path', '/.'], {stdout: 'pipe'}));
}

/**
Unpacks a tar. A volume that is not there is made, with all of the tar or not at all; into one that is there the files go beside those it has. Throws `invalidParameter` for what is no tar.
*/
export async function importVolume(context: VolumeContext, name: string, tar: Readable): Promise<void> {
	const {store} = context;
	checkVolumeName(name);
	const record = isBeingRemoved(store, name) ? undefined : readVolume(store, name);
	if (record !== undefined) {
		await unpack(store, ownFolder(store, record), tar);
		return;
	}

	const made: VolumeRecord = {version: 1, name, created: new Date().toISOString(), labels: null, options: null};
	if (!(await makeFilledVolume(store, made, async data => unpack(store, data, tar)))) {
		throw new EngineError('conflict', `volume ${name} was made by another process meanwhile`, {hint: 'Import again to add the files to it.'});
	}

	context.emit({action: 'create', id: name, attributes: {driver: localDriver}});
}

async function unpack(store: Store, folder: string, tar: Readable): Promise<void> {
	await feed(spawnNative(requireNative(store), 'cp-in', ['--upper', folder, '--path', '/', '--keep-owner', '--whole'], {stdin: 'pipe'}), tar);
}

/** Where its files are: its own folder, or the one its options name. */
function ownFolder(store: Store, {name, options}: VolumeRecord): string {
	const mount = volumeMount(name, options);
	if (mount.kind === 'tmpfs') {
		throw new EngineError('notImplemented', `volume ${name} is a tmpfs, which only containers have`, {code: 'notSupported'});
	}

	return mount.kind === 'bind' ? existing(mount.source, name) : volumeData(store, name);
}

function existing(folder: string, name: string): string {
	try {
		return fs.realpathSync(folder);
	} catch (error) {
		throw errorCode(error) === 'ENOENT' ? new EngineError('system', `volume ${name}: its folder ${folder} is not there`) : systemError(`volume ${name}`, error);
	}
}

function requireNative(store: Store): NativeProgram {
	if (store.native === undefined) {
		throw new EngineError('unavailable', 'tug-runtime is not there, so volumes can\'t be copied', {hint: 'Run `npm rebuild tug` (it needs a C compiler: apt install gcc libc6-dev).'});
	}

	return store.native;
}

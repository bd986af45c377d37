/**
Where the embedded engine keeps things when nobody says otherwise.
*/
import fs from 'node:fs';
import path from 'node:path';
import {EngineError, systemError} from './errors.js';
import {sha256Hex} from './files/sha256.js';

export type Locations = {
	/** The store. */
	readonly root: string;
	/** Sockets of this store's monitors. Short: a socket's path has 107 bytes. */
	readonly run: string;
	/** Of the user's sandboxes, shared by all stores: what their folders' names begin with. */
	readonly sandbox: string;
};

export type LocationSources = {
	readonly uid: number;
	readonly home: string;
	readonly environment: Readonly<Record<string, string | undefined>>;
	/** Where login sessions have their runtime folders. */
	readonly runtimeFolders?: string; // default /run/user
	readonly temporary?: string; // default /tmp
};

const socketNameBytes = '/'.length + 8 + '/'.length + 64 + '.sock'.length;
const maxSocketPathBytes = 107;

/** `root` and `run` as asked for, or the defaults. Throws `forbidden` when somebody else has the folder for sockets, `invalidParameter` when its path is too long. */
export function locate(asked: {readonly root?: string; readonly run?: string}, sources: LocationSources): Locations {
	const {uid, home, environment} = sources;
	const named = asked.root ?? environment['TUG_ROOT'];
	const root = path.resolve(named || (uid === 0 ? '/var/lib/tug' : path.join(environment['XDG_DATA_HOME'] || path.join(home, '.local', 'share'), 'tug')));
	const namedRun = asked.run ?? environment['TUG_RUN'];
	const base = namedRun ? path.resolve(namedRun) : defaultRun(sources);
	if (Buffer.byteLength(base) + socketNameBytes > maxSocketPathBytes) {
		throw new EngineError('invalidParameter', `${base} is too long for the folder of sockets`, {hint: `It may have ${maxSocketPathBytes - socketNameBytes} bytes.`});
	}

	const key = sha256Hex(root).slice(0, 8);
	return {root, run: path.join(base, key), sandbox: path.join(base, 'sandbox')};
}

function defaultRun({uid, environment, runtimeFolders = '/run/user', temporary = '/tmp'}: LocationSources): string {
	if (uid === 0) {
		return '/run/tug';
	}

	const session = environment['XDG_RUNTIME_DIR'] || path.join(runtimeFolders, String(uid));
	if (isOwn(session, uid) && Buffer.byteLength(session) + '/tug'.length + socketNameBytes <= maxSocketPathBytes) {
		return path.join(session, 'tug');
	}

	return ownFolder(path.join(temporary, `tug-${uid}`), uid);
}

/** In /tmp anybody may have made it first: it must be a folder of ours that nobody else can enter. */
function ownFolder(folder: string, uid: number): string {
	try {
		fs.mkdirSync(folder, {mode: 0o700});
	} catch {} // There already, or it can't be made: the check tells

	let stat: fs.Stats | undefined;
	try {
		stat = fs.lstatSync(folder, {throwIfNoEntry: false});
	} catch (error) {
		throw systemError(`looking at ${folder}`, error);
	}

	if (stat === undefined || !stat.isDirectory() || stat.uid !== uid || (stat.mode & 0o077) !== 0) {
		throw new EngineError('forbidden', `${folder} is not a private folder of yours`, {hint: 'Set XDG_RUNTIME_DIR to a folder of yours with mode 0700.'});
	}

	return folder;
}

function isOwn(folder: string, uid: number): boolean {
	const stat = fs.statSync(folder, {throwIfNoEntry: false});
	return stat?.isDirectory() === true && stat.uid === uid;
}

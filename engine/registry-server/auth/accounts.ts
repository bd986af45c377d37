/**
Accounts in an htpasswd file, passwords as bcrypt (Apache's `htpasswd -B`). The file is read again when it changes. bcrypt is slow on purpose: what was right is remembered for a while, and
only few are worked out at a time.
*/
import {createHmac, randomBytes} from 'node:crypto';
import fs from 'node:fs';
import {EngineError, systemError} from '../../errors.js';
import {RegistryError} from '../registry-error.js';

export type Credentials = {readonly user: string; readonly password: string};

export type Accounts = {
	/** The user's name; undefined when name or password is wrong. Throws TOOMANYREQUESTS when too many wait to be checked. */
	check(credentials: Credentials): Promise<string | undefined>;
};

export type AccountOptions = {
	/** Milliseconds since 1970. */
	readonly now?: () => number;
	/** bcrypt's comparison. */
	readonly compare?: (password: string, hash: string) => Promise<boolean>;
};

const rememberMs = 5 * 60 * 1000;
const maxRemembered = 1000;
const checksAtOnce = 2;
const maxWaiting = 64;

/** Throws `notFound` or `invalidParameter` when the file can't be used. */
export function htpasswdAccounts(file: string, {now = Date.now, compare = compareBcrypt}: AccountOptions = {}): Accounts {
	let known = readAccounts(file);
	const key = randomBytes(32);
	const right = new Map<string, number>(); // Digest of name, password and hash → until when
	let checking = 0;
	const waiting: Array<() => void> = [];

	async function turn(): Promise<void> {
		if (checking < checksAtOnce) {
			checking++;
			return;
		}

		if (waiting.length >= maxWaiting) {
			throw new RegistryError('TOOMANYREQUESTS', 'too many passwords are being checked', {headers: {'retry-after': '5'}});
		}

		await new Promise<void>(resolve => {
			waiting.push(resolve);
		});
	}

	function done(): void {
		const next = waiting.shift();
		if (next === undefined) {
			checking--;
		} else {
			next();
		}
	}

	function remember(digest: string): void {
		for (const [oldest, until] of right) {
			if (right.size < maxRemembered && until > now()) {
				break;
			}

			right.delete(oldest);
		}

		right.set(digest, now() + rememberMs);
	}

	return {
		async check({user, password}) {
			known = refreshed(file, known);
			const hash = known.users.get(user);
			const digest = createHmac('sha256', key).update(JSON.stringify([user, password, hash])).digest('base64');
			if ((right.get(digest) ?? 0) > now()) {
				return user;
			}

			await turn();
			try {
				// A name that is not there takes as long as one that is.
				const [anyHash = ''] = known.users.values();
				const isRight = await compare(password, hash ?? anyHash);
				if (!isRight || hash === undefined) {
					return undefined;
				}
			} finally {
				done();
			}

			remember(digest);
			return user;
		},
	};
}

type AccountFile = {readonly stamp: string; readonly users: ReadonlyMap<string, string>};

/** While it can't be read, or is being written, what was known before goes on. */
function refreshed(file: string, before: AccountFile): AccountFile {
	try {
		return stampOf(file) === before.stamp ? before : readAccounts(file);
	} catch {
		return before;
	}
}

function readAccounts(file: string): AccountFile {
	let text: string;
	let stamp: string;
	try {
		stamp = stampOf(file);
		text = fs.readFileSync(file, 'utf8');
	} catch (error) {
		throw systemError(`reading the accounts in ${file}`, error);
	}

	const users = new Map<string, string>();
	for (const [index, line] of text.split('\n').entries()) {
		if (line.trim() === '' || line.startsWith('#')) {
			continue;
		}

		const [, user, hash] = /^([^:]+):(\$2[abxy]\$\d{2}\$[./A-Za-z\d]{53})\s*$/.exec(line) ?? [];
		if (user === undefined || hash === undefined) {
			throw new EngineError('invalidParameter', `line ${index + 1} of ${file} is not a name with a bcrypt password`, {hint: 'Make it with: htpasswd -B FILE NAME'});
		}

		users.set(user, hash);
	}

	return {stamp, users};
}

function stampOf(file: string): string {
	const {ino, mtimeMs, size} = fs.statSync(file);
	return `${ino} ${mtimeMs} ${size}`;
}

async function compareBcrypt(password: string, hash: string): Promise<boolean> {
	const {compare} = await import('bcryptjs');
	return compare(password, hash);
}

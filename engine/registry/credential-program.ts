/**
docker's credential helpers: programs called `docker-credential-NAME` with a verb, talking JSON (docker/docker-credential-helpers).
*/
import {spawn} from 'node:child_process';
import {EngineError, errorCode, systemError} from '../errors.js';
import {parseJsonObject} from '../oci/json-shape.js';
import type {Credentials} from './credentials.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** As a user name it says that the secret is a token. */
const tokenUser = '<token>';
const maxOutputBytes = 1024 * 1024;
const patienceMs = 60_000; // It may ask the person to unlock something

/** Undefined when the helper knows none. Throws `unavailable` when it is not there, `system` when it fails. */
export async function askHelper(name: string, key: string, environment: Environment): Promise<Credentials | undefined> {
	const {code, output} = await runHelper(name, 'get', key, environment);
	if (code !== 0) {
		if (/credentials not found|no credentials server url|no credentials username/i.test(output)) {
			return undefined;
		}

		throw helperFailure(name, output);
	}

	const {Username: username, Secret: secret} = parseJsonObject(output, `the answer of docker-credential-${name}`);
	if (typeof username !== 'string' || typeof secret !== 'string' || secret === '') {
		return undefined;
	}

	return username === tokenUser ? {identityToken: secret} : {username, password: secret};
}

export async function storeInHelper(name: string, key: string, {username = '', password = '', identityToken}: Credentials, environment: Environment): Promise<void> {
	const {code, output} = await runHelper(name, 'store', JSON.stringify({ServerURL: key, Username: identityToken === undefined ? username : tokenUser, Secret: identityToken ?? password}), environment);
	if (code !== 0) {
		throw helperFailure(name, output);
	}
}

/** Fine when it knew none. */
export async function eraseInHelper(name: string, key: string, environment: Environment): Promise<void> {
	const {code, output} = await runHelper(name, 'erase', key, environment);
	if (code !== 0 && !/credentials not found/i.test(output)) {
		throw helperFailure(name, output);
	}
}

function helperFailure(name: string, output: string): EngineError {
	return new EngineError('system', `docker-credential-${name}: ${output.trim().slice(0, 500) || 'failed'}`, {hint: `Try it by hand, or take ${name} out of credsStore and credHelpers in docker's config.json.`});
}

async function runHelper(name: string, verb: 'get' | 'store' | 'erase', input: string, environment: Environment): Promise<{readonly code: number | null; readonly output: string}> {
	if (!/^[\w.-]+$/.test(name)) {
		throw new EngineError('invalidParameter', `${JSON.stringify(name)} in docker's config.json can't be the name of a credential helper`);
	}

	return new Promise((resolve, reject) => {
		const child = spawn(`docker-credential-${name}`, [verb], {stdio: ['pipe', 'pipe', 'inherit'], env: environment, timeout: patienceMs});
		let output = '';
		child.stdout.setEncoding('utf8').on('data', (text: string) => {
			output = (output + text).slice(0, maxOutputBytes);
		});
		child.once('error', error => {
			reject(errorCode(error) === 'ENOENT'
				? new EngineError('unavailable', `docker-credential-${name} is not installed`, {cause: error, hint: `Install it, or take ${name} out of credsStore and credHelpers in docker's config.json.`})
				: systemError(`starting docker-credential-${name}`, error));
		});
		child.once('close', code => {
			resolve({code, output});
		});
		child.stdin.on('error', () => {}); // It may not read at all.
		child.stdin.end(input);
	});
}

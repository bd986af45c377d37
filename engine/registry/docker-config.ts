/**
docker's config.json, as far as it says who one is at registries: `auths`, `credsStore`, `credHelpers`. Everything else in it is left as it is.
*/
import fs from 'node:fs';
import path from 'node:path';
import {EngineError, errorCode, systemError} from '../errors.js';
import {readIfThere, writeFileAtomic} from '../files/atomic-file.js';
import {withLock} from '../files/lock-file.js';
import {asObject, optional, parseJsonObject, type JsonObject} from '../oci/json-shape.js';
import type {Credentials} from './credentials.js';

/** Under this name docker keeps what belongs to docker.io. */
export const dockerHubKey = 'https://index.docker.io/v1/';

/** `$DOCKER_CONFIG/config.json`, else `~/.docker/config.json`. */
export function dockerConfigFile(environment: Readonly<Record<string, string | undefined>>, home: string): string {
	return path.join(environment['DOCKER_CONFIG'] || path.join(home, '.docker'), 'config.json');
}

/** What entries of a registry are kept under. */
export function credentialKey(host: string): string {
	return host === 'docker.io' ? dockerHubKey : host;
}

/** The document; empty when there is no file. Throws `invalidParameter` naming the file. */
export function readDockerConfig(file: string): JsonObject {
	const data = readIfThere(file);
	return data === undefined || data.toString('utf8').trim() === '' ? {} : parseJsonObject(data, file);
}

/** The helper program that keeps a registry's credentials: `docker-credential-NAME`; undefined when the file itself does. */
export function credentialHelper(config: JsonObject, key: string): string | undefined {
	const helpers = optional(config['credHelpers'], 'credHelpers', asObject);
	const [named, general] = [helpers?.[hostOfKey(key)] ?? helpers?.[key], config['credsStore']];
	return [named, general].find((name): name is string => typeof name === 'string' && name !== '');
}

/** The entry of a registry, also when it was written with a scheme or a path. */
export function findAuth(config: JsonObject, key: string): Credentials | undefined {
	const auths = optional(config['auths'], 'auths', asObject) ?? {};
	const exact = Object.hasOwn(auths, key) ? auths[key] : undefined;
	const entry = exact ?? Object.entries(auths).find(([name]) => hostOfKey(name) === hostOfKey(key))?.[1];
	return entry === undefined || entry === null ? undefined : readAuth(asObject(entry, `auths.${key}`), key);
}

/** The document with an entry set, or taken away. Pure. */
export function withAuth(config: JsonObject, key: string, credentials: Credentials | undefined): JsonObject {
	const auths = optional(config['auths'], 'auths', asObject) ?? {};
	const others = Object.fromEntries(Object.entries(auths).filter(([name]) => name !== key && (credentials !== undefined || hostOfKey(name) !== hostOfKey(key))));
	return {...config, auths: credentials === undefined ? others : {...others, [key]: writeAuth(credentials)}};
}

/**
Changes the file: one at a time, atomically, with mode 0600 (it holds passwords). A symbolic link stays one. Throws `invalidParameter` when what is there is no JSON: it is not
overwritten then.
*/
export async function changeDockerConfig(file: string, change: (config: JsonObject) => JsonObject): Promise<void> {
	const place = resolveLink(file);
	try {
		fs.mkdirSync(path.dirname(place), {recursive: true, mode: 0o700});
	} catch (error) {
		throw systemError(`creating ${path.dirname(place)}`, error);
	}

	await withLock(`${place}.lock`, {waitMs: 10_000}, () => {
		const before = readDockerConfig(place);
		const after = change(before);
		if (after !== before) {
			writeFileAtomic(place, `${JSON.stringify(after, undefined, '\t')}\n`, {mode: 0o600});
		}
	});
}

function readAuth(entry: JsonObject, key: string): Credentials {
	const text = (name: string) => (typeof entry[name] === 'string' && entry[name] !== '' ? entry[name] : undefined);
	const [identityToken, registryToken] = [text('identitytoken'), text('registrytoken')];
	const packed = text('auth');
	const decoded = packed === undefined ? undefined : Buffer.from(packed, 'base64').toString('utf8').replace(/\0+$/, '');
	const colon = decoded?.indexOf(':') ?? -1;
	if (decoded !== undefined && colon === -1) {
		throw new EngineError('invalidParameter', `the entry for ${key} in docker's config.json is damaged`, {hint: `Log in again: tug login ${hostOfKey(key)}.`});
	}

	const username = decoded === undefined ? text('username') : decoded.slice(0, colon);
	const password = decoded === undefined ? text('password') : decoded.slice(colon + 1);
	return {
		...(username === undefined || username === '' ? {} : {username}),
		...(password === undefined || password === '' ? {} : {password}),
		...(identityToken === undefined ? {} : {identityToken}),
		...(registryToken === undefined ? {} : {registryToken}),
	};
}

function writeAuth({username = '', password = '', identityToken}: Credentials): JsonObject {
	const auth = Buffer.from(`${username}:${identityToken === undefined ? password : ''}`).toString('base64');
	return {auth, ...(identityToken === undefined ? {} : {identitytoken: identityToken})};
}

/** docker's ConvertToHostname. */
function hostOfKey(key: string): string {
	return key.replace(/^https?:\/\//, '').split('/', 1)[0]!;
}

function resolveLink(file: string): string {
	try {
		return fs.realpathSync(file);
	} catch (error) {
		if (errorCode(error) === 'ENOENT') {
			return file;
		}

		throw systemError(`reading ${file}`, error);
	}
}

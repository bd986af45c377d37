/**
Credentials as docker and everything around it keep them: in config.json, or with the helper it names.
*/
import {askHelper, eraseInHelper, storeInHelper} from './credential-program.js';
import type {Credentials} from './credentials.js';
import {changeDockerConfig, credentialHelper, credentialKey, dockerConfigFile, findAuth, readDockerConfig, withAuth} from './docker-config.js';

export type CredentialStore = {
	/** docker's config.json. */
	readonly file: string;
	/** For a registry's host (`docker.io`, `host:port`); empty when one is nobody there. */
	get(host: string): Promise<Credentials>;
	/** Resolves to where they are now: the helper's name, or undefined for the file (there they can be read). */
	store(host: string, credentials: Credentials): Promise<string | undefined>;
	/** False when there were none. */
	erase(host: string): Promise<boolean>;
};

export function credentialStore(environment: Readonly<Record<string, string | undefined>>, home: string): CredentialStore {
	const file = dockerConfigFile(environment, home);
	return {
		file,
		async get(host) {
			const key = credentialKey(host);
			const config = readDockerConfig(file);
			const helper = credentialHelper(config, key);
			return (helper === undefined ? findAuth(config, key) : await askHelper(helper, key, environment)) ?? {};
		},
		async store(host, credentials) {
			const key = credentialKey(host);
			const helper = credentialHelper(readDockerConfig(file), key);
			if (helper === undefined) {
				await changeDockerConfig(file, config => withAuth(config, key, credentials));
				return undefined;
			}

			await storeInHelper(helper, key, credentials, environment);
			// docker leaves an empty entry, by which `logout` and others know of it.
			await changeDockerConfig(file, config => ({...config, auths: {...(config['auths'] as object | undefined), [key]: {}}}));
			return helper;
		},
		async erase(host) {
			const key = credentialKey(host);
			const config = readDockerConfig(file);
			const helper = credentialHelper(config, key);
			if (helper !== undefined) {
				await eraseInHelper(helper, key, environment);
			}

			const isKnown = helper !== undefined || findAuth(config, key) !== undefined;
			if (config['auths'] !== undefined) {
				await changeDockerConfig(file, current => withAuth(current, key, undefined));
			}

			return isKnown;
		},
	};
}

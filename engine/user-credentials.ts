/**
What `login` and `logout` do with the person's own credentials.
*/
import os from 'node:os';
import process from 'node:process';
import type {RegistryAuth} from './engine.js';
import {credentialStore} from './registry/credential-store.js';
import {credentialKey} from './registry/docker-config.js';
import {registryHost} from './registry/endpoint.js';

export type UserCredentials = {
	/** docker's config.json, where they are unless a helper keeps them. */
	readonly file: string;
	/** `server` as a person types it; '' is Docker Hub. Empty when there are none. */
	get(server: string): Promise<RegistryAuth>;
	/** Resolves to the helper's name, or undefined when they are in the file (where they can be read). */
	store(server: string, auth: RegistryAuth): Promise<string | undefined>;
	/** False when there were none. */
	erase(server: string): Promise<boolean>;
	/** What a server is called in the file: `https://index.docker.io/v1/`, `host:port`. */
	nameOf(server: string): string;
};

export function openUserCredentials(): UserCredentials {
	const store = credentialStore(process.env, process.env['HOME'] || os.homedir());
	const nameOf = (server: string) => credentialKey(registryHost(server));
	return {
		file: store.file,
		nameOf,
		async get(server) {
			const {username, password, identityToken} = await store.get(registryHost(server));
			return {
				serveraddress: nameOf(server),
				...(username === undefined ? {} : {username}),
				...(password === undefined ? {} : {password}),
				...(identityToken === undefined ? {} : {identitytoken: identityToken}),
			};
		},
		store: async (server, {username, password, identitytoken}) => store.store(registryHost(server), {
			...(username === undefined ? {} : {username}),
			...(identitytoken ? {identityToken: identitytoken} : (password === undefined ? {} : {password})),
		}),
		erase: async server => store.erase(registryHost(server)),
	};
}

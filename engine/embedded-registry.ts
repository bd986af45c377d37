/**
What the embedded engine does with registries. Loaded when a verb needs it.
*/
import os from 'node:os';
import process from 'node:process';
import type {DistributionInspect, Engine, Filters, ImageSearchResult, RegistryAuth} from './engine.js';
import {EngineError} from './errors.js';
import type {ImageService} from './image/image-service.js';
import {productVersion} from './info.js';
import {parseReference, withDefaultTag} from './oci/reference.js';
import {inspectDistribution} from './image/distribution.js';
import type {Credentials} from './registry/credentials.js';
import {registryHost} from './registry/endpoint.js';
import {loginToRegistry} from './registry/login.js';
import {openRegistryAccess, type RegistryAccess} from './registry/registry-access.js';
import {filterResults, searchRegistry} from './registry/search.js';

/** Settings, credentials and connections for an engine. Kept connections do not keep a process alive. */
export async function openRegistries(): Promise<RegistryAccess> {
	return openRegistryAccess({environment: process.env, home: process.env['HOME'] || os.homedir(), version: productVersion()});
}

export type RegistryMethods = 'pullImage' | 'pushImage' | 'searchImages' | 'checkAuth' | 'inspectDistribution';

export function registryMethods(images: ImageService, access: () => Promise<RegistryAccess>): Pick<Engine, RegistryMethods> {
	return {
		pullImage(name, {auth, ...options} = {}) {
			return images.pull(name, {...options, credentials: credentialsOf(auth)});
		},
		pushImage(name, {auth, ...options} = {}) {
			return images.push(name, {...options, credentials: credentialsOf(auth)});
		},
		searchImages: async (term, options = {}) => search(await access(), term, options),
		checkAuth: async auth => checkAuth(await access(), auth),
		async inspectDistribution(name, {auth} = {}): Promise<DistributionInspect> {
			return inspectDistribution(await access(), withDefaultTag(parseReference(name)), credentialsOf(auth));
		},
	};
}

const maxSearchLimit = 100;
const defaultSearchLimit = 25;

async function search(access: RegistryAccess, term: string, {limit = defaultSearchLimit, filters = {}, auth}: {readonly limit?: number | undefined; readonly filters?: Filters | undefined; readonly auth?: RegistryAuth | undefined}): Promise<ImageSearchResult[]> {
	if (limit < 1 || limit > maxSearchLimit) {
		throw new EngineError('invalidParameter', `limit ${limit} is outside the range of [1, ${maxSearchLimit}]`);
	}

	filterResults([], filters);
	const {host, words} = splitTerm(term);
	const connection = await access.connectHost(host, credentialsOf(auth));
	return [...filterResults(await searchRegistry(connection, words, limit), filters)];
}

/** `host/words`, or words for Docker Hub (moby registry/search.go splitReposSearchTerm). */
function splitTerm(term: string): {readonly host: string; readonly words: string} {
	const slash = term.indexOf('/');
	const first = slash === -1 ? '' : term.slice(0, slash);
	const isHost = /[.:]/.test(first) || first === 'localhost';
	return isHost && first !== 'docker.io' && first !== 'index.docker.io' ? {host: first, words: term.slice(slash + 1)} : {host: 'docker.io', words: term.replace(/^(?:index\.)?docker\.io\//, '').replace(/^library\//, '')};
}

async function checkAuth(access: RegistryAccess, auth: RegistryAuth): Promise<{readonly Status: string; readonly IdentityToken: string}> {
	const host = registryHost(auth.serveraddress ?? '');
	const connections = await access.connect(host, {credentials: credentialsOf(auth), purpose: 'push'});
	const {identityToken} = await loginToRegistry(connections[0]!);
	return {Status: 'Login Succeeded', IdentityToken: identityToken ?? ''};
}

/** docker's AuthConfig. Undefined stays so: the caller's own credentials are taken then; an empty one is nobody. */
function credentialsOf(auth: RegistryAuth | undefined): Credentials | undefined {
	if (auth === undefined) {
		return undefined;
	}

	const packed = auth.auth === undefined || auth.auth === '' ? undefined : Buffer.from(auth.auth, 'base64').toString('utf8');
	const colon = packed?.indexOf(':') ?? -1;
	const username = auth.username || (colon === -1 ? undefined : packed!.slice(0, colon));
	const password = auth.password || (colon === -1 ? undefined : packed!.slice(colon + 1));
	return {
		...(username ? {username} : {}),
		...(password ? {password} : {}),
		...(auth.identitytoken ? {identityToken: auth.identitytoken} : {}),
		...(auth.registrytoken ? {registryToken: auth.registrytoken} : {}),
	};
}


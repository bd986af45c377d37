/**
What a registry has under a name, without pulling it (docker's `GET /distribution/NAME/json`).
*/
import {parseIndex} from '../oci/image-index.js';
import {parseImageConfig} from '../oci/image-config.js';
import {parseManifest} from '../oci/manifest.js';
import {isIndexType} from '../oci/media-type.js';
import type {Platform} from '../oci/platform.js';
import type {ImageReference} from '../oci/reference.js';
import type {Credentials} from '../registry/credentials.js';
import type {RegistryAccess} from '../registry/registry-access.js';
import {openRepository, type FetchedManifest, type Repository} from '../registry/repository.js';
import {pullError} from './pull-manifest.js';

export type Distribution = {
	readonly Descriptor: {readonly mediaType: string; readonly digest: string; readonly size: number};
	readonly Platforms: readonly Platform[];
};

/** Throws `notFound` with docker's texts. */
export async function inspectDistribution(access: RegistryAccess, reference: ImageReference, credentials: Credentials | undefined, signal?: AbortSignal): Promise<Distribution> {
	const {repository, fetched} = await fetchManifest(access, reference, credentials, signal);
	return {
		Descriptor: {mediaType: fetched.mediaType, digest: fetched.digest, size: fetched.data.length},
		Platforms: await platformsOf(repository, fetched, signal),
	};
}

/** The manifest or list a reference names, as the registry has it. */
export async function fetchManifest(access: RegistryAccess, reference: ImageReference, credentials: Credentials | undefined, signal?: AbortSignal): Promise<{readonly repository: Repository; readonly fetched: FetchedManifest}> {
	const connections = await access.connect(reference.domain, {credentials, purpose: 'push'}); // The registry itself, not a mirror.
	const repository = openRepository(connections[0]!, reference.path);
	try {
		return {repository, fetched: await repository.manifest(reference.digest ?? reference.tag ?? 'latest', signal)};
	} catch (error) {
		throw pullError(error, reference);
	}
}

async function platformsOf(repository: Repository, fetched: FetchedManifest, signal: AbortSignal | undefined): Promise<readonly Platform[]> {
	if (isIndexType(fetched.mediaType)) {
		return parseIndex(fetched.data).manifests.map(({platform}) => platform).filter(platform => platform !== undefined);
	}

	const {config} = parseManifest(fetched.data, `manifest ${fetched.digest}`);
	return [parseImageConfig(await repository.readBlob(config.digest, config.size, signal)).platform];
}

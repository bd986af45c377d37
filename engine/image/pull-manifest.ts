/**
From a reference to the one manifest that suits the platform.
*/
import {EngineError, isEngineError} from '../errors.js';
import type {Descriptor} from '../oci/descriptor.js';
import type {Digest} from '../oci/digest.js';
import {parseImageConfig, type ImageConfig} from '../oci/image-config.js';
import {parseIndex} from '../oci/image-index.js';
import {maxJsonBytes} from '../oci/json-shape.js';
import {isRunnable, parseManifest, type Manifest} from '../oci/manifest.js';
import {isIndexType, isLayerType, isManifestType} from '../oci/media-type.js';
import {choosePlatform, formatPlatform, type Platform} from '../oci/platform.js';
import {familiarName, familiarReference, type ImageReference} from '../oci/reference.js';
import type {FetchedManifest, Repository} from '../registry/repository.js';

export type ResolvedManifest = {
	/** Of what the reference names: the index, where there is one. */
	readonly digest: Digest;
	readonly descriptor: Descriptor;
	readonly data: Buffer;
	readonly manifest: Manifest;
	readonly configData: Buffer;
	readonly config: ImageConfig;
};

const deepestIndex = 4;

/** Throws `notFound` with docker's texts, `invalidParameter` for what is no image. */
export async function resolveManifest(repository: Repository, reference: ImageReference, platform: Platform, signal: AbortSignal): Promise<ResolvedManifest> {
	const top = await fetchTop(repository, reference, signal);
	const chosen = await chooseManifest(repository, top, platform, signal);
	const subject = `manifest ${chosen.digest} of ${familiarName(reference)}`;
	const manifest = parseManifest(chosen.data, subject);
	if (!isRunnable(manifest)) {
		throw new EngineError('invalidParameter', `${familiarReference(reference)} is no image that can run: its configuration is of type ${JSON.stringify(manifest.config.mediaType.slice(0, 100))}`, {code: 'EMEDIATYPE', hint: 'It is an artifact such as a chart, a signature or an attestation.'});
	}

	checkLayers(manifest, reference);
	if (manifest.config.size > maxJsonBytes) {
		throw new EngineError('invalidParameter', `the configuration of ${familiarReference(reference)} is larger than ${maxJsonBytes} bytes`, {code: 'ETOOLARGE'});
	}

	const configData = await repository.readBlob(manifest.config.digest, manifest.config.size, signal);
	const config = parseImageConfig(configData, `config ${manifest.config.digest} of ${familiarName(reference)}`);
	checkConfig(config, manifest, reference);
	return {digest: top.digest, descriptor: {mediaType: chosen.mediaType, digest: chosen.digest, size: chosen.data.length}, data: chosen.data, manifest, configData, config};
}

async function fetchTop(repository: Repository, reference: ImageReference, signal: AbortSignal): Promise<FetchedManifest> {
	try {
		return await repository.manifest(reference.digest ?? reference.tag ?? 'latest', signal);
	} catch (error) {
		throw pullError(error, reference);
	}
}

async function chooseManifest(repository: Repository, fetched: FetchedManifest, platform: Platform, signal: AbortSignal): Promise<FetchedManifest> {
	let current = fetched;
	for (let depth = 0; isIndexType(current.mediaType); depth++) {
		if (depth >= deepestIndex) {
			throw new EngineError('invalidParameter', `the image lists in ${repository.path} are nested more than ${deepestIndex} deep`, {code: 'EMEDIATYPE'});
		}

		const candidates = parseIndex(current.data, `index ${current.digest}`).manifests.filter(({mediaType}) => mediaType === '' || isManifestType(mediaType) || isIndexType(mediaType));
		const unnamed = candidates.length === 1 && candidates[0]!.platform === undefined ? candidates[0] : undefined;
		const chosen = choosePlatform(candidates, platform) ?? unnamed;
		if (chosen === undefined) {
			const offered = [...new Set(candidates.map(candidate => (candidate.platform === undefined ? '' : formatPlatform(candidate.platform))))].filter(name => name !== '' && !name.startsWith('unknown')).join(', ');
			throw new EngineError('notFound', `no matching manifest for ${formatPlatform(platform)} in the manifest list entries`, {code: 'EPLATFORM', hint: offered === '' ? 'The list is empty.' : `There is: ${offered}. Name one with --platform.`});
		}

		current = await repository.manifest(chosen.digest, signal);
	}

	return current;
}

/** moby distribution/errors.go translatePullError. */
export function pullError(error: unknown, reference: ImageReference): unknown {
	if (!isEngineError(error)) {
		return error;
	}

	const wrap = (prefix: string, hint = error.hint) => new EngineError('notFound', `${prefix}: ${error.message}`, {cause: error, ...(hint === undefined ? {} : {hint}), ...(error.code === undefined ? {} : {code: error.code})});
	const login = reference.domain === 'docker.io' ? 'tug login' : `tug login ${reference.domain}`;
	switch (error.code) {
		case 'DENIED':
		case 'UNAUTHORIZED': {
			return error.message.startsWith('no basic auth') || error.cause !== undefined && isEngineError(error.cause)
				? error
				: wrap(`pull access denied for ${familiarName(reference)}, repository does not exist or may require 'docker login'`, `Check the name; if it is private, log in first: ${login}`);
		}

		case 'MANIFEST_UNKNOWN': {
			return wrap(`manifest for ${familiarReference(reference)} not found`, 'Check the name and the tag.');
		}

		case 'NAME_UNKNOWN': {
			return wrap(`repository ${familiarName(reference)} not found`, 'Check the name.');
		}

		default: {
			return error;
		}
	}
}

function checkLayers({layers}: Manifest, reference: ImageReference): void {
	const foreign = layers.find(({mediaType}) => /\.(?:foreign|nondistributable)\./.test(mediaType));
	if (foreign !== undefined) {
		throw new EngineError('invalidParameter', `${familiarReference(reference)} has a layer that its registry must not hold (${foreign.mediaType})`, {code: 'EMEDIATYPE', hint: 'Such layers are those of Windows images, which can\'t run here.'});
	}

	const unknown = layers.find(({mediaType}) => !isLayerType(mediaType));
	if (unknown !== undefined) {
		throw new EngineError('invalidParameter', `${familiarReference(reference)} has a layer of the unknown type ${JSON.stringify(unknown.mediaType.slice(0, 100))}`, {code: 'EMEDIATYPE', hint: 'Layers are tars, plain or compressed by gzip or zstd.'});
	}
}

function checkConfig(config: ImageConfig, manifest: Manifest, reference: ImageReference): void {
	if (config.platform.os !== '' && config.platform.os !== 'linux') {
		throw new EngineError('invalidParameter', `image operating system ${JSON.stringify(config.platform.os)} cannot be used on this platform: operating system is not supported`, {code: 'EPLATFORM'});
	}

	if (config.diffIds.length !== manifest.layers.length) {
		throw new EngineError('invalidParameter', `${familiarReference(reference)} has ${manifest.layers.length} layers in its manifest and ${config.diffIds.length} in its config`, {code: 'EINTEGRITY', hint: 'The image is damaged: push it again.'});
	}
}

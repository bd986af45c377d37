/**
Manifests: pull, push and delete (OCI distribution spec: Pulling manifests, Pushing manifests, Content Management).
*/
import {createHash} from 'node:crypto';
import type {Descriptor} from '../../oci/descriptor.js';
import type {Digest} from '../../oci/digest.js';
import {acceptedTypes, negotiate} from '../accept.js';
import {readReference, type ManifestReference} from '../grammar.js';
import {readManifest, type ManifestDocument} from '../manifest-document.js';
import {readBody, type Reply} from '../message.js';
import type {Call} from '../registry-context.js';
import {RegistryError} from '../registry-error.js';
import type {Closure} from '../repository-view.js';

/** Indexes of indexes of …: more levels have no use, and each costs everybody who walks them. */
const maxDepth = 8;

export async function getManifest(call: Call): Promise<Reply> {
	const reference = lookupReference(call);
	if (call.upstream !== undefined) {
		await call.upstream.refresh(call.repository, reference, await findPresent(call, reference));
	}

	const found = await findManifest(call, reference) ?? unknownManifest(call);
	const given = negotiate(found, acceptedTypes(call.request.headers['accept']), () => readManifest(call.content.readDocument(found.digest)).children);
	if (given === undefined) {
		throw new RegistryError('MANIFEST_UNKNOWN', `the manifest is of type ${found.mediaType}, which the client does not accept`);
	}

	const headers = {'content-type': given.mediaType, 'docker-content-digest': given.digest, etag: `"${given.digest}"`, vary: 'accept'};
	if (call.request.headers['if-none-match']?.includes(`"${given.digest}"`)) {
		return {status: 304, headers};
	}

	if (call.content.blobSize(given.digest) === undefined) {
		await call.upstream?.refresh(call.repository, {digest: given.digest}, undefined);
	}

	const body = readDocument(call, given.digest);
	if (call.request.method === 'GET') {
		call.notify('pull', {...given, size: body.length, ...('tag' in reference ? {tag: reference.tag} : {})});
	}

	return {status: 200, headers, body};
}

export async function putManifest(call: Call): Promise<Reply> {
	const {content, repository, name} = call;
	const reference = readReference(call.parameters['reference']!);
	const data = await readBody(call.request, call.limits.manifestBytes, 'the manifest');
	const digest = `sha256:${createHash('sha256').update(data).digest('hex')}` as Digest;
	if ('digest' in reference && reference.digest !== digest) {
		throw new RegistryError('DIGEST_INVALID', 'the manifest has another digest', {detail: {digest}});
	}

	const document = readManifest(data, call.request.headers['content-type']);
	const closure = await call.repositories.view(repository)?.closure();
	await content.put({
		repository,
		tag: 'tag' in reference ? reference.tag : undefined,
		mediaType: document.mediaType,
		data,
		imageId: document.imageId,
		check() {
			checkReferences(call, document, closure);
		},
	});
	call.notify('push', {mediaType: document.mediaType, digest, size: data.length, ...('tag' in reference ? {tag: reference.tag} : {})});
	return {
		status: 201,
		headers: {
			location: `/v2/${name}/manifests/${digest}`,
			'docker-content-digest': digest,
			...(document.subject === undefined ? {} : {'oci-subject': document.subject}),
		},
	};
}

export async function deleteManifest(call: Call): Promise<Reply> {
	const reference = lookupReference(call);
	const view = call.repositories.view(call.repository);
	if ('digest' in reference && (await view?.closure())?.children.has(reference.digest)) {
		throw new RegistryError('UNSUPPORTED', 'the manifest belongs to an index of this repository: delete that first');
	}

	const removed = await call.content.remove(call.repository, reference);
	if (removed.length === 0) {
		unknownManifest(call);
	}

	const {mediaType, digest, size} = removed[0]!.manifest;
	call.notify('delete', {mediaType, digest, size, ...('tag' in reference ? {tag: reference.tag} : {})});
	call.collectSoon();
	return {status: 202};
}

async function findManifest({repositories, repository}: Call, reference: ManifestReference): Promise<Descriptor | undefined> {
	const view = repositories.view(repository);
	if (view === undefined) {
		return undefined;
	}

	if ('tag' in reference) {
		return view.tags.get(reference.tag);
	}

	return view.entered.get(reference.digest) ?? (await view.closure()).manifests.get(reference.digest);
}

/** One of an index that was never fetched does not count. */
async function findPresent(call: Call, reference: ManifestReference): Promise<Descriptor | undefined> {
	const found = await findManifest(call, reference);
	return found === undefined || call.content.blobSize(found.digest) === undefined ? undefined : found;
}

/** What can't be a reference is one that nothing has. */
function lookupReference(call: Call): ManifestReference {
	try {
		return readReference(call.parameters['reference']!);
	} catch {
		return unknownManifest(call);
	}
}

function readDocument(call: Call, digest: Digest): Buffer {
	if (call.content.blobSize(digest) === undefined) {
		return unknownManifest(call); // An index may name manifests for other machines that were never fetched.
	}

	return call.content.readDocument(digest);
}

function unknownManifest({repositories, repository, parameters}: Call): never {
	const detail = {reference: parameters['reference']!.slice(0, 200)};
	throw repositories.view(repository) === undefined
		? new RegistryError('NAME_UNKNOWN', 'repository name not known to registry', {detail})
		: new RegistryError('MANIFEST_UNKNOWN', 'manifest unknown', {detail});
}

/** Everything a manifest names must be in the repository, of the size it says. Called while nothing is collected. */
function checkReferences({content, repositories, repository}: Call, document: ManifestDocument, closure: Closure | undefined): void {
	const isThere = ({digest}: Descriptor) => content.blobSize(digest) !== undefined;
	const missing = [
		...document.blobs.filter(blob => !isThere(blob) || (!content.isLeased(repository, blob.digest) && closure?.blobs.has(blob.digest) !== true)),
		...document.children.filter(child => !isThere(child) || closure?.manifests.has(child.digest) !== true),
	];
	if (missing.length > 0) {
		const digests = [...new Set(missing.map(({digest}) => digest))];
		throw new RegistryError('MANIFEST_BLOB_UNKNOWN', `the manifest names ${digests.length === 1 ? digests[0]! : `${digests.length} blobs`} unknown to this repository`, {status: 400, detail: {digests: digests.slice(0, 100)}});
	}

	for (const {digest, size} of [...document.blobs, ...document.children]) {
		if (content.blobSize(digest) !== size) {
			throw new RegistryError('SIZE_INVALID', `the manifest says that ${digest} has ${size} bytes; it has ${content.blobSize(digest)!}`);
		}
	}

	if (document.children.some(child => closure?.manifests.get(child.digest)?.mediaType !== child.mediaType)) {
		throw new RegistryError('MANIFEST_INVALID', 'the index calls a manifest by another media type than it has');
	}

	if (document.children.some(child => (repositories.depth(child.digest) ?? maxDepth) >= maxDepth)) {
		throw new RegistryError('MANIFEST_INVALID', `indexes are nested more than ${maxDepth} deep`);
	}
}

/**
Blobs: pull and delete. They go out as they lie; their digest is of what is stored.
*/
import {blobBody} from '../blob-body.js';
import {readDigest} from '../grammar.js';
import type {Reply, StreamBody} from '../message.js';
import {readRange} from '../ranges.js';
import type {Call} from '../registry-context.js';
import {RegistryError} from '../registry-error.js';
import type {Digest} from '../../oci/digest.js';

export async function getBlob(call: Call): Promise<Reply> {
	const {content, repository, request} = call;
	const digest = readDigest(call.parameters['digest']);
	if (!(await holdsBlob(call, repository, digest)) || content.blobSize(digest) === undefined) {
		return fetchBlob(call, digest);
	}

	if (request.method === 'HEAD' && !call.isReadOnly) {
		keepBlob(call, digest); // Whoever asks is about to name it in a manifest instead of sending it.
	}

	const etag = `"${digest}"`;
	if (request.headers['if-none-match']?.includes(etag)) {
		return {status: 304, headers: blobHeaders(digest)};
	}

	const isSame = request.headers['if-range'] === undefined || request.headers['if-range'] === etag;
	const blob = content.openBlob(digest);
	const range = isSame ? readRange(request.headers['range'], blob.sizeBytes) : 'whole';
	if (range === 'unsatisfiable') {
		blob.close();
		throw new RegistryError('SIZE_INVALID', 'the range lies outside the blob', {status: 416, headers: {'content-range': `bytes */${blob.sizeBytes}`}});
	}

	const {from, to} = range === 'whole' ? {from: 0, to: blob.sizeBytes - 1} : range;
	return {
		status: range === 'whole' ? 200 : 206,
		headers: {...blobHeaders(digest), ...(range === 'whole' ? {} : {'content-range': `bytes ${from}-${to}/${blob.sizeBytes}`})},
		body: blobBody(blob, {from, length: to - from + 1}),
	};
}

/** From the registry behind this one. Ranges are honoured once it is here. */
async function fetchBlob({upstream, repository, request}: Call, digest: Digest): Promise<Reply> {
	if (request.method === 'HEAD') {
		const sizeBytes = await upstream?.blobSize(repository, digest);
		return sizeBytes === undefined ? unknownBlob(digest) : {status: 200, headers: blobHeaders(digest), body: nothingOf(sizeBytes)};
	}

	const body = await upstream?.blob(repository, digest);
	return body === undefined ? unknownBlob(digest) : {status: 200, headers: blobHeaders(digest), body};
}

function nothingOf(sizeBytes: number): StreamBody {
	return {sizeBytes, async* read() {}, close() {}};
}

export async function deleteBlob(call: Call): Promise<Reply> {
	const {content, repositories, repository} = call;
	const digest = readDigest(call.parameters['digest']);
	const closure = await repositories.view(repository)?.closure();
	if (closure?.blobs.has(digest)) {
		throw new RegistryError('UNSUPPORTED', 'a manifest of this repository names the blob: delete that first');
	}

	if (!content.release(repository, digest)) {
		return unknownBlob(digest);
	}

	call.notify('delete', {mediaType: 'application/octet-stream', digest, size: content.blobSize(digest) ?? 0});
	call.collectSoon();
	return {status: 202};
}

/** True when a manifest of the repository names the blob, or it was uploaded to it. */
export async function holdsBlob({content, repositories}: Call, repository: string, digest: Digest): Promise<boolean> {
	return content.isLeased(repository, digest) || (await repositories.view(repository)?.closure())?.blobs.has(digest) === true;
}

function keepBlob({content, repository}: Call, digest: Digest): void {
	try {
		content.lease(repository, digest);
	} catch {} // A full disk: the answer is true all the same
}

function blobHeaders(digest: Digest): Record<string, string> {
	return {
		'content-type': 'application/octet-stream',
		'docker-content-digest': digest,
		etag: `"${digest}"`,
		'accept-ranges': 'bytes',
		'cache-control': 'max-age=31536000',
	};
}

function unknownBlob(digest: Digest): never {
	throw new RegistryError('BLOB_UNKNOWN', 'blob unknown to registry', {detail: {digest}});
}

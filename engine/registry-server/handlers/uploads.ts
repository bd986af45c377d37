/**
Uploads (OCI distribution spec, Pushing Blobs): in one request, in two, in pieces with ranges, streamed, or mounted from another repository. The state of an upload is in the store, so
any server of the store can answer any request of it.
*/
import {isEngineError} from '../../errors.js';
import type {Digest} from '../../oci/digest.js';
import type {UploadPiece} from '../content.js';
import {readDigest} from '../grammar.js';
import {contentLength, type Reply} from '../message.js';
import {readContentRange, uploadedRange, type ByteRange} from '../ranges.js';
import type {Call} from '../registry-context.js';
import {RegistryError} from '../registry-error.js';
import {holdsBlob} from './blobs.js';

export async function startUpload(call: Call): Promise<Reply> {
	const {content, repository, query, limits} = call;
	const mounted = query.has('mount') ? await mountBlob(call, query.get('mount')!, query.get('from') ?? '') : undefined;
	if (mounted !== undefined) {
		return mounted;
	}

	// A mount that can't be done becomes an upload; its digest is not the one of this request's body.
	const digest = query.has('digest') ? readDigest(query.get('digest')!) : undefined;
	const {id} = content.uploads.start(repository, limits.openUploads);
	return digest === undefined ? {status: 202, headers: uploadHeaders(call, id, 0)} : finish(call, id, digest);
}

export async function uploadStatus(call: Call): Promise<Reply> {
	const {id, sizeBytes} = findUpload(call);
	return {status: 204, headers: uploadHeaders(call, id, sizeBytes)};
}

export async function appendToUpload(call: Call): Promise<Reply> {
	const {id} = findUpload(call);
	const {sizeBytes} = await receive(call, id, async piece => call.content.uploads.append(call.repository, id, piece));
	return {status: 202, headers: uploadHeaders(call, id, sizeBytes)};
}

export async function finishUpload(call: Call): Promise<Reply> {
	const {id} = findUpload(call);
	return finish(call, id, readDigest(call.query.get('digest') ?? undefined));
}

export async function cancelUpload(call: Call): Promise<Reply> {
	const {id} = findUpload(call);
	call.content.uploads.cancel(call.repository, id);
	return {status: 204};
}

async function finish(call: Call, id: string, digest: Digest): Promise<Reply> {
	const {sizeBytes} = await receive(call, id, async piece => call.content.uploads.finish(call.repository, id, digest, piece));
	call.notify('push', {mediaType: 'application/octet-stream', digest, size: sizeBytes});
	return created(call, digest);
}

/** The repository gets a blob another one has: the one named, or any when the client may read all. Undefined when it can't. */
async function mountBlob(call: Call, unsafeDigest: string, unsafeFrom: string): Promise<Reply | undefined> {
	const {content, repository} = call;
	const digest = readDigest(unsafeDigest);
	const from = unsafeFrom === '' ? undefined : content.canonicalName(unsafeFrom);
	if (content.blobSize(digest) === undefined || !(await mayTake(call, digest, {from, isNamed: unsafeFrom !== ''}))) {
		return undefined;
	}

	content.lease(repository, digest);
	const size = content.blobSize(digest); // Looked for again: what is found after the lease stays.
	if (size === undefined) {
		return undefined;
	}

	call.notify('mount', {mediaType: 'application/octet-stream', digest, size, ...(from === undefined ? {} : {fromRepository: from})});
	return created(call, digest);
}

async function mayTake(call: Call, digest: Digest, {from, isNamed}: {readonly from: string | undefined; readonly isNamed: boolean}): Promise<boolean> {
	if (await holdsBlob(call, call.repository, digest)) {
		return true;
	}

	if (from === undefined) {
		return !isNamed && call.principal.readsAll;
	}

	return call.principal.may('pull', from) && holdsBlob(call, from, digest);
}

/** Hands the body over within the limits, and turns a piece in the wrong place into the spec's answer. */
async function receive<T>(call: Call, id: string, work: (piece: UploadPiece) => Promise<T>): Promise<T> {
	const {request, limits} = call;
	const range = readContentRange(request.headers['content-range']);
	const announced = contentLength(request);
	if (range === 'invalid') {
		throw new RegistryError('BLOB_UPLOAD_INVALID', 'the content range is not of the form FROM-TO');
	}

	if (range !== undefined && announced !== undefined && announced !== range.to - range.from + 1) {
		throw new RegistryError('SIZE_INVALID', `the range has ${range.to - range.from + 1} bytes, the body ${announced}`);
	}

	if ((announced ?? 0) > limits.blobBytes) {
		throw new RegistryError('SIZE_INVALID', `the blob has more than ${limits.blobBytes} bytes`, {status: 413});
	}

	const release = call.takeUploadSlot();
	try {
		return await work({data: range === undefined ? request.body() : exactly(request.body(), range), at: range?.from, maxBytes: limits.blobBytes});
	} catch (error) {
		throw isEngineError(error) && error.code === 'RANGE' ? outOfOrder(call, id, error) : error;
	} finally {
		release();
	}
}

/** What comes beyond the range is not taken; what is short of it is, as far as it goes. */
async function* exactly(body: AsyncIterable<Buffer>, {from, to}: ByteRange): AsyncGenerator<Buffer> {
	let left = to - from + 1;
	for await (const chunk of body) {
		if (chunk.length > left) {
			throw new RegistryError('SIZE_INVALID', 'the body has more bytes than its range');
		}

		left -= chunk.length;
		yield chunk;
	}
}

function outOfOrder(call: Call, id: string, cause: unknown): RegistryError {
	const sizeBytes = call.content.uploads.status(call.repository, id)?.sizeBytes ?? 0;
	return new RegistryError('BLOB_UPLOAD_INVALID', `the next piece must begin at ${sizeBytes}`, {status: 416, cause, headers: uploadHeaders(call, id, sizeBytes)});
}

function findUpload({content, repository, parameters}: Call) {
	const upload = content.uploads.status(repository, parameters['session']!);
	if (upload === undefined) {
		throw new RegistryError('BLOB_UPLOAD_UNKNOWN', 'there is no such upload: it was finished, cancelled, or left alone too long');
	}

	return upload;
}

function uploadHeaders({name}: Call, id: string, sizeBytes: number): Record<string, string> {
	return {location: `/v2/${name}/blobs/uploads/${id}`, range: uploadedRange(sizeBytes), 'docker-upload-uuid': id};
}

function created({name}: Call, digest: Digest): Reply {
	return {status: 201, headers: {location: `/v2/${name}/blobs/${digest}`, 'docker-content-digest': digest}};
}

/**
Unpacking one layer through `tug-runtime layer-apply`, which takes the plain tar on its stdin.
*/
import type {Writable} from 'node:stream';
import {EngineError, isEngineError} from '../errors.js';
import type {Descriptor} from '../oci/descriptor.js';
import type {DiffId} from '../oci/digest.js';
import {spawnNative, type NativeReport} from '../runtime/native-program.js';
import {commitLayer, createLayerFolder, type LayerFolder} from '../store/layer-store.js';
import type {Store} from '../store/open-store.js';
import type {Scratch} from '../store/scratch.js';

export type LayerUnpacker = {
	/** Takes the next piece of the tar; resolves when it may be reused. Rejects once the program failed. */
	write(piece: Buffer): Promise<void>;
	/** Ends the tar, waits until the tree is on disk, and gives the layer its name. */
	commit(diffId: DiffId, blob: Descriptor): Promise<void>;
	/** Waits for the end without naming anything (the tree goes with the scratch folder). */
	abort(): Promise<void>;
};

export type UnpackerOptions = {
	readonly store: Store;
	readonly scratch: Scratch;
	/** For messages. */
	readonly subject: string;
	/** A file to read the tar from, instead of `write`. Borrowed. */
	readonly descriptor?: number;
	readonly signal?: AbortSignal | undefined;
};

/** Starts the program. Throws `unavailable` when it is not there. */
export function startUnpacker({store, scratch, subject, descriptor, signal}: UnpackerOptions): LayerUnpacker {
	if (store.native === undefined) {
		throw new EngineError('unavailable', 'layers can\'t be unpacked: tug-runtime is not there', {hint: 'Run `npm rebuild tug` (it needs a C compiler: apt install gcc libc6-dev).'});
	}

	const layer = createLayerFolder(scratch);
	const squash = store.mapping.single ? ['--squash', layer.squash] : [];
	const {child, report} = spawnNative(store.native, 'layer-apply', ['--dir', layer.tree, ...squash], {
		stdin: descriptor ?? 'pipe',
		...(signal === undefined ? {} : {signal}),
	});
	let failure: Error | undefined;
	const outcome = report.catch((error: unknown) => {
		failure = signal?.aborted ? (error as Error) : unpackError(subject, error as Error);
		throw failure;
	});
	outcome.catch(() => {});
	child.stdin?.on('error', () => {}); // It stopped reading: its report says why.

	return {
		async write(piece) {
			await writePiece(child.stdin!, piece);
			if (failure !== undefined) {
				throw failure;
			}
		},
		async commit(diffId, blob) {
			child.stdin?.end();
			commitLayer(store, scratch, layer, layerRecord(store, layer, {diffId, blob, report: await outcome}));
		},
		async abort() {
			child.stdin?.destroy();
			child.kill('SIGKILL');
			await outcome.catch(() => {});
		},
	};
}

function layerRecord(store: Store, _layer: LayerFolder, parts: {readonly diffId: DiffId; readonly blob: Descriptor; readonly report: NativeReport}): Parameters<typeof commitLayer>[3] {
	const count = (name: string) => (typeof parts.report[name] === 'number' ? parts.report[name] : 0);
	return {
		version: 1,
		diffId: parts.diffId,
		sizeBytes: count('sizeBytes'),
		entries: count('entries'),
		...(store.mapping.single ? {squash: true} : {}),
		blob: {mediaType: parts.blob.mediaType, digest: parts.blob.digest, size: parts.blob.size},
	};
}

/** Resolves also when the pipe broke: what matters is the program's report. */
async function writePiece(stream: Writable, piece: Buffer): Promise<void> {
	return new Promise(resolve => {
		stream.write(piece, () => {
			resolve();
		});
	});
}

function unpackError(subject: string, error: Error): Error {
	if (!isEngineError(error)) {
		return error;
	}

	return new EngineError(error.kind, `unpacking ${subject}: ${error.message}`, {
		cause: error,
		...(error.hint === undefined ? {} : {hint: error.hint}),
		...(error.code === undefined ? {} : {code: error.code}),
	});
}

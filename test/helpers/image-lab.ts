/**
For tests of the store and of images: a store of its own, tars and image archives made on the spot.
*/
import {createHash} from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import type {ExecutionContext} from 'ava';
import {encodeHeader} from '../../engine/archive/tar-header.js';
import {imageService, type ImageService} from '../../engine/image/image-service.js';
import type {ImageEvent, ImageHooks} from '../../engine/image/image.js';
import type {Digest} from '../../engine/oci/digest.js';
import {locateNative} from '../../engine/runtime/locate-native.js';
import type {NativeProgram} from '../../engine/runtime/native-program.js';
import {openStore, type Store} from '../../engine/store/open-store.js';
import {verifyStore} from '../../engine/store/verify-store.js';
import {temporaryFolder} from './temporary-folder.js';

export {temporaryFolder} from './temporary-folder.js';

/** The native program as this user has to call it; undefined (with the reason logged) when it was not built. */
export function nativeProgram(t: ExecutionContext): NativeProgram | undefined {
	try {
		const binary = locateNative();
		const uid = process.getuid!();
		if (uid === 0) {
			return {binary, sandboxArguments: []};
		}

		const sandbox = temporaryFolder(t);
		return {binary, sandboxArguments: ['--sandbox', sandbox, '--uid-map', `0 ${uid} 1`, '--gid-map', `0 ${process.getgid!()} 1`]};
	} catch (error) {
		t.log(`skipped: ${(error as Error).message}`);
		t.pass();
		return undefined;
	}
}

/** A new store. With `native`, layers can be unpacked in it. */
export function testStore(t: ExecutionContext, native?: NativeProgram): Store {
	const folder = temporaryFolder(t);
	return openStore({root: path.join(folder, 'root'), run: path.join(folder, 'run'), native, mapping: {single: native !== undefined && native.sandboxArguments.length > 0}});
}

/** Another opening of the same store, as another process has it. */
export function reopen(store: Store): Store {
	return openStore({root: store.layout.root, run: store.layout.run, native: store.native, mapping: store.mapping});
}

export type ImageLab = {readonly store: Store; readonly images: ImageService; readonly events: ImageEvent[]};

/** A store with an image service; undefined when the native program is not there (the test is over then). */
export function imageLab(t: ExecutionContext, hooks: ImageHooks = {}): ImageLab | undefined {
	const native = nativeProgram(t);
	if (native === undefined) {
		return undefined;
	}

	const store = testStore(t, native);
	const events: ImageEvent[] = [];
	return {store, events, images: imageService(store, {emit: event => events.push(event), ...hooks})};
}

/** Runs a load to its end. */
export async function load(images: ImageService, source: Parameters<ImageService['load']>[0]): Promise<string> {
	let text = '';
	for await (const message of images.load(source)) {
		text += message.stream ?? '';
	}

	return text;
}

export function assertSound(t: ExecutionContext, store: Store, tidy = true): void {
	t.deepEqual([...verifyStore(store, {tidy})], []);
}

export type TarEntry =
	| {readonly name: string; readonly data: string | Buffer}
	| {readonly name: string; readonly directory: true}
	| {readonly name: string; readonly symlink: string}
	| {readonly name: string; readonly hardlink: string};

/** A tar, written without the code under test for anything but plain headers. */
export function tarOf(entries: readonly TarEntry[]): Buffer {
	const blocks = entries.flatMap(entry => {
		if ('data' in entry) {
			const data = Buffer.from(entry.data);
			return [encodeHeader({name: entry.name, sizeBytes: data.length}), data, Buffer.alloc((512 - (data.length % 512)) % 512)];
		}

		if ('directory' in entry) {
			return [encodeHeader({name: `${entry.name}/`, sizeBytes: 0, directory: true})];
		}

		return [linkHeader(entry)];
	});
	return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

function linkHeader(entry: {readonly name: string; readonly symlink: string} | {readonly name: string; readonly hardlink: string}): Buffer {
	const block = encodeHeader({name: entry.name, sizeBytes: 0});
	block.write('symlink' in entry ? '2' : '1', 156, 'latin1');
	block.write('symlink' in entry ? entry.symlink : entry.hardlink, 157);
	return withChecksum(block);
}

/** Makes a header that was changed valid again. */
export function withChecksum(block: Buffer): Buffer {
	block.write(' '.repeat(8), 148, 'latin1');
	block.write(`${block.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
	return block;
}

export function hex(data: string | Buffer): string {
	return createHash('sha256').update(data).digest('hex');
}

export type TestImage = {
	readonly layers: readonly Buffer[]; // plain tars, base first
	readonly tags?: readonly string[] | null;
	readonly config?: Readonly<Record<string, unknown>>;
	readonly created?: string;
	readonly architecture?: string; // default amd64
	readonly history?: ReadonlyArray<Readonly<Record<string, unknown>>>;
};

/** The bytes of an image's configuration; the id is their digest. */
export function configOf(image: TestImage): Buffer {
	return Buffer.from(JSON.stringify({
		architecture: image.architecture ?? 'amd64',
		os: 'linux',
		created: image.created ?? '2026-01-02T03:04:05Z',
		config: image.config ?? {Cmd: ['sh']},
		history: image.history ?? image.layers.map((_, index) => ({created: '2026-01-02T03:04:05Z', created_by: `step ${index}`})),
		rootfs: {type: 'layers', diff_ids: image.layers.map(layer => `sha256:${hex(layer)}`)},
	}));
}

export function idOf(image: TestImage): Digest {
	return `sha256:${hex(configOf(image))}` as Digest;
}

/** A docker archive with one folder for each layer, as docker 1.10 to 24 and podman write it. */
export function dockerArchive(...images: readonly TestImage[]): Buffer {
	const entries: TarEntry[] = [];
	const manifest = images.map(image => {
		const config = configOf(image);
		entries.push({name: `${hex(config)}.json`, data: config});
		const names = image.layers.map(layer => {
			const name = `${hex(layer)}/layer.tar`;
			if (!entries.some(entry => entry.name === name)) {
				entries.push({name: hex(layer), directory: true}, {name: `${hex(layer)}/VERSION`, data: '1.0'}, {name, data: layer});
			}

			return name;
		});
		return {Config: `${hex(config)}.json`, RepoTags: image.tags === undefined ? ['test:latest'] : image.tags, Layers: names};
	});
	return tarOf([...entries, {name: 'manifest.json', data: JSON.stringify(manifest)}]);
}

/** Files of an OCI layout by name. */
export function ociLayout(image: TestImage, options: {readonly encode?: (layer: Buffer) => Buffer; readonly layerType?: string; readonly annotations?: Readonly<Record<string, string>>} = {}): Map<string, Buffer> {
	const {encode = layer => layer, layerType = 'application/vnd.oci.image.layer.v1.tar', annotations} = options;
	const files = new Map<string, Buffer>();
	const blob = (mediaType: string, data: Buffer) => {
		files.set(`blobs/sha256/${hex(data)}`, data);
		return {mediaType, digest: `sha256:${hex(data)}`, size: data.length};
	};

	const manifest = blob('application/vnd.oci.image.manifest.v1+json', Buffer.from(JSON.stringify({
		schemaVersion: 2,
		config: blob('application/vnd.oci.image.config.v1+json', configOf(image)),
		layers: image.layers.map(layer => blob(layerType, encode(layer))),
	})));
	files.set('index.json', Buffer.from(JSON.stringify({schemaVersion: 2, manifests: [{...manifest, ...(annotations === undefined ? {} : {annotations})}]})));
	files.set('oci-layout', Buffer.from('{"imageLayoutVersion":"1.0.0"}'));
	return files;
}

export function tarOfFiles(files: ReadonlyMap<string, Buffer>): Buffer {
	return tarOf([...files].map(([name, data]) => ({name, data})));
}

/** A layer with one file. */
export function layerWith(name: string, data: string | Buffer = name): Buffer {
	return tarOf([{name, data}]);
}

/** True when the program is on this machine. */
export function hasProgram(name: string): boolean {
	return (process.env['PATH'] ?? '').split(':').some(folder => folder !== '' && fs.existsSync(path.join(folder, name)));
}

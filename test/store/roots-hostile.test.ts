/**
Anybody may push documents: none of them may keep the collection from working, or make it take away what others use.
*/
import test from 'ava';
import type {Descriptor} from '../../engine/oci/descriptor.js';
import {digestHex} from '../../engine/oci/digest.js';
import {mediaTypes} from '../../engine/oci/media-type.js';
import {parseReference} from '../../engine/oci/reference.js';
import {writeBlob} from '../../engine/store/content-store.js';
import type {Store} from '../../engine/store/open-store.js';
import {changeReferences, withReference} from '../../engine/store/reference-store.js';
import {scanRoots} from '../../engine/store/roots.js';
import {createScratch} from '../../engine/store/scratch.js';
import {testStore} from '../helpers/image-lab.js';

function put(store: Store, mediaType: string, content: unknown): Descriptor {
	const scratch = createScratch(store);
	try {
		return writeBlob(store, scratch, mediaType, Buffer.from(typeof content === 'string' ? content : JSON.stringify(content)));
	} finally {
		scratch.remove();
	}
}

function name(store: Store, reference: string, descriptor: Descriptor): void {
	changeReferences(store, entries => ({entries: withReference(entries, descriptor, parseReference(reference)), result: undefined}));
}

function image(store: Store, text: string): {readonly manifest: Descriptor; readonly layer: Descriptor; readonly config: Descriptor} {
	const layer = put(store, mediaTypes.layer, text);
	const config = put(store, mediaTypes.config, {architecture: 'amd64', os: 'linux', rootfs: {type: 'layers', diff_ids: [layer.digest]}});
	return {layer, config, manifest: put(store, mediaTypes.manifest, {schemaVersion: 2, config, layers: [layer]})};
}

function has(store: Store, ...descriptors: readonly Descriptor[]): boolean {
	const {blobs} = scanRoots(store);
	return descriptors.every(({digest}) => blobs.has(digestHex(digest)));
}

const badDocuments: ReadonlyArray<readonly [string, string, unknown]> = [
	['a manifest that is not JSON', mediaTypes.manifest, '{"schemaVersion":'],
	['a manifest of another schema', mediaTypes.manifest, {schemaVersion: 1, fsLayers: []}],
	['a manifest without layers', mediaTypes.manifest, {schemaVersion: 2, config: {mediaType: 'x', digest: 'sha256:1', size: 1}}],
	['a manifest that is a list', mediaTypes.manifest, []],
	['an index whose manifests are no list', mediaTypes.index, {schemaVersion: 2, manifests: {}}],
	['an index of nonsense', mediaTypes.index, {schemaVersion: 2, manifests: [{digest: '../../x'}]}],
	['an unknown media type', 'application/x-unknown', 'anything'],
];

for (const [what, mediaType, content] of badDocuments) {
	test(`${what} keeps itself, and keeps nothing from being collected`, t => {
		const store = testStore(t);
		const good = image(store, 'good');
		name(store, 'good:1', good.manifest);
		const bad = put(store, mediaType, content);
		name(store, 'bad:1', bad);
		t.true(has(store, good.manifest, good.layer, good.config, bad));
	});
}

const badConfigs: ReadonlyArray<readonly [string, unknown]> = [
	['is not JSON', 'not json'],
	['is empty', ''],
	['has no rootfs', {architecture: 'amd64'}],
	['has diff ids that are none', {rootfs: {type: 'layers', diff_ids: ['../../../etc']}}],
	['is enormous', ' '.repeat(9 * 1024 * 1024)],
];

for (const [what, content] of badConfigs) {
	test(`a configuration that ${what} is kept with its layers`, t => {
		const store = testStore(t);
		const layer = put(store, mediaTypes.layer, 'layer');
		const config = put(store, mediaTypes.config, content);
		const manifest = put(store, mediaTypes.manifest, {schemaVersion: 2, config, layers: [layer]});
		name(store, 'bad:1', manifest);
		t.true(has(store, manifest, config, layer));
		t.is(scanRoots(store).layers.size, 0);
	});
}

test('a document called by a wrong type elsewhere is what it is where it is called right', t => {
	const store = testStore(t);
	const {manifest, layer, config} = image(store, 'victim');
	const lie = put(store, mediaTypes.index, {schemaVersion: 2, manifests: [{...manifest, mediaType: mediaTypes.index}, {...manifest, mediaType: 'application/x'}]});
	name(store, 'lie:1', lie); // Seen first
	name(store, 'victim:1', manifest);
	t.true(has(store, lie, manifest, layer, config));
});

test('an index that names a layer as a manifest, or itself as a layer, harms nothing', t => {
	const store = testStore(t);
	const {manifest, layer, config} = image(store, 'one');
	const odd = put(store, mediaTypes.index, {schemaVersion: 2, manifests: [{...layer, mediaType: mediaTypes.manifest}, {...config, mediaType: mediaTypes.index}]});
	name(store, 'odd:1', odd);
	const nested = put(store, mediaTypes.manifest, {schemaVersion: 2, config, layers: [{...manifest, mediaType: mediaTypes.layer}]});
	name(store, 'nested:1', nested);
	t.true(has(store, odd, layer, config, manifest));
	name(store, 'one:1', manifest);
	t.true(has(store, layer));
});

test('indexes that name each other\'s children twice are walked once each', t => {
	const store = testStore(t);
	const {manifest, layer} = image(store, 'leaf');
	let top = manifest;
	for (let level = 0; level < 40; level++) {
		top = put(store, mediaTypes.index, {schemaVersion: 2, manifests: [top, top], annotations: {level: String(level)}}); // 2^40 ways down
	}

	name(store, 'deep:1', top);
	t.true(has(store, manifest, layer, top));
});

test('thousands of tags of one image cost one reading', t => {
	const store = testStore(t);
	const {manifest, layer} = image(store, 'leaf');
	changeReferences(store, () => ({
		entries: Array.from({length: 20_000}, (_, index) => ({...manifest, annotations: {'io.containerd.image.name': `docker.io/library/app:v${index}`}})),
		result: undefined,
	}));
	t.true(has(store, manifest, layer));
});

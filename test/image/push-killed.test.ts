/** A push that is killed leaves the store as it was, and the registry without half an image. */
import {spawn} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {once} from 'node:events';
import process from 'node:process';
import {Readable} from 'node:stream';
import {fileURLToPath} from 'node:url';
import zlib from 'node:zlib';
import test from 'ava';
import {reconcile} from '../../engine/store/reconcile.js';
import {assertSound, dockerArchive, hex, layerWith, load, tarOf, type TestImage} from '../helpers/image-lab.js';
import {fakeRegistry} from '../helpers/fake-registry.js';
import {registryLab} from '../helpers/registry-lab.js';

const script = fileURLToPath(new URL('../helpers/push-image.js', import.meta.url));
const image: TestImage = {layers: [layerWith('base'), tarOf([{name: 'noise', data: randomBytes(800_000)}])], tags: ['app:1']};

const moments: ReadonlyArray<readonly [string, RegExp, number]> = [
	['before anything is sent', /^HEAD /, 1],
	['at the first upload', /^POST /, 1],
	['when the first layer has arrived', /^PUT .*uploads/, 1],
	['when the second layer has arrived', /^PUT .*uploads/, 2],
	['when the configuration has arrived', /^PUT .*uploads/, 3],
	['when the manifest has arrived', /^PUT .*manifests/, 1],
];

for (const [name, pattern, count] of moments) {
	test(`killed ${name}`, async t => {
		const lab = await registryLab(t);
		if (lab === undefined) {
			return;
		}

		const registry = await fakeRegistry(t);
		await load(lab.images, Readable.from([dockerArchive(image)]));
		await lab.images.tag('app:1', `${registry.host}/app:1`);
		const child = spawn(process.execPath, [script, lab.store.layout.root, JSON.stringify(lab.store.native), `${registry.host}/app:1`], {stdio: ['ignore', 'ignore', 'inherit']});
		t.teardown(() => child.kill('SIGKILL'));
		let isKilled = false;
		registry.intercept(({method, path}) => {
			if (!isKilled && pattern.test(`${method} ${path}`) && registry.seen.filter(seen => pattern.test(`${seen.method} ${seen.path}`)).length === count) {
				isKilled = true;
				child.kill('SIGKILL');
			}

			return false;
		});
		await once(child, 'close');
		t.true(isKilled);
		const half = registry.manifests.get('app/1');
		if (half !== undefined) {
			const {layers, config} = JSON.parse(half.data.toString()) as {layers: Array<{digest: string}>; config: {digest: string}};
			t.true([...layers, config].every(({digest}) => registry.blobs.has(digest)), 'a manifest never names what is not there');
		}

		await reconcile(lab.store);
		assertSound(t, lab.store);
		await lab.push(`${registry.host}/app:1`);
		const {layers} = JSON.parse(registry.manifests.get('app/1')!.data.toString()) as {layers: Array<{digest: string}>};
		t.deepEqual(layers.map(({digest}) => hex(zlib.gunzipSync(registry.blobs.get(digest)!))), image.layers.map(layer => hex(layer)));
		assertSound(t, lab.store);
	});
}

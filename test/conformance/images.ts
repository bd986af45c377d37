/** Images: what is there, names, archives in and out. */
import fs from 'node:fs';
import {Readable} from 'node:stream';
import type {Engine} from '../../engine/index.js';
import {dockerArchive, layerWith, tarOf, temporaryFolder} from '../helpers/image-lab.js';
import {bytesOf, create, runAttached, type Behaves} from './behaviour.js';

async function load(engine: Engine, source: Parameters<Engine['loadImages']>[0]): Promise<string> {
	let text = '';
	for await (const {stream} of engine.loadImages(source)) {
		text += stream ?? '';
	}

	return text;
}

const tagsOf = async (engine: Engine) => (await engine.listImages()).flatMap(({RepoTags}) => RepoTags ?? []).sort((a, b) => a.localeCompare(b));

export function imagesBehaviour(behaves: Behaves): void {
	behaves('an image is listed, inspected, and shows its history and layers', async (t, engine) => {
		const [image, ...others] = await engine.listImages();
		t.deepEqual(others, []);
		t.like(image, {RepoTags: ['busybox:latest'], ParentId: '', SharedSize: -1, Containers: -1});
		t.regex(image!.Id, /^sha256:[\da-f]{64}$/);
		t.true(image!.Size > 100_000);
		const info = await engine.inspectImage('busybox');
		t.like(info, {Id: image!.Id, RepoTags: ['busybox:latest'], Os: 'linux', Config: {Cmd: ['sh']}, RootFS: {Type: 'layers'}, Size: image!.Size});
		t.is(info.RootFS.Layers!.length, 1);
		for (const name of ['busybox:latest', 'docker.io/library/busybox', image!.Id, image!.Id.slice(7, 19)]) {
			t.is((await engine.inspectImage(name)).Id, image!.Id, name);
		}

		const [entry] = await engine.imageHistory('busybox');
		t.like(entry, {Id: image!.Id, CreatedBy: 'busybox', Tags: ['busybox:latest'], Created: 1_767_225_600});
		const [layer] = await engine.imageLayers('busybox');
		t.like(layer, {DiffId: info.RootFS.Layers![0], CreatedBy: 'busybox', SharedWith: []});
		t.true(layer!.Size > 100_000);
		for (const call of [async () => engine.inspectImage('nope'), async () => engine.imageHistory('nope'), async () => engine.imageLayers('nope'), async () => engine.tagImage('nope', 'x'), async () => engine.removeImage('nope')]) {
			t.like(await t.throwsAsync(call()), {kind: 'notFound', message: 'No such image: nope:latest'});
		}
	});

	behaves('names are given, moved and taken; the last one takes the image along', async (t, engine) => {
		await engine.tagImage('busybox', 'example.test:5000/team/box:v1');
		await engine.tagImage('busybox', 'other');
		t.deepEqual(await tagsOf(engine), ['busybox:latest', 'example.test:5000/team/box:v1', 'other:latest']);
		t.like(await t.throwsAsync(engine.tagImage('busybox', 'BAD')), {kind: 'invalidParameter'});
		const {Id: id} = await engine.inspectImage('busybox');
		t.like(await t.throwsAsync(engine.removeImage(id)), {kind: 'conflict'});
		t.deepEqual(await engine.removeImage('other'), [{Untagged: 'other:latest'}]);
		await engine.removeImage('example.test:5000/team/box:v1');
		const container = await create(engine, ['true']);
		t.like(await t.throwsAsync(engine.removeImage('busybox')), {kind: 'conflict'});
		await engine.removeContainer(container);
		const removed = await engine.removeImage('busybox');
		t.deepEqual(removed[0], {Untagged: 'busybox:latest'});
		t.true(removed.some(item => item.Deleted === id));
		t.deepEqual(await engine.listImages(), []);
	});

	behaves('save and load carry an image over unchanged, in both forms', async (t, engine) => {
		const {Id: id} = await engine.inspectImage('busybox');
		for (const format of ['docker-archive', 'oci-archive'] as const) {
			const archive = await bytesOf(await engine.saveImages(['busybox'], {format}));
			await engine.removeImage('busybox');
			t.is(await load(engine, Readable.from([archive])), 'Loaded image: busybox:latest\n', format);
			t.is((await engine.inspectImage('busybox')).Id, id, format);
			const file = `${temporaryFolder(t)}/archive.tar`;
			fs.writeFileSync(file, archive);
			await load(engine, {path: file});
		}

		t.like(await t.throwsAsync(engine.saveImages(['nope']).then(async stream => bytesOf(stream))), {kind: 'notFound'});
		const Id = await create(engine, ['echo', 'whole']);
		t.is((await runAttached(engine, Id)).stdout, 'whole\n');
	});

	const archives: ReadonlyArray<readonly [title: string, bytes: () => Buffer]> = [
		['that is none', () => Buffer.alloc(4096, 'x')],
		['that is empty', () => Buffer.alloc(0)],
		['that is cut off', () => dockerArchive({layers: [layerWith('file', 'x'.repeat(5000))]}).subarray(0, 3000)],
		['with a flipped bit in a layer', () => {
			const bytes = dockerArchive({layers: [layerWith('file', 'content-to-flip')]});
			bytes[bytes.indexOf('content-to-flip')]! ^= 1;
			return bytes;
		}],
		['without a manifest', () => tarOf([{name: 'file', data: 'x'}])],
		['whose manifest is no JSON', () => tarOf([{name: 'manifest.json', data: '[{'}])],
		['whose manifest leads out', () => tarOf([{name: 'manifest.json', data: '[{"Config":"../../etc/passwd","RepoTags":["x:1"],"Layers":["/etc/shadow"]}]'}])],
	];
	for (const [title, bytes] of archives) {
		behaves(`an archive ${title} is refused, and nothing of it stays`, async (t, engine) => {
			t.like(await t.throwsAsync(load(engine, Readable.from([bytes()]))), {name: 'EngineError', kind: 'invalidParameter'});
			t.deepEqual(await tagsOf(engine), ['busybox:latest']);
		});
	}

	behaves('a root file system is imported, and runs', async (t, engine) => {
		const base = await create(engine, ['true']);
		const rootfs = await bytesOf(await engine.exportContainer(base));
		const id = await engine.importImage(Readable.from([rootfs]), {reference: 'imported:1', message: 'from a test', changes: ['CMD ["echo", "imported"]', 'ENV X=1']});
		t.like(await engine.inspectImage('imported:1'), {Id: id, Config: {Cmd: ['echo', 'imported']}, Comment: 'from a test'});
		const {Id} = await engine.createContainer({Image: 'imported:1'});
		t.is((await runAttached(engine, Id)).stdout, 'imported\n');
		t.like(await t.throwsAsync(engine.importImage(Readable.from([rootfs]), {changes: ['RUN x']})), {kind: 'invalidParameter', message: 'RUN is not a valid change command'});
	});

	behaves('prune takes what no name and no container needs', async (t, engine) => {
		const base = await create(engine, ['true']);
		const nameless = await engine.commit({container: base, comment: 'nameless'});
		await engine.commit({container: base, reference: 'named:1', comment: 'named'});
		const {Id: user} = await engine.createContainer({Image: nameless});
		t.deepEqual((await engine.pruneImages()).Deleted, []);
		await engine.removeContainer(user);
		t.true((await engine.pruneImages()).Deleted.includes(nameless));
		t.deepEqual(await tagsOf(engine), ['busybox:latest', 'named:1']);
		await engine.removeContainer(base);
		t.true((await engine.pruneImages({filters: {dangling: ['false']}})).Deleted.length > 0);
		t.deepEqual(await engine.listImages(), []);
	});

	behaves('lists are filtered', async (t, engine) => {
		const base = await create(engine, ['true']);
		await engine.commit({container: base, reference: 'labelled:1', changes: ['LABEL a=b']});
		const nameless = await engine.commit({container: base, comment: 'x'});
		const list = async (filters: Record<string, string[]>) => (await engine.listImages({filters})).map(({Id, RepoTags}) => RepoTags?.[0] ?? (Id === nameless ? 'nameless' : Id)).sort((a, b) => a.localeCompare(b));
		t.deepEqual(await list({reference: ['busy*']}), ['busybox:latest']);
		t.deepEqual(await list({label: ['a=b']}), ['labelled:1']);
		t.deepEqual(await list({dangling: ['true']}), ['nameless']);
		t.deepEqual(await list({dangling: ['false']}), ['busybox:latest', 'labelled:1']);
		t.deepEqual(await list({before: ['labelled:1']}), ['busybox:latest']);
		t.deepEqual(await list({reference: ['nope']}), []);
		t.like(await t.throwsAsync(list({colour: ['red']})), {kind: 'invalidParameter'});
		t.like(await t.throwsAsync(list({before: ['nope']})), {kind: 'notFound'});
	});
}

import fs from 'node:fs';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {isEngineError} from '../../engine/errors.js';
import {imageService} from '../../engine/image/image-service.js';
import type {ContainerUse, RemovedItem} from '../../engine/image/image.js';
import {assertSound, dockerArchive, idOf, imageLab, layerWith, load, temporaryFolder, type ImageLab, type TestImage} from '../helpers/image-lab.js';

const base = layerWith('base');
const one: TestImage = {layers: [base, layerWith('one')], tags: ['one:1']};
const two: TestImage = {layers: [base, layerWith('two')], tags: ['two:1', 'two:2']};
const nameless: TestImage = {layers: [base, layerWith('three')], tags: null, created: '2020-01-01T00:00:00Z', config: {Labels: {keep: 'yes'}}};

async function lab(t: ExecutionContext, uses: Record<string, readonly ContainerUse[]> = {}): Promise<ImageLab | undefined> {
	const made = imageLab(t, {containersUsing: id => uses[id] ?? []});
	if (made !== undefined) {
		const file = path.join(temporaryFolder(t), 'in.tar');
		fs.writeFileSync(file, dockerArchive(one, two, nameless));
		await load(made.images, {path: file});
		made.events.length = 0;
	}

	return made;
}

const words = (items: readonly RemovedItem[]) => items.map(item => `${item.kind} ${item.name.replace(/^(sha256:.{6}).*/, '$1')}`);
const short = (image: TestImage) => idOf(image).slice(7, 19);
const container = 'c0ffee'.repeat(10) + 'abcd';

test('the last name takes the image with it, with the layers nobody else has', async t => {
	const made = await lab(t);
	if (made === undefined) {
		return;
	}

	const removed = await made.images.remove('one:1');
	t.is(words(removed)[0], 'untagged one:1');
	t.is(removed[1]!.name, idOf(one));
	t.is(removed.length, 3); // Of its two layers one is shared.
	t.regex(removed[2]!.name, /^sha256:[\da-f]{64}$/);
	t.deepEqual(made.events.map(event => event.action), ['untag', 'delete']);
	assertSound(t, made.store);
	t.is(fs.readdirSync(made.store.layout.layers).length, 3);
});

test('one name of several is only untagged', async t => {
	const made = await lab(t);
	if (made === undefined) {
		return;
	}

	t.deepEqual(words(await made.images.remove('two:1')), ['untagged two:1']);
	t.is(made.images.inspect('two:2').id, idOf(two));
	assertSound(t, made.store);
});

test('an id with several names has to be forced', async t => {
	const made = await lab(t);
	if (made === undefined) {
		return;
	}

	const error = await t.throwsAsync(made.images.remove(short(two)), {message: `conflict: unable to delete ${short(two)} (must be forced) - image is referenced in multiple repositories`});
	t.true(isEngineError(error, 'conflict'));
	t.deepEqual(words(await made.images.remove(short(two), {force: true})).slice(0, 3), ['untagged two:1', 'untagged two:2', `deleted ${idOf(two).slice(0, 13)}`]);
	t.throws(() => made.images.inspect(short(two)), {message: `No such image: ${short(two)}:latest`});
	assertSound(t, made.store);
});

test('an id with one name is removed with it', async t => {
	const made = await lab(t);
	if (made === undefined) {
		return;
	}

	t.is(words(await made.images.remove(idOf(one)))[0], 'untagged one:1');
	assertSound(t, made.store);
});

test('docker\'s conflicts stand in the way of an image in use', async t => {
	const stopped = await lab(t, {[idOf(one)]: [{id: container, isRunning: false}]});
	const running = await lab(t, {[idOf(one)]: [{id: container, isRunning: true}]});
	if (stopped === undefined || running === undefined) {
		return;
	}

	const byName = `conflict: unable to remove repository reference "one:1" (must force) - container c0ffeec0ffee is using its referenced image ${short(one)}`;
	await t.throwsAsync(stopped.images.remove('one:1'), {message: byName});
	await t.throwsAsync(running.images.remove('one:1'), {message: byName});
	await t.throwsAsync(stopped.images.remove(short(one)), {message: `conflict: unable to delete ${short(one)} (must be forced) - image is being used by stopped container c0ffeec0ffee`});
	await t.throwsAsync(running.images.remove(short(one), {force: true}), {message: `conflict: unable to delete ${short(one)} (cannot be forced) - image is being used by running container c0ffeec0ffee`});
	t.is(running.images.inspect('one:1').references.length, 1);
	// Forced by name: a running container's image stays without a name, a stopped one's goes.
	t.deepEqual(words(await running.images.remove('one:1', {force: true})), ['untagged one:1']);
	t.is(running.images.inspect(short(one)).references.length, 0);
	t.true(words(await stopped.images.remove('one:1', {force: true})).includes(`deleted ${idOf(one).slice(0, 13)}`));
	assertSound(t, running.store);
	assertSound(t, stopped.store);
});

test('an unknown image is not found, with docker\'s text', async t => {
	const made = await lab(t);
	if (made === undefined) {
		return;
	}

	for (const [name, shown] of [['nosuch', 'nosuch:latest'], ['one:9', 'one:9'], ['docker.io/library/x', 'x:latest'], ['localhost:5000/a/b:c', 'localhost:5000/a/b:c'], ['Not A Name', 'Not A Name']] as const) {
		const error = await t.throwsAsync(made.images.remove(name), {message: `No such image: ${shown}`});
		t.true(isEngineError(error, 'notFound'));
	}
});

test('a prefix that fits several images is refused', async t => {
	const made = imageLab(t);
	if (made === undefined) {
		return;
	}

	const file = path.join(temporaryFolder(t), 'in.tar');
	const many: TestImage[] = Array.from({length: 17}, (_, index) => ({layers: [], tags: [`n:${index}`], config: {Labels: {index: String(index)}}}));
	fs.writeFileSync(file, dockerArchive(...many));
	await load(made.images, {path: file});
	const first = many.map(image => idOf(image)[7]!).find((letter, index, all) => all.indexOf(letter) !== index)!;
	const error = t.throws(() => made.images.inspect(first), {message: `multiple IDs found with provided prefix: ${first}`});
	t.true(isEngineError(error, 'invalidParameter'));
	t.is(made.images.inspect(idOf(many[3]!).slice(7)).id, idOf(many[3]!));
	t.is(made.images.inspect(idOf(many[3]!).slice(0, 30)).id, idOf(many[3]!));
});

test('a name wins over an id', async t => {
	const made = await lab(t);
	if (made === undefined) {
		return;
	}

	await made.images.tag('two:1', short(one));
	t.is(made.images.inspect(short(one)).id, idOf(two));
});

test('an image whose documents rotted can still be removed by its name', async t => {
	const made = await lab(t);
	if (made === undefined) {
		return;
	}

	const {store} = made;
	fs.rmSync(store.layout.blob(made.images.inspect('one:1').id));
	const images = imageService(store); // Another process: nothing is remembered.
	t.is(images.list().length, 2);
	t.throws(() => images.inspect('one:1'), {message: /is not in the store/});
	t.deepEqual(words(await images.remove('one:1')), ['untagged one:1']);
	assertSound(t, store);
});

test('pruning takes nameless images, or with dangling=false all that nothing uses', async t => {
	const made = await lab(t, {[idOf(two)]: [{id: container, isRunning: false}]});
	if (made === undefined) {
		return;
	}

	const first = await made.images.prune();
	t.is(first.removed[0]!.name, idOf(nameless));
	t.true(first.reclaimedBytes > 0);
	const second = await made.images.prune({filters: {dangling: ['false']}});
	t.deepEqual(words(second.removed).slice(0, 2), ['untagged one:1', `deleted ${idOf(one).slice(0, 13)}`]);
	t.is(made.images.list().length, 1);
	t.deepEqual((await made.images.prune()).removed, []);
	t.deepEqual(made.events.map(event => event.action), ['delete', 'prune', 'untag', 'delete', 'prune', 'prune']);
	assertSound(t, made.store);
});

test('pruning respects label and until', async t => {
	const made = await lab(t);
	if (made === undefined) {
		return;
	}

	t.deepEqual((await made.images.prune({filters: {'label!': ['keep']}})).removed, []);
	t.deepEqual((await made.images.prune({filters: {until: ['2010-01-01']}})).removed, []);
	t.true((await made.images.prune({filters: {label: ['keep=yes'], until: ['24h']}})).removed.length > 0);
	await t.throwsAsync(made.images.prune({filters: {reference: ['x']}}), {message: 'invalid filter \'reference\''});
	assertSound(t, made.store);
});

test('tags: taken from another image, refused when malformed, told', async t => {
	const made = await lab(t);
	if (made === undefined) {
		return;
	}

	await made.images.tag('one:1', 'two:1');
	t.is(made.images.inspect('two:1').id, idOf(one));
	t.is(made.images.inspect('two:2').id, idOf(two));
	await made.images.tag(short(one), 'localhost:5000/x');
	t.is(made.images.inspect('localhost:5000/x:latest').id, idOf(one));
	t.deepEqual(made.events.map(event => `${event.action} ${event.attributes['name']!}`), ['tag two:1', 'tag localhost:5000/x:latest']);
	await t.throwsAsync(made.images.tag('one:1', 'UPPER'), {message: /must be lowercase/});
	await t.throwsAsync(made.images.tag('one:1', `x@sha256:${'a'.repeat(64)}`), {message: /refusing to create a tag with a digest reference/});
	await t.throwsAsync(made.images.tag('nosuch', 'x'), {message: 'No such image: nosuch:latest'});
	assertSound(t, made.store);
});

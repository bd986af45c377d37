/** docker.io by way of its mirrors. */
import test from 'ava';
import {EngineError} from '../../engine/errors.js';
import {defaultSettings} from '../../engine/registry/registry-settings.js';
import {assertSound, idOf, layerWith, type TestImage} from '../helpers/image-lab.js';
import {fail, fakeRegistry} from '../helpers/fake-registry.js';
import {registryLab, statuses} from '../helpers/registry-lab.js';

const image: TestImage = {layers: [layerWith('a'), layerWith('b'), layerWith('c')], tags: null};

test('an image of docker.io comes from the first mirror that has it', async t => {
	const [away, empty, full] = [await fakeRegistry(t), await fakeRegistry(t), await fakeRegistry(t)];
	await away.close();
	full.put('library/box', 'latest', image);
	const lab = await registryLab(t, {settings: {...defaultSettings, mirrors: [away, empty, full].map(({host}) => `http://${host}`)}});
	if (lab === undefined) {
		return;
	}

	const lines = statuses(await lab.pull('box'));
	t.is(lines[0], 'latest: Pulling from library/box');
	t.is(lines.at(-1), 'Status: Downloaded newer image for box:latest');
	t.is(lab.images.inspect('box').id, idOf(image));
	t.is(empty.seen.length, 1);
	assertSound(t, lab.store);
});

test('a mirror that breaks off in the middle is passed over, what it gave stays', async t => {
	const [broken, whole] = [await fakeRegistry(t), await fakeRegistry(t)];
	for (const registry of [broken, whole]) {
		registry.put('library/box', 'latest', image);
	}

	let blobs = 0;
	broken.intercept(({path}, response) => path.includes('/blobs/') && ++blobs > 2 && fail(response, 404, 'BLOB_UNKNOWN', 'lost'));
	const lab = await registryLab(t, {settings: {...defaultSettings, downloadsAtOnce: 1, mirrors: [broken, whole].map(({host}) => `http://${host}`)}});
	if (lab === undefined) {
		return;
	}

	await lab.pull('box');
	t.is(lab.images.inspect('box').id, idOf(image));
	t.true(whole.requests('GET', /blobs/).length < 4);
	assertSound(t, lab.store);
});

test('a mirror below a path', async t => {
	const registry = await fakeRegistry(t);
	registry.put('library/box', 'latest', image);
	registry.intercept(({path}) => {
		t.true(path.startsWith('/hub/v2/library/box/'), path);
		return false;
	});
	const lab = await registryLab(t, {settings: {...defaultSettings, mirrors: [`http://${registry.host}/hub/`]}, environment: {HTTPS_PROXY: 'http://127.0.0.1:1'}});
	if (lab === undefined) {
		return;
	}

	await t.throwsAsync(lab.pull('box'), {instanceOf: EngineError}); // The registry knows no such path: what counts is where it was asked.
	t.true(registry.seen.length > 0);
});

test('what was given for docker.io does not go to its mirrors', async t => {
	const registry = await fakeRegistry(t);
	registry.put('library/box', 'latest', image);
	registry.intercept(({headers}, response) => {
		if (headers.authorization === undefined) {
			return fail(response, 401, 'UNAUTHORIZED', 'who are you', {'www-authenticate': 'Basic realm="mirror"'});
		}

		return false;
	});
	const lab = await registryLab(t, {settings: {...defaultSettings, mirrors: [`http://${registry.host}`]}, environment: {HTTPS_PROXY: 'http://127.0.0.1:1'}});
	if (lab === undefined) {
		return;
	}

	await t.throwsAsync(lab.pull('box', {credentials: {username: 'me', password: 'secret'}}), {instanceOf: EngineError});
	t.true(registry.seen.every(({headers}) => headers.authorization === undefined));
});

test('so many layers at once as the settings say', async t => {
	const registry = await fakeRegistry(t);
	registry.put('box', 'latest', {layers: Array.from({length: 8}, (_, index) => layerWith(`l${index}`)), tags: null});
	let [now, most] = [0, 0];
	registry.intercept(async ({method, path}) => {
		if (method !== 'GET' || !path.includes('/blobs/') || registry.requests('GET', /blobs/).length === 1) {
			return false;
		}

		most = Math.max(most, ++now);
		await new Promise(resolve => {
			setTimeout(resolve, 20);
		});
		now--;
		return false;
	});
	const lab = await registryLab(t, {settings: {...defaultSettings, downloadsAtOnce: 2}});
	if (lab === undefined) {
		return;
	}

	const lines = statuses(await lab.pull(`${registry.host}/box`));
	t.is(most, 2);
	t.is(lines.filter(line => line.endsWith(': Waiting')).length, 6);
});

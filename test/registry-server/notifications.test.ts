import fs from 'node:fs';
import http from 'node:http';
import type {AddressInfo} from 'node:net';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {makeEvent, type RegistryEvent} from '../../engine/registry-server/notification.js';
import {notificationQueue, type NotificationQueue, type QueueOptions} from '../../engine/registry-server/notification-queue.js';
import type {RegistryRequest} from '../../engine/registry-server/message.js';
import {temporaryFolder} from '../helpers/image-lab.js';
import {digestOf, indexOf, pushImage, putManifest, registryLab, types} from '../helpers/registry-server-lab.js';
import {until} from '../helpers/tug-cli.js';

type Hook = {readonly url: string; readonly envelopes: RegistryEvent[][]; readonly types: Array<string | undefined>; events(): RegistryEvent[]; answer: number | 'hang' | 'close'};

/** A webhook that answers as it is told. */
async function hook(t: ExecutionContext): Promise<Hook> {
	const envelopes: RegistryEvent[][] = [];
	const contentTypes: Array<string | undefined> = [];
	const server = http.createServer((request, response) => {
		const chunks: Buffer[] = [];
		request.on('data', (chunk: Buffer) => chunks.push(chunk));
		request.on('end', () => {
			if (state.answer === 'close') {
				request.socket.destroy();
				return;
			}

			if (state.answer === 'hang') {
				return;
			}

			if (state.answer < 300) {
				contentTypes.push(request.headers['content-type']);
				envelopes.push((JSON.parse(Buffer.concat(chunks).toString()) as {events: RegistryEvent[]}).events);
			}

			response.writeHead(state.answer, {location: 'http://127.0.0.1:1/'}).end('body');
		});
	});
	await new Promise<void>(resolve => {
		server.listen(0, '127.0.0.1', resolve);
	});
	t.teardown(() => {
		server.close();
		server.closeAllConnections();
	});
	const state: Hook = {url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, envelopes, types: contentTypes, events: () => envelopes.flat(), answer: 200};
	return state;
}

function event(tag: string): RegistryEvent {
	const request = {method: 'PUT', headers: {host: 'r.test', 'user-agent': 'test'}, remoteAddress: '192.0.2.1', isSecure: false} as unknown as RegistryRequest;
	return makeEvent('push', {mediaType: types.manifest, digest: digestOf(tag), size: 3, tag}, {request, name: 'app', user: 'ann', source: {addr: 'here', instanceID: 'x'}});
}

function queue(t: ExecutionContext, options: Partial<QueueOptions> & {readonly url: string}): NotificationQueue & {readonly failures: string[]} {
	const failures: string[] = [];
	const made = notificationQueue({folder: temporaryFolder(t), firstPauseMs: 5, onFailure: message => failures.push(message), ...options});
	t.teardown(async () => made.close());
	return {...made, failures};
}

const tags = (events: readonly RegistryEvent[]) => events.map(({target}) => target.tag);

test('an event has docker distribution\'s form', t => {
	const made = event('v1');
	t.like(made, {
		action: 'push',
		target: {mediaType: types.manifest, digest: digestOf('v1'), size: 3, length: 3, repository: 'app', tag: 'v1', url: `http://r.test/v2/app/manifests/${digestOf('v1')}`},
		request: {addr: '192.0.2.1', host: 'r.test', method: 'PUT', useragent: 'test'},
		actor: {name: 'ann'},
		source: {addr: 'here', instanceID: 'x'},
	});
	t.regex(made.id, /^[\da-f-]{36}$/);
	t.false(Number.isNaN(Date.parse(made.timestamp)));
});

test('events are delivered in order, with their media type', async t => {
	const listener = await hook(t);
	const it = queue(t, {url: listener.url});
	for (let index = 0; index < 120; index++) {
		t.true(it.push(event(`v${index}`)));
	}

	await until(() => listener.events().length === 120, 'all events');
	t.deepEqual(tags(listener.events()), Array.from({length: 120}, (_, index) => `v${index}`));
	t.true(listener.types.every(type => type === 'application/vnd.docker.distribution.events.v2+json'));
	t.true(listener.envelopes.every(({length}) => length <= 50));
	await until(() => it.waiting() === 0, 'an empty queue');
});

for (const answer of [500, 404, 302, 'close'] as const) {
	test(`an endpoint that answers with ${answer} is asked again until it takes them`, async t => {
		const listener = await hook(t);
		listener.answer = answer;
		const it = queue(t, {url: listener.url});
		it.push(event('v1'));
		await until(() => it.failures.length >= 3, 'some failures');
		it.push(event('v2'));
		t.is(it.waiting(), 2);
		listener.answer = 204;
		await until(() => listener.events().length === 2, 'delivery');
		t.deepEqual(tags(listener.events()), ['v1', 'v2']);
	});
}

test('an endpoint that never answers is given up on, and asked again', async t => {
	const listener = await hook(t);
	listener.answer = 'hang';
	const it = queue(t, {url: listener.url, timeoutMs: 1000});
	it.push(event('v1'));
	await until(() => it.failures.length > 0, 'a failure');
	listener.answer = 200;
	await until(() => listener.events().length === 1, 'delivery');
	t.deepEqual(tags(listener.events()), ['v1']);
});

test('what was not delivered is delivered after a restart', async t => {
	const folder = temporaryFolder(t);
	const listener = await hook(t);
	listener.answer = 503;
	const first = notificationQueue({url: listener.url, folder, firstPauseMs: 5});
	for (const tag of ['v1', 'v2']) {
		first.push(event(tag));
	}

	await first.close();
	listener.answer = 200;
	const second = queue(t, {url: listener.url, folder});
	await until(() => listener.events().length === 2, 'delivery');
	t.deepEqual(tags(listener.events()), ['v1', 'v2']);
	await until(() => second.waiting() === 0, 'an empty queue');
});

test('of two servers of a store, one sends for both', async t => {
	const folder = temporaryFolder(t);
	const listener = await hook(t);
	listener.answer = 503;
	const one = queue(t, {url: listener.url, folder});
	one.push(event('v1'));
	await until(() => one.failures.length > 0, 'the first to try');
	const two = queue(t, {url: listener.url, folder});
	two.push(event('v2'));
	listener.answer = 200;
	await until(() => listener.events().length >= 2, 'delivery');
	t.deepEqual(tags(listener.events()), ['v1', 'v2']);
});

test('a queue that is full takes no more, and drops nothing it has', async t => {
	const listener = await hook(t);
	listener.answer = 503;
	const it = queue(t, {url: listener.url, maxEvents: 3});
	t.deepEqual(['v1', 'v2', 'v3', 'v4', 'v5'].map(tag => it.push(event(tag))), [true, true, true, false, false]);
	listener.answer = 200;
	await until(() => listener.events().length === 3, 'delivery');
	await until(() => it.waiting() === 0, 'an empty queue');
	t.true(it.push(event('v6')));
	await until(() => listener.events().length === 4, 'delivery');
	t.deepEqual(tags(listener.events()), ['v1', 'v2', 'v3', 'v6']);
});

test('a queue whose folder can\'t be written says so and goes on', t => {
	const folder = temporaryFolder(t);
	const it = queue(t, {url: 'http://127.0.0.1:9/', folder});
	const [own] = fs.readdirSync(folder);
	fs.rmSync(path.join(folder, own!), {recursive: true});
	fs.writeFileSync(path.join(folder, own!), 'not a folder');
	t.false(it.push(event('v1')));
	t.regex(it.failures[0]!, /an event is lost/);
});

test('closing does not wait for an endpoint that hangs', async t => {
	const listener = await hook(t);
	listener.answer = 'hang';
	const it = notificationQueue({url: listener.url, folder: temporaryFolder(t)});
	it.push(event('v1'));
	await t.notThrowsAsync(it.close());
});

test('pushes, pulls, mounts and deletes are told, each once', async t => {
	const told: RegistryEvent[] = [];
	const listening: NotificationQueue = {
		push(told_) {
			told.push(told_);
			return true;
		},
		waiting: () => 0,
		async close() {},
	};
	const {ask} = registryLab(t, {queues: [listening], address: 'registry:5000'});
	const image = await pushImage(ask, 'library/app', 'v1', ['one']);
	const summary = () => told.splice(0).map(({action, target: {repository, tag, digest, mediaType, fromRepository}}) => ({action, repository, digest, ...(tag === undefined ? {} : {tag}), ...(fromRepository === undefined ? {} : {fromRepository}), isBlob: mediaType === 'application/octet-stream'}));
	t.deepEqual(summary(), [
		{action: 'push', repository: 'library/app', digest: digestOf(image.config), isBlob: true},
		{action: 'push', repository: 'library/app', digest: digestOf('one'), isBlob: true},
		{action: 'push', repository: 'library/app', digest: image.digest, tag: 'v1', isBlob: false},
	]);
	await ask('HEAD', '/v2/app/manifests/v1');
	await ask('GET', '/v2/app/manifests/v1');
	await ask('GET', '/v2/app/manifests/v1', {headers: {accept: 'text/plain'}});
	await ask('GET', '/v2/app/manifests/v2');
	t.deepEqual(summary(), [{action: 'pull', repository: 'app', digest: image.digest, tag: 'v1', isBlob: false}]);
	await ask('POST', `/v2/copy/blobs/uploads/?mount=${digestOf('one')}&from=app`);
	t.deepEqual(summary(), [{action: 'mount', repository: 'copy', digest: digestOf('one'), fromRepository: 'app', isBlob: true}]);
	await putManifest(ask, 'app', 'index', indexOf([{manifest: image}]), types.index);
	told.splice(0);
	await ask('DELETE', '/v2/app/manifests/index');
	await ask('DELETE', '/v2/app/manifests/index');
	await ask('DELETE', `/v2/copy/blobs/${digestOf('one')}`);
	t.deepEqual(summary().map(({action, repository}) => [action, repository]), [['delete', 'app'], ['delete', 'copy']]);
});

test('events that find no room are counted', async t => {
	const full: NotificationQueue = {push: () => false, waiting: () => 10_000, async close() {}};
	const {ask, registry} = registryLab(t, {queues: [full]});
	await pushImage(ask, 'app', 'v1', []);
	t.regex(registry.metricsPage(), /^tug_registry_notifications_dropped_total 2$/m);
	t.regex(registry.metricsPage(), /^tug_registry_notifications_waiting 10000$/m);
	t.regex(registry.metricsPage(), /^tug_registry_repositories 1$/m);
});

/**
The registry client as a cache uses it, against a registry on a port and against answers no registry should give.
*/
import {once} from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import type {AddressInfo} from 'node:net';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import bcrypt from 'bcryptjs';
import {isEngineError} from '../../engine/errors.js';
import type {Digest} from '../../engine/oci/digest.js';
import {openUpstream, type Upstream} from '../../engine/registry-host/upstream-client.js';
import {htpasswdAccounts} from '../../engine/registry-server/auth/accounts.js';
import {basicAuthenticator} from '../../engine/registry-server/auth/authenticator.js';
import {serveRegistry} from '../../engine/registry-server/http-server.js';
import type {RegistryOptions} from '../../engine/registry-server/registry.js';
import {temporaryFolder, testStore} from '../helpers/image-lab.js';
import {digestOf, pushImage, registryLab, types, type Pushed} from '../helpers/registry-server-lab.js';

async function open(t: ExecutionContext, url: string, config?: unknown): Promise<Upstream> {
	const home = temporaryFolder(t);
	if (config !== undefined) {
		fs.mkdirSync(path.join(home, '.docker'));
		fs.writeFileSync(path.join(home, '.docker', 'config.json'), JSON.stringify(config), {mode: 0o600});
	}

	const upstream = await openUpstream(new URL(url), {HOME: home});
	t.teardown(() => {
		upstream.close();
	});
	return upstream;
}

async function origin(t: ExecutionContext, options: Partial<RegistryOptions> = {}): Promise<{readonly url: string; readonly image: Pushed}> {
	const store = testStore(t);
	const image = await pushImage(registryLab(t, {store}).ask, 'team/app', 'v1', ['0123456789']);
	const server = await serveRegistry(registryLab(t, {store, ...options}).registry, {host: '127.0.0.1', port: 0, patience: {closeMs: 100}});
	t.teardown(async () => server.close());
	return {url: server.url, image};
}

async function read(data: AsyncIterable<Buffer>): Promise<string> {
	const pieces: Buffer[] = [];
	for await (const piece of data) {
		pieces.push(piece);
	}

	return Buffer.concat(pieces).toString();
}

test('manifests come by tag and digest, and a tag that did not move is the same', async t => {
	const {url, image} = await origin(t);
	const {client, domain} = await open(t, url);
	t.is(domain, new URL(url).host);
	for (const reference of ['v1', image.digest]) {
		t.deepEqual(await client.manifest('team/app', reference), {mediaType: types.manifest, digest: image.digest as Digest, data: image.data});
	}

	t.is(await client.manifest('team/app', 'v1', image.digest as Digest), 'same');
	t.not(await client.manifest('team/app', 'v1', digestOf('before') as Digest), 'same');
	t.is(await client.manifest('team/app', 'v2'), undefined);
	t.is(await client.manifest('other', 'v1'), undefined);
});

test('blobs come whole or from a byte on, and tell their size', async t => {
	const {url} = await origin(t);
	const {client} = await open(t, url);
	const digest = digestOf('0123456789') as Digest;
	const whole = await client.blob('team/app', digest, 0);
	t.like(whole, {from: 0, sizeBytes: 10});
	t.is(await read(whole!.data), '0123456789');
	const rest = await client.blob('team/app', digest, 7);
	t.like(rest, {from: 7, sizeBytes: 10});
	t.is(await read(rest!.data), '789');
	t.is(await client.blobSize('team/app', digest), 10);
	t.is(await client.blob('team/app', digestOf('nothing') as Digest, 0), undefined);
	t.is(await client.blobSize('team/app', digestOf('nothing') as Digest), undefined);
	(await client.blob('team/app', digest, 0))?.close();
});

test('the credentials of a login are used; without them there is nothing', async t => {
	const users = path.join(temporaryFolder(t), 'users');
	fs.writeFileSync(users, `ann:${bcrypt.hashSync('secret', 4)}\n`);
	const {url, image} = await origin(t, {authenticator: basicAuthenticator(htpasswdAccounts(users), {guestsPull: false})});
	const auth = Buffer.from('ann:secret').toString('base64');
	const known = await open(t, url, {auths: {[new URL(url).host]: {auth}}});
	t.like(await known.client.manifest('team/app', 'v1'), {digest: image.digest as Digest});
	const stranger = await open(t, url);
	t.is(await stranger.client.manifest('team/app', 'v1'), undefined);
});

async function answering(t: ExecutionContext, answer: (request: http.IncomingMessage, response: http.ServerResponse) => void): Promise<string> {
	const server = http.createServer(answer);
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	t.teardown(() => {
		server.close();
		server.closeAllConnections();
	});
	return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const digest = digestOf('blob') as Digest;

test('a blob without a length, or of another range than asked for, is refused', async t => {
	const withoutLength = await open(t, await answering(t, (_request, response) => {
		response.write('blob');
		response.end();
	}));
	await t.throwsAsync(async () => withoutLength.client.blob('app', digest, 0), {message: /does not say how long/});
	const otherRange = await open(t, await answering(t, (_request, response) => {
		response.writeHead(206, {'content-length': 2, 'content-range': 'bytes 0-1/4'}).end('bl');
	}));
	await t.throwsAsync(async () => otherRange.client.blob('app', digest, 2), {message: /does not say how long/});
});

test('a registry that gives the whole blob when asked for a part is understood', async t => {
	const {client} = await open(t, await answering(t, (_request, response) => {
		response.writeHead(200, {'content-length': 4}).end('blob');
	}));
	const blob = await client.blob('app', digest, 2);
	t.like(blob, {from: 0, sizeBytes: 4});
	t.is(await read(blob!.data), 'blob');
});

test('a manifest whose bytes have another digest than asked for is an error, not an answer', async t => {
	const {client} = await open(t, await answering(t, (_request, response) => {
		response.writeHead(200, {'content-type': types.manifest}).end('{"schemaVersion":2}');
	}));
	const error = await t.throwsAsync(async () => client.manifest('app', digest));
	t.true(isEngineError(error));
});

test('a page instead of a registry is an error', async t => {
	const {client} = await open(t, await answering(t, (_request, response) => {
		response.writeHead(200, {'content-type': 'text/html'}).end('<!doctype html><title>Log in</title>');
	}));
	await t.throwsAsync(async () => client.manifest('app', 'v1'));
});

const hub = ['https://registry-1.docker.io', 'https://docker.io', 'https://index.docker.io/'];

for (const url of hub) {
	test(`${url} is Docker Hub`, async t => {
		t.is((await open(t, url)).domain, 'docker.io');
	});
}

for (const url of ['https://registry.lan/path', 'https://registry.lan/?x=1', 'https://user@registry.lan', 'https://user:secret@registry.lan']) {
	test(`${url} is more than an address`, async t => {
		const error = await t.throwsAsync(openUpstream(new URL(url), {HOME: temporaryFolder(t)}));
		t.true(isEngineError(error, 'invalidParameter'));
	});
}

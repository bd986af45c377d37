/** Connections: certificates, proxies, http or https. */
import fs from 'node:fs';
import http from 'node:http';
import net, {type AddressInfo} from 'node:net';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {EngineError} from '../../engine/errors.js';
import {connectRegistry} from '../../engine/registry/registry-connection.js';
import {openRepository} from '../../engine/registry/repository.js';
import {createTransport} from '../../engine/registry/transport.js';
import {layerWith, type TestImage} from '../helpers/image-lab.js';
import {fakeRegistry} from '../helpers/fake-registry.js';
import {quickPolicy, testAccess} from '../helpers/registry-lab.js';
import {temporaryFolder} from '../helpers/temporary-folder.js';
import {makeKeys} from '../helpers/tls-keys.js';

const image: TestImage = {layers: [layerWith('a')], tags: null};

test('an authority in certs.d is trusted for its registry', async t => {
	const keys = makeKeys(t);
	if (keys === undefined) {
		return;
	}

	const registry = await fakeRegistry(t, {tls: keys});
	registry.put('app', 'latest', image);
	const home = temporaryFolder(t);
	const folder = path.join(home, 'certs.d', registry.host);
	fs.mkdirSync(folder, {recursive: true});
	fs.writeFileSync(path.join(folder, 'ca.crt'), keys.authority);
	const access = await testAccess(t, {home});
	const [connection] = await access.connect(registry.host);
	await t.notThrowsAsync(openRepository(connection!, 'app').manifest('latest'));
	t.is(connection!.base().protocol, 'https:');
});

test('an authority that is not the right one is not accepted, not even on this machine', async t => {
	const [keys, others] = [makeKeys(t), makeKeys(t)];
	if (keys === undefined || others === undefined) {
		return;
	}

	const registry = await fakeRegistry(t, {tls: keys});
	const home = temporaryFolder(t);
	fs.mkdirSync(path.join(home, 'certs.d', registry.host), {recursive: true});
	fs.writeFileSync(path.join(home, 'certs.d', registry.host, 'ca.crt'), others.authority);
	const access = await testAccess(t, {home});
	const [connection] = await access.connect(registry.host, {credentials: {username: 'me', password: 'x'}});
	const error = await t.throwsAsync(openRepository(connection!, 'app').manifest('latest'), {instanceOf: EngineError});
	t.regex(error.message, /certificate|signature/i);
	t.regex(error.hint ?? '', /certs\.d/);
	t.is(registry.seen.length, 0);
});

test('the system\'s own authorities count as well', async t => {
	const keys = makeKeys(t);
	if (keys === undefined) {
		return;
	}

	const registry = await fakeRegistry(t, {tls: keys});
	registry.put('app', 'latest', image);
	const bundle = path.join(keys.folder, 'ca.crt');
	for (const [environment, isTrusted] of [[{SSL_CERT_FILE: bundle}, true], [{SSL_CERT_FILE: '/nowhere'}, false]] as const) {
		const transport = createTransport({environment, userAgent: 'test'});
		const connection = connectRegistry({endpoint: {host: registry.host, bases: [new URL(`https://${registry.host}`)], verifies: true, isMirror: false}, transport, credentials: {}, policy: quickPolicy});
		const manifest = openRepository(connection, 'app').manifest('latest');
		await (isTrusted ? t.notThrowsAsync(manifest) : t.throwsAsync(manifest, {message: /certificate/i}));
		transport.close();
	}
});

test('on this machine https is found behind a port that does not speak http, with any certificate', async t => {
	const keys = makeKeys(t);
	if (keys === undefined) {
		return;
	}

	const registry = await fakeRegistry(t, {tls: keys});
	registry.put('app', 'latest', image);
	const access = await testAccess(t);
	const [connection] = await access.connect(registry.host);
	await openRepository(connection!, 'app').manifest('latest');
	t.is(connection!.base().protocol, 'https:');
});

test('what an insecure registry that speaks plain http sees first is no request at all', async t => {
	const registry = await fakeRegistry(t);
	registry.put('app', 'latest', image);
	const transport = createTransport({environment: {}, userAgent: 'test'});
	t.teardown(() => {
		transport.close();
	});
	const bases = ['https', 'http'].map(scheme => new URL(`${scheme}://${registry.host}`));
	const connection = connectRegistry({endpoint: {host: registry.host, bases, verifies: false, isMirror: false}, transport, credentials: {}, policy: quickPolicy});
	await openRepository(connection, 'app').manifest('latest');
	t.is(connection.base().protocol, 'http:');
	t.is(registry.seen.length, 1);
});

test('https never turns into http by a redirect', async t => {
	const keys = makeKeys(t);
	if (keys === undefined) {
		return;
	}

	const [registry, plain] = [await fakeRegistry(t, {tls: keys}), await fakeRegistry(t)];
	registry.intercept((_, response) => {
		response.writeHead(307, {location: `http://${plain.host}/v2/app/manifests/latest`}).end();
		return true;
	});
	const home = temporaryFolder(t);
	fs.mkdirSync(path.join(home, 'certs.d', registry.host), {recursive: true});
	fs.writeFileSync(path.join(home, 'certs.d', registry.host, 'ca.crt'), keys.authority);
	const access = await testAccess(t, {home});
	const error = await t.throwsAsync(openRepository((await access.connect(registry.host))[0]!, 'app').manifest('latest'), {instanceOf: EngineError});
	t.regex(error.message, /redirects from https to plain http/);
	t.is(plain.seen.length, 0);
});

type Proxy = {readonly url: string; readonly lines: string[]; readonly authorizations: Array<string | undefined>};

/** Plain requests and tunnels; knows where to go whatever name is asked for. */
async function startProxy(t: ExecutionContext, target: string, refuse?: number): Promise<Proxy> {
	const proxy = {lines: [] as string[], authorizations: [] as Array<string | undefined>};
	const [host, port] = target.split(':') as [string, string];
	const server = http.createServer((request, response) => {
		proxy.lines.push(`${request.method!} ${request.url!}`);
		proxy.authorizations.push(request.headers['proxy-authorization']);
		const url = new URL(request.url!);
		request.pipe(http.request({host, port, method: request.method, path: url.pathname + url.search, headers: request.headers}, answer => {
			response.writeHead(answer.statusCode!, answer.headers);
			answer.pipe(response);
		}));
	});
	server.on('connect', (request, socket) => {
		proxy.lines.push(`CONNECT ${request.url!}`);
		proxy.authorizations.push(request.headers['proxy-authorization']);
		if (refuse !== undefined) {
			socket.end(`HTTP/1.1 ${refuse} No\r\ncontent-length: 0\r\n\r\n`);
			return;
		}

		const onwards = net.connect(Number(port), host, () => {
			socket.write('HTTP/1.1 200 OK\r\n\r\n');
			onwards.pipe(socket).pipe(onwards);
		});
		onwards.on('error', () => socket.destroy());
		socket.on('error', () => onwards.destroy());
	});
	await new Promise<void>(resolve => {
		server.listen(0, '127.0.0.1', resolve);
	});
	t.teardown(() => {
		server.closeAllConnections();
		server.close();
	});
	return {url: `http://me:pass@127.0.0.1:${(server.address() as AddressInfo).port}`, ...proxy};
}

test('plain http through a proxy asks it for the whole address', async t => {
	const registry = await fakeRegistry(t);
	registry.put('app', 'latest', image);
	const proxy = await startProxy(t, registry.host);
	const transport = createTransport({environment: {HTTP_PROXY: proxy.url}, userAgent: 'test'});
	t.teardown(() => {
		transport.close();
	});
	const connection = connectRegistry({endpoint: {host: 'registry.example:5000', bases: [new URL('http://registry.example:5000')], verifies: false, isMirror: false}, transport, credentials: {}, policy: quickPolicy});
	await openRepository(connection, 'app').manifest('latest');
	t.deepEqual(proxy.lines, ['GET http://registry.example:5000/v2/app/manifests/latest']);
	t.deepEqual(proxy.authorizations, [`Basic ${Buffer.from('me:pass').toString('base64')}`]);
	t.is(registry.seen[0]!.headers.host, 'registry.example:5000');
});

test('https through a proxy goes through a tunnel, which is kept', async t => {
	const keys = makeKeys(t);
	if (keys === undefined) {
		return;
	}

	const registry = await fakeRegistry(t, {tls: keys});
	registry.put('app', 'latest', image);
	const proxy = await startProxy(t, registry.host);
	const transport = createTransport({environment: {HTTPS_PROXY: proxy.url}, userAgent: 'test'});
	t.teardown(() => {
		transport.close();
	});
	const connection = connectRegistry({endpoint: {host: 'registry.example', bases: [new URL('https://registry.example')], verifies: false, isMirror: false}, transport, credentials: {}, policy: quickPolicy});
	const app = openRepository(connection, 'app');
	await app.manifest('latest');
	await app.manifest('latest');
	t.deepEqual(proxy.lines, ['CONNECT registry.example:443']);
	t.is(registry.seen.length, 2);
	t.is(registry.seen[0]!.headers['proxy-authorization'], undefined);
});

test('a proxy that refuses is named', async t => {
	const proxy = await startProxy(t, '127.0.0.1:1', 403);
	const transport = createTransport({environment: {HTTPS_PROXY: proxy.url}, userAgent: 'test'});
	const connection = connectRegistry({endpoint: {host: 'registry.example', bases: [new URL('https://registry.example')], verifies: true, isMirror: false}, transport, credentials: {}, policy: quickPolicy});
	const error = await t.throwsAsync(openRepository(connection, 'app').manifest('latest'), {instanceOf: EngineError});
	t.regex(error.message, /the proxy 127\.0\.0\.1:\d+ did not connect to registry\.example:443: HTTP status 403/);
	t.regex(error.hint ?? '', /HTTPS_PROXY/);
	t.false(error.message.includes('pass'));
});

test('a kept connection that was closed meanwhile is nobody\'s failure', async t => {
	const registry = await fakeRegistry(t);
	registry.put('app', 'latest', image);
	const access = await testAccess(t, {policy: {...quickPolicy, attempts: 1}});
	const app = openRepository((await access.connect(registry.host))[0]!, 'app');
	await app.manifest('latest');
	registry.intercept(({headers}, response) => {
		if (headers['x-first'] === undefined && registry.seen.length === 2) {
			response.socket!.destroy();
			return true;
		}

		return false;
	});
	await t.notThrowsAsync(app.manifest('latest'));
	t.is(registry.seen.length, 3);
});

test('a name that is not there is said so at once', async t => {
	const access = await testAccess(t);
	const app = openRepository((await access.connect('no-such-host.invalid'))[0]!, 'app');
	const error = await t.throwsAsync(app.manifest('latest'), {instanceOf: EngineError});
	t.regex(error.message, /^Get "https:\/\/no-such-host\.invalid\/v2\/app\/manifests\/latest": (?:no such host|the name can't be looked up|time-out)$/);
	t.is(error.kind, 'unavailable');
});

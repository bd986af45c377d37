/**
The registry on a port: what only real connections show.
*/
import {once} from 'node:events';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import test, {type ExecutionContext} from 'ava';
import {isEngineError} from '../../engine/errors.js';
import {serveRegistry, type RunningServer, type ServerOptions} from '../../engine/registry-server/http-server.js';
import {serveMetrics} from '../../engine/registry-server/metrics-server.js';
import type {RegistryOptions} from '../../engine/registry-server/registry.js';
import {digestOf, pushBlob, pushImage, registryLab, types, type RegistryLab} from '../helpers/registry-server-lab.js';
import {makeKeys} from '../helpers/tls-keys.js';
import {until} from '../helpers/tug-cli.js';

type Served = RegistryLab & {readonly server: RunningServer; readonly port: number; readonly lines: string[]};

async function serve(t: ExecutionContext, options: Partial<ServerOptions> = {}, registryOptions: Partial<RegistryOptions> = {}): Promise<Served> {
	const lab = registryLab(t, registryOptions);
	const lines: string[] = [];
	const server = await serveRegistry(lab.registry, {host: '127.0.0.1', port: 0, onAccess: line => lines.push(line), ...options, patience: {closeMs: 2000, ...options.patience}});
	t.teardown(async () => server.close());
	return {...lab, server, port: Number(new URL(server.url).port), lines};
}

type Got = {readonly status: number; readonly headers: http.IncomingHttpHeaders; readonly body: Buffer};

async function ask(url: string, {method = 'GET', headers = {}, body, agent}: {readonly method?: string; readonly headers?: http.OutgoingHttpHeaders; readonly body?: string | Buffer; readonly agent?: http.Agent | https.Agent} = {}): Promise<Got> {
	const request = (url.startsWith('https') ? https : http).request(url, {method, headers, ...(agent === undefined ? {} : {agent})});
	request.end(body);
	const [response] = await once(request, 'response') as [http.IncomingMessage];
	const chunks: Buffer[] = [];
	for await (const chunk of response) {
		chunks.push(chunk as Buffer);
	}

	return {status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks)};
}

/** Bytes in, bytes out, until the other side closes. */
async function raw(port: number, text: string): Promise<string> {
	const socket = net.connect(port, '127.0.0.1');
	socket.write(text);
	let reply = '';
	socket.setEncoding('latin1');
	socket.on('data', (chunk: string) => {
		reply += chunk;
	});
	socket.on('error', () => {});
	await once(socket, 'close');
	return reply;
}

test('push and pull over a connection that is kept', async t => {
	const {server, lines} = await serve(t);
	const agent = new http.Agent({keepAlive: true, maxSockets: 1});
	const blob = Buffer.alloc(3_000_000, 'tug');
	const start = await ask(`${server.url}/v2/app/blobs/uploads/`, {method: 'POST', agent});
	t.is(start.status, 202);
	t.is(start.headers['content-length'], '0');
	const end = await ask(`${server.url}${start.headers.location!}?digest=${digestOf(blob)}`, {method: 'PUT', body: blob, agent});
	t.is(end.status, 201);
	const got = await ask(`${server.url}/v2/app/blobs/${digestOf(blob)}`, {agent});
	t.deepEqual(got.body, blob);
	t.is(got.headers['content-length'], '3000000');
	const head = await ask(`${server.url}/v2/app/blobs/${digestOf(blob)}`, {method: 'HEAD', agent});
	t.is(head.headers['content-length'], '3000000');
	t.is(head.headers['docker-distribution-api-version'], 'registry/2.0');
	const part = await ask(`${server.url}/v2/app/blobs/${digestOf(blob)}`, {headers: {range: 'bytes=2999998-'}, agent});
	t.is(part.status, 206);
	t.is(part.body.length, 2);
	await until(() => lines.length === 5, 'the log');
	t.regex(lines[1]!, /^\S+ 127\.0\.0\.1 - PUT "\/v2\/app\/blobs\/uploads\/[\da-f-]+\?digest=sha256:[\da-f]{64}" 201 in=3000000 out=0 [\d.]+ms ""$/);
	t.regex(lines[2]!, / 200 in=0 out=3000000 /);
	agent.destroy();
});

test('what clients write into their requests never breaks the log', async t => {
	const {server, lines} = await serve(t);
	await ask(`${server.url}/v2/%0a%1b[31m"x/tags/list`, {headers: {'user-agent': 'evil"  \u00FF agent'}});
	await until(() => lines.length === 1, 'the log');
	t.is(lines[0]!.split('\n').length, 1);
	t.notRegex(lines[0]!, /[\u0000-\u001F]/);
});

test('a client that expects to be asked for its body is not asked in vain', async t => {
	const {port, server} = await serve(t, {}, {isReadOnly: true});
	const reply = await raw(port, 'POST /v2/app/blobs/uploads/ HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\nExpect: 100-continue\r\n\r\n');
	t.regex(reply, /^HTTP\/1\.1 405 /);
	t.true(server.url.startsWith('http://127.0.0.1:'));
});

test('a client that expects to be asked is asked when its body is wanted', async t => {
	const {port} = await serve(t);
	const body = 'the blob';
	const socket = net.connect(port, '127.0.0.1');
	socket.setEncoding('latin1');
	let reply = '';
	socket.on('data', (chunk: string) => {
		reply += chunk;
	});
	socket.write(`POST /v2/app/blobs/uploads/?digest=${digestOf(body)} HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n`);
	await until(() => reply.includes('100 Continue'), 'to be asked');
	socket.write(body);
	await once(socket, 'close');
	t.regex(reply, /HTTP\/1\.1 201 /);
});

test('a body that is refused is not read to its end', async t => {
	const {server, lines} = await serve(t, {}, {limits: {blobBytes: 1000}});
	const request = http.request(`${server.url}/v2/app/blobs/uploads/?digest=${digestOf('x')}`, {method: 'POST', headers: {'content-length': 1e10}});
	request.on('error', () => {});
	let sent = 0;
	const send = () => {
		while (sent < 1e9 && request.write(Buffer.alloc(65_536))) {
			sent += 65_536;
		}
	};

	request.on('drain', send);
	send();
	const [response] = await once(request, 'response') as [http.IncomingMessage];
	t.is(response.statusCode, 413);
	t.is(response.headers.connection, 'close');
	response.resume();
	await once(request, 'close');
	t.true(sent < 1e9);
	await until(() => lines.length === 1, 'the log');
	t.regex(lines[0]!, / 413 in=0 /);
});

test('a head that never ends is cut off', async t => {
	const {port} = await serve(t, {patience: {headersMs: 200}});
	const reply = await raw(port, 'GET /v2/ HTTP/1.1\r\nHost: x\r\nX-Slow: ');
	t.regex(reply, /^HTTP\/1\.1 4\d\d /);
});

test('heads that are too long or no HTTP at all are refused', async t => {
	const {port} = await serve(t);
	t.regex(await raw(port, `GET /v2/ HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(100_000)}\r\n\r\n`), /^HTTP\/1\.1 4\d\d |^$/);
	t.regex(await raw(port, 'hello\r\n\r\n'), /^HTTP\/1\.1 400 /);
	t.regex(await raw(port, '\u0016\u0003\u0001\u0002\u0000\u0001'), /^HTTP\/1\.1 400 /); // TLS to a plain port
	t.regex(await raw(port, 'POST /v2/app/blobs/uploads/ HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'), /^HTTP\/1\.1 400 /); // Request smuggling
	t.regex(await raw(port, 'POST /v2/app/blobs/uploads/ HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n'), /^HTTP\/1\.1 400 /);
});

test('a body that stalls is given up, and what came of it is kept', async t => {
	const {port, ask: inside} = await serve(t, {patience: {stallMs: 150}});
	const {headers: {location}} = await inside('POST', '/v2/app/blobs/uploads/');
	const reply = await raw(port, `PATCH ${location!} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf`);
	t.true(reply === '' || reply.includes(' 408 '));
	t.is((await inside('GET', location!)).headers['range'], '0-3');
	t.is((await inside('PUT', `${location!}?digest=${digestOf('half')}`)).status, 201);
});

test('a body that trickles is given up', async t => {
	const {port, ask: inside} = await serve(t, {patience: {stallMs: 10_000, graceMs: 200, minBytesPerSecond: 1000}});
	const {headers: {location}} = await inside('POST', '/v2/app/blobs/uploads/');
	const socket = net.connect(port, '127.0.0.1');
	socket.on('error', () => {});
	socket.resume();
	socket.write(`PATCH ${location!} HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n`);
	const trickle = setInterval(() => socket.write('x'), 20);
	await once(socket, 'close');
	clearInterval(trickle);
	t.is((await inside('GET', location!)).status, 204);
});

test('a client that goes away in the middle of its body leaves what it sent', async t => {
	const {port, ask: inside, lines} = await serve(t);
	const {headers: {location}} = await inside('POST', '/v2/app/blobs/uploads/');
	const socket = net.connect(port, '127.0.0.1');
	socket.on('error', () => {});
	socket.write(`PATCH ${location!} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf`);
	await until(async () => (await inside('GET', location!)).headers['range'] === '0-3', 'the bytes');
	socket.resetAndDestroy();
	await until(() => lines.length === 1, 'the end of the request');
	t.is((await inside('PATCH', location!, {body: ' more', headers: {'content-range': '4-8'}})).status, 202);
	t.is((await inside('PUT', `${location!}?digest=${digestOf('half more')}`)).status, 201);
});

test('a client that takes nothing is let go, without the blob in memory', async t => {
	const {port, ask: inside, lines, registry} = await serve(t, {patience: {sendStallMs: 200}});
	const blob = Buffer.alloc(64 * 1024 * 1024, 1);
	await pushBlob(inside, 'app', blob);
	const before = process.memoryUsage();
	const socket = net.connect(port, '127.0.0.1');
	socket.pause();
	socket.on('error', () => {});
	socket.write(`GET /v2/app/blobs/${digestOf(blob)} HTTP/1.1\r\nHost: x\r\n\r\n`);
	await until(() => lines.length === 1, 'the server to give up');
	const after = process.memoryUsage();
	t.true(after.arrayBuffers + after.external - before.arrayBuffers - before.external < 40 * 1024 * 1024);
	t.is(registry.metrics.inFlight, 0);
	socket.destroy();
	t.is((await ask(`http://127.0.0.1:${port}/v2/`)).status, 200);
});

test('closing waits for transfers, and takes no more', async t => {
	const {server, port, ask: inside} = await serve(t);
	const idle = net.connect(port, '127.0.0.1');
	idle.on('error', () => {});
	await once(idle, 'connect');
	const {headers: {location}} = await inside('POST', '/v2/app/blobs/uploads/');
	const socket = net.connect(port, '127.0.0.1');
	socket.setEncoding('latin1');
	let reply = '';
	socket.on('data', (chunk: string) => {
		reply += chunk;
	});
	socket.write(`PUT ${location!}?digest=${digestOf('to the end')} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nto the`);
	await until(async () => (await inside('GET', location!)).headers['range'] === '0-5', 'the first bytes');
	const closed = server.close();
	await t.throwsAsync(async () => ask(`${server.url}/v2/`));
	socket.write(' end');
	await closed;
	await until(() => reply.includes(' 201 '), 'the reply');
	t.is((await inside('GET', `/v2/app/blobs/${digestOf('to the end')}`)).body.toString(), 'to the end');
});

test('closing does not wait for ever', async t => {
	const {server, port, lines} = await serve(t, {patience: {closeMs: 200}});
	const socket = net.connect(port, '127.0.0.1');
	socket.on('error', () => {});
	socket.write('PUT /v2/app/manifests/v1 HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n');
	await until(async () => new Promise<boolean>(resolve => {
		setImmediate(() => {
			resolve(true);
		});
	}), 'the request');
	await server.close();
	await until(() => lines.length === 1 || socket.destroyed, 'the end');
	t.pass();
});

test('a port that is taken is a conflict, a place that is not ours an error', async t => {
	const {port, registry} = await serve(t);
	const error = await t.throwsAsync(serveRegistry(registry, {host: '127.0.0.1', port}));
	t.true(isEngineError(error, 'conflict'));
	t.regex(error.message, /is in use/);
	await t.throwsAsync(serveRegistry(registry, {host: '192.0.2.1', port: 0}), {message: /can't listen on 192\.0\.2\.1:0/});
});

test('many requests at once are all answered', async t => {
	const {server, ask: inside} = await serve(t);
	const image = await pushImage(inside, 'app', 'v1', ['one']);
	const agent = new http.Agent({keepAlive: true, maxSockets: 50});
	const all = await Promise.all(Array.from({length: 400}, async () => ask(`${server.url}/v2/app/manifests/v1`, {agent, headers: {accept: types.manifest}})));
	t.true(all.every(({status, body}) => status === 200 && body.equals(image.data)));
	agent.destroy();
});

test('figures are on a port of their own', async t => {
	const {ask: inside, registry, server} = await serve(t);
	const metrics = await serveMetrics(() => registry.metricsPage(), {host: '127.0.0.1', port: 0});
	t.teardown(async () => metrics.close());
	await ask(`${server.url}/v2/`);
	await inside('GET', '/v2/');
	const page = await ask(metrics.url);
	t.is(page.status, 200);
	t.is(page.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
	t.regex(page.body.toString(), /^tug_registry_http_requests_total\{route="base",method="GET",code="200"\} 1$/m);
	t.is((await ask(metrics.url.replace('/metrics', '/'))).status, 404);
	t.is((await ask(metrics.url, {method: 'POST'})).status, 404);
	t.is((await ask(`${server.url}/metrics`)).status, 404);
	await t.throwsAsync(serveMetrics(() => '', {host: '127.0.0.1', port: Number(new URL(metrics.url).port)}), {message: /for metrics/});
});

test('with a certificate it speaks TLS and nothing else', async t => {
	const keys = makeKeys(t);
	if (keys === undefined) {
		return;
	}

	const {server, port} = await serve(t, {tls: {cert: Buffer.from(keys.cert), key: Buffer.from(keys.key)}});
	t.true(server.url.startsWith('https://'));
	const agent = new https.Agent({ca: keys.authority});
	t.is((await ask(`${server.url}/v2/`, {agent})).status, 200);
	await t.throwsAsync(async () => ask(`${server.url}/v2/`, {agent: new https.Agent()})); // Who does not know the authority
	t.notRegex(await raw(port, 'GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n'), / 200 /);
	await t.throwsAsync(async () => ask(`${server.url}/v2/`, {agent: new https.Agent({ca: keys.authority, maxVersion: 'TLSv1.1'})}));
});

test('with an authority for clients, only their certificates open it', async t => {
	const keys = makeKeys(t);
	if (keys === undefined) {
		return;
	}

	const {authority: ca, cert, key} = keys;
	const {server} = await serve(t, {tls: {cert: Buffer.from(cert), key: Buffer.from(key), clientCa: Buffer.from(ca)}});
	t.is((await ask(`${server.url}/v2/`, {agent: new https.Agent({ca, cert, key})})).status, 200);
	await t.throwsAsync(async () => ask(`${server.url}/v2/`, {agent: new https.Agent({ca})}));
	const stranger = makeKeys(t)!;
	await t.throwsAsync(async () => ask(`${server.url}/v2/`, {agent: new https.Agent({ca, cert: stranger.cert, key: stranger.key})}));
});

test('a certificate that is none is refused before anything listens', async t => {
	const {registry} = registryLab(t);
	const error = await t.throwsAsync(serveRegistry(registry, {host: '127.0.0.1', port: 0, tls: {cert: Buffer.from('x'), key: Buffer.from('y')}}));
	t.true(isEngineError(error, 'invalidParameter'));
});

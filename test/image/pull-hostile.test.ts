/** Registries that lie, break off, dawdle and send one elsewhere: the message says what happened, and nothing wrong gets a name. */
import {randomBytes} from 'node:crypto';
import fs from 'node:fs';
import type http from 'node:http';
import zlib from 'node:zlib';
import test, {type ExecutionContext} from 'ava';
import {EngineError} from '../../engine/errors.js';
import {journalOf} from '../../engine/registry/download-journal.js';
import {assertSound, hex, idOf, layerWith, tarOf, type TestImage} from '../helpers/image-lab.js';
import {cutAfter, fail, fakeRegistry, sendBlob, types, type FakeRegistry, type Seen} from '../helpers/fake-registry.js';
import {registryLab, type LabOptions, type RegistryLab} from '../helpers/registry-lab.js';

const noise = randomBytes(1_500_000);
const layer = tarOf([{name: 'noise', data: noise}]);
const image: TestImage = {layers: [layer], tags: null};
const layerDigest = `sha256:${hex(layer)}`;

type Scene = RegistryLab & {readonly registry: FakeRegistry; readonly name: string};

async function scene(t: ExecutionContext, options: LabOptions = {}): Promise<Scene | undefined> {
	const lab = await registryLab(t, options);
	if (lab === undefined) {
		return undefined;
	}

	const registry = await fakeRegistry(t);
	registry.put('app', 'latest', image);
	return {...lab, registry, name: `${registry.host}/app`};
}

/** Answers requests for the layer's blob. */
function onLayer(registry: FakeRegistry, answer: (response: http.ServerResponse, request: Seen, count: number) => boolean | void): void {
	let count = 0;
	registry.intercept((request, response) => request.method === 'GET' && request.path.endsWith(layerDigest) && answer(response, request, ++count));
}

async function refused(t: ExecutionContext, {pull, name, store, images}: Scene, expected: RegExp): Promise<EngineError> {
	const error = await t.throwsAsync(pull(name), {instanceOf: EngineError});
	t.regex(error.message, expected);
	t.deepEqual(images.list(), []);
	t.deepEqual(fs.readdirSync(store.layout.layers), []);
	return error;
}

async function accepted(t: ExecutionContext, {pull, name, store, images}: Scene): Promise<void> {
	await pull(name);
	t.is(images.inspect(name).id, idOf(image));
	assertSound(t, store);
}

const lies: ReadonlyArray<readonly [string, (response: http.ServerResponse) => boolean, RegExp]> = [
	['another content of the same length', response => sendBlob(response, Buffer.concat([layer.subarray(0, 1000), randomBytes(1), layer.subarray(1001)]), undefined), /has digest sha256:\w+ instead of|damaged/],
	['a blob that is longer, and says so', response => sendBlob(response, Buffer.concat([layer, layer]), undefined), /has \d+ bytes instead of \d+/],
	['a blob that is shorter, and says so', response => sendBlob(response, layer.subarray(0, 10_000), undefined), /has 10000 bytes instead of \d+/],
	['a web page', response => {
		response.writeHead(200, {'content-type': 'text/html'}).end('<html>log in to the hotel</html>');
		return true;
	}, /was cut off|bytes instead of/],
];

for (const [name, answer, expected] of lies) {
	test(`${name} is refused and not kept`, async t => {
		const place = await scene(t);
		if (place === undefined) {
			return;
		}

		onLayer(place.registry, answer);
		const error = await refused(t, place, expected);
		t.truthy(error.hint);
	});
}

test('a body without an end is cut where the layer should end', async t => {
	const place = await scene(t);
	if (place === undefined) {
		return;
	}

	let sent = 0;
	onLayer(place.registry, response => {
		response.writeHead(200, {'transfer-encoding': 'chunked'});
		const more = () => {
			while (!response.destroyed && response.write(noise)) {
				sent += noise.length;
			}
		};

		response.on('drain', more);
		more();
		return true;
	});
	const error = await refused(t, place, /is longer than it should be/);
	t.is(error.code, 'EINTEGRITY');
	t.true(sent < 100_000_000);
	assertSound(t, place.store);
});

test('a connection that breaks again and again is continued where it broke', async t => {
	const place = await scene(t);
	if (place === undefined) {
		return;
	}

	onLayer(place.registry, (response, {headers}, count) => (count < 8 ? cutAfter(response, layer, 200_000, headers.range) : false));
	await accepted(t, place);
	const ranges = place.registry.requests('GET', new RegExp(layerDigest)).map(({headers}) => headers.range);
	t.is(ranges[0], undefined);
	t.true(ranges.length > 3);
	const starts = ranges.slice(1).map(range => Number(/=(\d+)-/.exec(range ?? '')?.[1]));
	t.deepEqual(starts, [...starts].sort((one, other) => one - other));
	t.true(starts.every(start => start > 0));
});

test('a registry that breaks off and knows no ranges gets another whole try, until it is enough', async t => {
	const place = await scene(t);
	if (place === undefined) {
		return;
	}

	onLayer(place.registry, (response, _, count) => (count < 3 ? cutAfter(response, layer, 700_000) : sendBlob(response, layer, undefined)));
	await accepted(t, place);
});

test('it is enough when nothing more comes', async t => {
	const place = await scene(t);
	if (place === undefined) {
		return;
	}

	onLayer(place.registry, (response, {headers}) => cutAfter(response, layer, 0, headers.range));
	const error = await refused(t, place, /.+/);
	t.is(error.kind, 'unavailable');
	t.is(place.registry.requests('GET', new RegExp(layerDigest)).length, 4);
});

test('what came is kept for the next pull', async t => {
	const place = await scene(t);
	if (place === undefined) {
		return;
	}

	let isBroken = true;
	onLayer(place.registry, (response, {headers}, count) => isBroken && (count === 1 ? cutAfter(response, layer, 1_200_000, headers.range) : fail(response, 404, 'BLOB_UNKNOWN', 'gone')));
	await refused(t, place, /blob unknown: gone/);
	t.true(fs.existsSync(journalOf(place.store.layout.download(layerDigest as never))));
	isBroken = false;
	place.registry.seen.length = 0;
	await accepted(t, place);
	const [request] = place.registry.requests('GET', new RegExp(layerDigest));
	t.regex(request!.headers.range ?? '', /^bytes=\d{6,}-/);
	t.deepEqual(fs.readdirSync(place.store.layout.downloads), []);
});

test('a continuation that turns out damaged begins anew', async t => {
	const place = await scene(t);
	if (place === undefined) {
		return;
	}

	fs.mkdirSync(place.store.layout.downloads, {recursive: true});
	const file = place.store.layout.download(layerDigest as never);
	fs.writeFileSync(file, randomBytes(600_000));
	fs.writeFileSync(journalOf(file), '0 600000\n');
	await accepted(t, place);
	t.deepEqual(place.registry.requests('GET', new RegExp(layerDigest)).map(({headers}) => headers.range), [`bytes=600000-${layer.length - 1}`, undefined]);
});

for (const [name, status, headers] of [['500', 500, {}], ['502 with a page', 502, {'content-type': 'text/html'}], ['503 with a pause', 503, {'retry-after': '0'}], ['429 with a pause', 429, {'retry-after': '0'}]] as const) {
	test(`${name} passes`, async t => {
		const place = await scene(t);
		if (place === undefined) {
			return;
		}

		const counts = new Map<string, number>();
		place.registry.intercept(({path}, response) => {
			const count = (counts.get(path) ?? 0) + 1;
			counts.set(path, count);
			if (count > 2) {
				return false;
			}

			response.writeHead(status, headers).end('<html>');
			return true;
		});
		await accepted(t, place);
		t.true([...counts.values()].every(count => count === 3));
	});
}

test('a registry that stays broken is named, with its status', async t => {
	const place = await scene(t);
	if (place === undefined) {
		return;
	}

	place.registry.intercept((_, response) => {
		response.writeHead(502, {'content-type': 'text/html'}).end('<html>Bad Gateway</html>');
		return true;
	});
	const error = await refused(t, place, /answered with the unexpected HTTP status 502/);
	t.true(error.message.includes(place.registry.host) && error.message.includes('app'));
	t.regex(error.hint ?? '', /web page/);
	t.is(place.registry.seen.length, 4);
});

test('a limit that asks to come back tomorrow is not waited for', async t => {
	const place = await scene(t);
	if (place === undefined) {
		return;
	}

	place.registry.intercept((_, response) => fail(response, 429, 'TOOMANYREQUESTS', 'You have reached your pull rate limit', {'retry-after': '86400'}));
	const error = await refused(t, place, /^toomanyrequests: You have reached your pull rate limit$/);
	t.is(place.registry.seen.length, 1);
	t.regex(error.hint ?? '', /limits how often/);
});

test('redirects in a circle end', async t => {
	const place = await scene(t);
	if (place === undefined) {
		return;
	}

	onLayer(place.registry, (response, {path}) => {
		response.writeHead(307, {location: path}).end();
		return true;
	});
	const error = await refused(t, place, /redirects more than 10 times/);
	t.is(error.code, 'EREDIRECT');
});

for (const location of ['file:///etc/passwd', 'http://', 'data:text/plain,x', '']) {
	test(`a redirect to ${JSON.stringify(location)} is not followed`, async t => {
		const place = await scene(t);
		if (place === undefined) {
			return;
		}

		onLayer(place.registry, response => {
			response.writeHead(307, location === '' ? {} : {location}).end();
			return true;
		});
		const error = await refused(t, place, /redirects (?:to no usable address|more than)/);
		t.is(error.code, 'EREDIRECT');
	});
}

test('a blob store on another host sees no authorization, the registry does', async t => {
	const lab = await registryLab(t);
	if (lab === undefined) {
		return;
	}

	const [registry, elsewhere] = [await fakeRegistry(t), await fakeRegistry(t)];
	registry.put('app', 'latest', {layers: [layer, layerWith('small')], tags: null}, {encode: data => zlib.gzipSync(data), layerType: types.layerGzip});
	elsewhere.intercept(({path, headers}, response) => {
		const content = registry.blobs.get(/sha256:\w+/.exec(path)?.[0] ?? '');
		return content !== undefined && sendBlob(response, content, headers.range);
	});
	registry.intercept(({path, headers}, response) => {
		if (headers.authorization === undefined) {
			response.writeHead(401, {'www-authenticate': 'Basic realm="x"'}).end();
			return true;
		}

		if (path.includes('/blobs/')) {
			response.writeHead(307, {location: `http://${elsewhere.host}/store/${path.split('/').at(-1)!}?signature=s3cret`}).end();
			return true;
		}

		return false;
	});
	await lab.pull(`${registry.host}/app`, {credentials: {username: 'me', password: 'pass'}});
	t.true(elsewhere.seen.length >= 3);
	for (const {headers} of elsewhere.seen) {
		t.is(headers.authorization, undefined);
		t.is(headers.cookie, undefined);
	}

	assertSound(t, lab.store);
});

test('a manifest of 100 MB is not read to its end', async t => {
	const place = await scene(t);
	if (place === undefined) {
		return;
	}

	let sent = 0;
	place.registry.intercept(({path}, response) => {
		if (!path.includes('/manifests/')) {
			return false;
		}

		response.writeHead(200, {'content-type': types.manifest, 'content-length': 100_000_000});
		const more = () => {
			while (!response.destroyed && sent < 100_000_000 && response.write(noise)) {
				sent += noise.length;
			}
		};

		response.on('drain', more);
		more();
		return true;
	});
	const error = await refused(t, place, /is larger than 4194304 bytes/);
	t.is(error.code, 'ETOOLARGE');
	t.true(sent < 50_000_000);
});

const manifests: ReadonlyArray<readonly [string, string, string, RegExp]> = [
	['of schema 1', 'application/vnd.docker.distribution.manifest.v1+prettyjws', '{"schemaVersion":1,"name":"x","fsLayers":[]}', /is of the old schema 1, which is not supported/],
	['of a type nobody knows', 'application/x-something', '{}', /has the unsupported media type "application\/x-something"/],
	['that is a web page', 'text/html; charset=utf-8', '<!doctype html><p>Log in', /unexpected HTTP status 200/],
	['that is no JSON', types.manifest, '{"schemaVersion":2,', /is not valid JSON/],
	['without layers', types.manifest, '{"schemaVersion":2,"config":{}}', /.+/],
	['with a digest that is none', types.manifest, '{"schemaVersion":2,"config":{"digest":"sha256:../../etc/passwd","size":1},"layers":[]}', /is not a sha256 digest/],
	['with a negative size', types.manifest, `{"schemaVersion":2,"config":{"mediaType":"${types.config}","digest":"sha256:${'0'.repeat(64)}","size":-1},"layers":[]}`, /is not a whole number/],
	['that is a list of nothing', types.index, '{"schemaVersion":2,"manifests":[]}', /no matching manifest/],
];

for (const [name, mediaType, body, expected] of manifests) {
	test(`a manifest ${name} is refused`, async t => {
		const place = await scene(t);
		if (place === undefined) {
			return;
		}

		place.registry.manifests.set('app/latest', {mediaType, data: Buffer.from(body)});
		await refused(t, place, expected);
	});
}

test('a manifest that is not what its digest says is refused, by header and by name', async t => {
	const place = await scene(t);
	if (place === undefined) {
		return;
	}

	const {data} = place.registry.manifests.get('app/latest')!;
	place.registry.intercept(({path}, response) => {
		if (path.includes('/manifests/')) {
			response.writeHead(200, {'content-type': types.manifest, 'docker-content-digest': `sha256:${'1'.repeat(64)}`}).end(data);
			return true;
		}

		return false;
	});
	t.is((await refused(t, place, /has digest sha256:\w+ instead of sha256:1{64}/)).code, 'EINTEGRITY');
	t.regex((await t.throwsAsync(place.pull(`${place.name}@sha256:${'2'.repeat(64)}`))).message, /instead of sha256:2{64}/);
});

test('a config that is not what the manifest says is refused', async t => {
	const place = await scene(t);
	if (place === undefined) {
		return;
	}

	place.registry.intercept(({path, method}, response) => method === 'GET' && path.includes('/blobs/') && !path.endsWith(layerDigest) && sendBlob(response, Buffer.from('{}'.padEnd(300)), undefined));
	await refused(t, place, /has \d+ bytes instead of|is larger than/);
});

test('a layer that unpacks to another diff id is refused', async t => {
	const place = await scene(t);
	if (place === undefined) {
		return;
	}

	const other = tarOf([{name: 'other', data: 'x'}]);
	const entry = place.registry.manifests.get('app/latest')!;
	const document = JSON.parse(entry.data.toString()) as {layers: unknown[]};
	place.registry.blobs.set(`sha256:${hex(other)}`, other);
	place.registry.manifests.set('app/latest', {...entry, data: Buffer.from(JSON.stringify({...document, layers: [{mediaType: types.layer, digest: `sha256:${hex(other)}`, size: other.length}]}))});
	const error = await refused(t, place, /unpacks to sha256:\w+ instead of sha256:\w+/);
	t.is(error.code, 'EINTEGRITY');
	assertSound(t, place.store);
});

test('gzip that is damaged in the middle is refused', async t => {
	const lab = await registryLab(t);
	if (lab === undefined) {
		return;
	}

	const registry = await fakeRegistry(t);
	registry.put('app', 'latest', image, {
		encode(data) {
			const packed = zlib.gzipSync(data);
			packed.fill(0x55, 500_000, 501_000);
			return packed;
		},
		layerType: types.layerGzip,
	});
	await refused(t, {...lab, registry, name: `${registry.host}/app`}, /compressed data is damaged|instead of/);
	assertSound(t, lab.store);
});

test('a slow trickle is given up, with what came kept', async t => {
	const place = await scene(t, {download: {stallMs: 150}});
	if (place === undefined) {
		return;
	}

	onLayer(place.registry, (response, {headers}, count) => {
		if (count > 2) {
			return false;
		}

		const [, start = '0'] = /=(\d+)-/.exec(headers.range ?? '') ?? [];
		response.writeHead(headers.range === undefined ? 200 : 206, {'content-length': layer.length - Number(start), ...(headers.range === undefined ? {} : {'content-range': `bytes ${start}-${layer.length - 1}/${layer.length}`})});
		let position = Number(start);
		const timer = setInterval(() => {
			if (response.destroyed) {
				clearInterval(timer);
			} else {
				response.write(layer.subarray(position, ++position));
			}
		}, 20);
		return true;
	});
	await accepted(t, place);
	const starts = place.registry.requests('GET', new RegExp(layerDigest)).map(({headers}) => Number(/=(\d+)-/.exec(headers.range ?? '')?.[1] ?? 0));
	t.is(starts.length, 3);
	t.true(starts[1]! > 0 && starts[2]! > starts[1]!, starts.join(' '));
});

test('a registry that says nothing at all is given up', async t => {
	const place = await scene(t, {silenceMs: 100});
	if (place === undefined) {
		return;
	}

	place.registry.intercept(() => true);
	const error = await refused(t, place, /time-out/);
	t.is(error.kind, 'unavailable');
	t.true(place.registry.seen.length <= 4);
});

test('a part that was not asked for is refused', async t => {
	const place = await scene(t, {download: {partBytes: 400_000}});
	if (place === undefined) {
		return;
	}

	onLayer(place.registry, response => {
		response.writeHead(206, {'content-range': `bytes 5-104/${layer.length}`, 'content-length': 100}).end(layer.subarray(5, 105));
		return true;
	});
	await refused(t, place, /sent another part than it was asked for/);
});

test('401 for ever ends', async t => {
	const place = await scene(t);
	if (place === undefined) {
		return;
	}

	place.registry.intercept(({path}, response) => {
		if (path.startsWith('/token')) {
			response.end('{"token":"t"}');
			return true;
		}

		response.writeHead(401, {'www-authenticate': `Bearer realm="http://${place.registry.host}/token",service="s"`}).end();
		return true;
	});
	const error = await refused(t, place, /pull access denied/);
	t.is(error.kind, 'notFound');
	t.true(place.registry.seen.length < 12);
});

test('a full disk is told before the first byte', async t => {
	const lab = await registryLab(t);
	if (lab === undefined) {
		return;
	}

	const registry = await fakeRegistry(t);
	registry.put('app', 'latest', image);
	const entry = registry.manifests.get('app/latest')!;
	registry.manifests.set('app/latest', {...entry, data: Buffer.from(entry.data.toString().replace(`"size":${layer.length}`, '"size":9007199254740000'))});
	const error = await refused(t, {...lab, registry, name: `${registry.host}/app`}, /^not enough space in /);
	t.is(error.code, 'ENOSPC');
	t.is(registry.requests('GET', new RegExp(layerDigest)).length, 0);
});

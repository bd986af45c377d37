import test from 'ava';
import {isEngineError} from '../../engine/errors.js';
import {chainIds} from '../../engine/oci/chain-id.js';
import {parseDescriptor} from '../../engine/oci/descriptor.js';
import {digestHex, parseDiffId, parseDigest, type DiffId, type Digest} from '../../engine/oci/digest.js';
import {parseImageConfig, serializeImageConfig} from '../../engine/oci/image-config.js';
import {parseIndex, serializeIndex} from '../../engine/oci/image-index.js';
import {maxJsonBytes} from '../../engine/oci/json-shape.js';
import {isRunnable, parseManifest, serializeManifest} from '../../engine/oci/manifest.js';
import {isImageConfigType, isIndexType, isManifestType, layerMediaType} from '../../engine/oci/media-type.js';

const digest = `sha256:${'1'.repeat(64)}` as Digest;
const descriptor = {mediaType: 'application/vnd.oci.image.layer.v1.tar', digest, size: 3};

test('digests are sha256 with 64 lower-case hex characters, nothing else', t => {
	t.is(parseDigest(digest), digest);
	t.is<string | undefined, string>(parseDiffId(digest), digest);
	t.is(digestHex(digest), '1'.repeat(64));
	for (const bad of ['', 'sha256:', `sha256:${'A'.repeat(64)}`, `sha512:${'a'.repeat(128)}`, `sha256:${'a'.repeat(63)}/`, `sha256:../${'a'.repeat(61)}`, `${digest}\n`, 7, null, undefined]) {
		t.is(parseDigest(bad), undefined);
		t.is(parseDiffId(bad), undefined);
	}
});

test('a descriptor is read, unknown members are dropped', t => {
	const platform = {os: 'linux', architecture: 'arm64', variant: 'v8'};
	t.deepEqual(parseDescriptor({...descriptor, platform, annotations: {a: 'b'}, urls: ['x'], junk: 1}, 'd'), {...descriptor, platform, annotations: {a: 'b'}});
});

const badDescriptor = test.macro({
	exec(t, change: Record<string, unknown>, message: RegExp) {
		t.throws(() => parseDescriptor({...descriptor, ...change}, 'd'), {message});
	},
	title: (_, change) => `a descriptor with ${JSON.stringify(change)} is refused`,
});

test(badDescriptor, {digest: 'sha256:../../etc/passwd'}, /d\.digest is not a sha256 digest/);
test(badDescriptor, {digest: null}, /d\.digest is not a sha256 digest/);
test(badDescriptor, {size: -1}, /d\.size is not a whole number/);
test(badDescriptor, {size: 1.5}, /d\.size is not a whole number/);
test(badDescriptor, {size: 1e300}, /d\.size is not a whole number/);
test(badDescriptor, {size: '3'}, /d\.size is not a whole number/);
test(badDescriptor, {annotations: {a: 1}}, /d\.annotations\.a is not a string/);
test(badDescriptor, {platform: 'linux'}, /d\.platform is not an object/);

test('a manifest written is read back, always the same bytes', t => {
	const config = {...descriptor, mediaType: 'application/vnd.oci.image.config.v1+json'};
	const data = serializeManifest({config, layers: [descriptor, descriptor]});
	t.deepEqual(parseManifest(data), {mediaType: 'application/vnd.oci.image.manifest.v1+json', config, layers: [descriptor, descriptor]});
	t.deepEqual(data, serializeManifest({config: {...config, annotations: {x: 'y'}}, layers: [descriptor, descriptor]}));
	t.true(isRunnable(parseManifest(data)));
});

test('an artifact is not runnable', t => {
	const data = JSON.stringify({schemaVersion: 2, config: {...descriptor, mediaType: 'application/vnd.in-toto+json'}, layers: []});
	t.false(isRunnable(parseManifest(data)));
});

const badManifest = test.macro({
	exec(t, text: string, message: RegExp) {
		const error = t.throws(() => parseManifest(text, 'm'), {message});
		t.true(isEngineError(error, 'invalidParameter'));
	},
	title: (_, text: string, message: RegExp) => `the manifest ${text.slice(0, 40)} is refused: ${message.source}`,
});

test(badManifest, '', /m is not valid JSON/);
test(badManifest, '[]', /m is not an object/);
test(badManifest, 'null', /m is not an object/);
test(badManifest, '{"schemaVersion":1}', /schema version 1; only 2/);
test(badManifest, '{"schemaVersion":2,"config":{}}', /m\.layers is not a list/);
test(badManifest, JSON.stringify({schemaVersion: 2, config: descriptor, layers: [null]}), /m\.layers\[0] is not an object/);
test(badManifest, JSON.stringify({schemaVersion: 2, config: descriptor, layers: Array.from({length: 2000}, () => descriptor)}), /more than 1024/);

test('a document over the limit is refused before it is parsed', t => {
	t.throws(() => parseManifest(' '.repeat(maxJsonBytes + 1), 'm'), {message: /m is larger than/});
});

test('an index is read; one without manifests is empty', t => {
	t.deepEqual(parseIndex('{"schemaVersion":2,"manifests":null}').manifests, []);
	t.deepEqual(parseIndex(serializeIndex({manifests: [descriptor]})).manifests, [descriptor]);
	t.throws(() => parseIndex('{"schemaVersion":2,"manifests":{}}'), {message: /is not a list/});
});

test('a configuration of Go\'s, with nulls everywhere, is read', t => {
	const config = parseImageConfig(JSON.stringify({
		architecture: 'amd64',
		os: 'linux',
		variant: '',
		created: null,
		config: {User: '', Env: null, Cmd: null, Entrypoint: null, Labels: null, Volumes: {'/data': {}}, ExposedPorts: {'80/tcp': {}}, OnBuild: null, ArgsEscaped: true, Healthcheck: {Test: ['CMD', 'x'], Interval: 30_000_000_000}},
		history: [{created: '2026-01-01T00:00:00Z', created_by: 'x', empty_layer: true}, {}],
		rootfs: {type: 'layers', diff_ids: null},
	}));
	t.deepEqual(config, {
		platform: {os: 'linux', architecture: 'amd64'},
		defaults: {User: '', Volumes: {'/data': {}}, ExposedPorts: {'80/tcp': {}}, ArgsEscaped: true, Healthcheck: {Test: ['CMD', 'x'], Interval: 30_000_000_000}},
		diffIds: [],
		history: [{created: '2026-01-01T00:00:00Z', createdBy: 'x', emptyLayer: true}, {emptyLayer: false}],
	});
});

test('a command that is a bare string is a list of one', t => {
	t.deepEqual(parseImageConfig('{"config":{"Cmd":"sh"},"rootfs":{}}').defaults.Cmd, ['sh']);
});

const badConfig = test.macro({
	exec(t, value: unknown, message: RegExp) {
		t.throws(() => parseImageConfig(JSON.stringify(value), 'c'), {message});
	},
	title: (_, value) => `the config ${JSON.stringify(value)} is refused`,
});

test(badConfig, {}, /c\.rootfs is not an object/);
test(badConfig, {rootfs: {diff_ids: ['sha256:x']}}, /c\.rootfs\.diff_ids\[0] is not a sha256 digest/);
test(badConfig, {rootfs: {}, config: {Env: [1]}}, /c\.config\.Env\[0] is not a string/);
test(badConfig, {rootfs: {}, config: {Labels: []}}, /c\.config\.Labels is not an object/);
test(badConfig, {rootfs: {}, history: 'x'}, /c\.history is not a list/);

test('a configuration written is read back, and the same content gives the same bytes', t => {
	const parts = {
		platform: {os: 'linux', architecture: 'arm64', variant: 'v8'},
		created: '2026-01-01T00:00:00Z',
		author: 'me',
		defaults: {Cmd: ['sh'], Labels: {a: 'b'}},
		diffIds: [digest as string as DiffId],
		history: [{created: '2026-01-01T00:00:00Z', createdBy: 'x', comment: 'c', author: 'me', emptyLayer: false}, {emptyLayer: true}],
	};
	const read = parseImageConfig(serializeImageConfig(parts));
	t.deepEqual(read, {...parts});
	t.deepEqual(serializeImageConfig(parts), serializeImageConfig({...parts}));
});

test('chain ids are those of the specification', t => {
	const [a, b] = [`sha256:${'a'.repeat(64)}` as DiffId, `sha256:${'b'.repeat(64)}` as DiffId];
	t.deepEqual(chainIds([]), []);
	t.is(chainIds([a])[0] as string, a);
	// printf 'sha256:aaa… sha256:bbb…' | sha256sum
	t.is(chainIds([a, b])[1] as string, 'sha256:ccd722928bd92476ba1745586fed6e45a102504185ad88cd89e01ff116fd146c');
	t.not(chainIds([a, b])[1], chainIds([b, a])[1]);
});

test('media types of OCI and docker are told apart by what they are', t => {
	t.true(isIndexType('application/vnd.docker.distribution.manifest.list.v2+json'));
	t.true(isManifestType('application/vnd.oci.image.manifest.v1+json'));
	t.false(isManifestType('application/vnd.oci.image.index.v1+json'));
	t.true(isImageConfigType('application/vnd.docker.container.image.v1+json'));
	t.is(layerMediaType('zstd'), 'application/vnd.oci.image.layer.v1.tar+zstd');
});

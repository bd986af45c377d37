import test from 'ava';
import {readManifest} from '../../engine/registry-server/manifest-document.js';
import {RegistryError} from '../../engine/registry-server/registry-error.js';
import {descriptor, digestOf, imageOf, types} from '../helpers/registry-server-lab.js';

const blob = descriptor(types.layer, 'x');
const config = descriptor(types.config, 'c');

const good = test.macro({
	exec(t, document: unknown, type: string | undefined, expected: string) {
		t.is(readManifest(Buffer.from(JSON.stringify(document)), type).mediaType, expected);
	},
	title: (what = '') => what,
});

const manifest = {schemaVersion: 2, config, layers: [blob]};
const index = {schemaVersion: 2, manifests: [descriptor(types.manifest, 'm')]};

test('the type is the header\'s', good, manifest, types.manifest, types.manifest);
test('the type is docker\'s where the header says so', good, manifest, types.dockerManifest, types.dockerManifest);
test('parameters of the header do not count', good, manifest, `${types.manifest}; charset=utf-8`, types.manifest);
test('nor does its case', good, manifest, types.manifest.toUpperCase(), types.manifest);
test('without a header the document tells', good, {...manifest, mediaType: types.dockerManifest}, undefined, types.dockerManifest);
test('as it does for a header that says nothing', good, {...manifest, mediaType: types.manifest}, 'application/json', types.manifest);
test('a document without a type is what its form is', good, manifest, undefined, types.manifest);
test('an index without a type as well', good, index, 'application/octet-stream', types.index);
test('an index', good, {...index, mediaType: types.index}, types.index, types.index);
test('a manifest list', good, index, types.dockerList, types.dockerList);
test('an index of nothing', good, {schemaVersion: 2, manifests: []}, types.index, types.index);
test('nulls are as good as absent', good, {...manifest, mediaType: null, annotations: null, subject: null, manifests: null}, types.manifest, types.manifest);
test('members nobody knows', good, {...manifest, x: {y: [1]}}, types.manifest, types.manifest);

const bad = test.macro({
	exec(t, document: unknown, type: string | undefined, message: RegExp) {
		const text = typeof document === 'string' ? document : JSON.stringify(document);
		const error = t.throws(() => readManifest(Buffer.from(text), type), {instanceOf: RegistryError});
		t.is(error.code, 'MANIFEST_INVALID');
		t.is(error.status, 400);
		t.regex(error.message, message);
		t.true(error.message.length < 1000);
	},
	title: (what = '') => `refused: ${what}`,
});

test('an empty body', bad, '', types.manifest, /JSON/);
test('half a document', bad, '{"schemaVersion":2,', types.manifest, /JSON/);
test('a list', bad, [], types.manifest, /not an object/);
test('null', bad, 'null', types.manifest, /not an object/);
test('text', bad, '"manifest"', types.manifest, /not an object/);
test('bytes that are no text', bad, '\u00FF\u0000', types.manifest, /JSON/);
test('deep nesting that breaks parsers', bad, `${'['.repeat(100_000)}`, types.manifest, /JSON/);
test('schema 1', bad, {schemaVersion: 1, fsLayers: []}, 'application/vnd.docker.distribution.manifest.v1+prettyjws', /not supported/);
test('another schema version', bad, {...manifest, schemaVersion: 3}, types.manifest, /schema version 3/);
test('no schema version', bad, {config, layers: []}, types.manifest, /schema version/);
test('an unknown type in the header', bad, manifest, 'application/vnd.oci.artifact.manifest.v1+json', /not supported/);
test('an unknown type in the document', bad, {...manifest, mediaType: 'text/plain'}, undefined, /not supported/);
test('a header and a document that disagree', bad, {...manifest, mediaType: types.dockerManifest}, types.manifest, /says that it is/);
test('a manifest called an index', bad, manifest, types.index, /no member config/);
test('an index called a manifest', bad, index, types.manifest, /no member manifests/);
test('a document that is both', bad, {...manifest, ...index}, types.manifest, /no member manifests/);
test('a document that is both, called an index', bad, {...manifest, ...index}, types.index, /no member config/);
test('schema 1 layers in a manifest', bad, {...manifest, fsLayers: []}, types.manifest, /fsLayers/);
test('no config', bad, {schemaVersion: 2, layers: []}, types.manifest, /config/);
test('no layers', bad, {schemaVersion: 2, config}, types.manifest, /layers/);
test('layers that are no list', bad, {schemaVersion: 2, config, layers: {}}, types.manifest, /not a list/);
test('a layer that is no descriptor', bad, {...manifest, layers: ['x']}, types.manifest, /not an object/);
test('a digest that is a path', bad, {...manifest, layers: [{...blob, digest: 'sha256:../../../../etc/passwd'}]}, types.manifest, /not a sha256 digest/);
test('a digest of another algorithm', bad, {...manifest, layers: [{...blob, digest: `sha512:${'0'.repeat(128)}`}]}, types.manifest, /not a sha256 digest/);
test('a negative size', bad, {...manifest, layers: [{...blob, size: -1}]}, types.manifest, /whole number/);
test('a size that is text', bad, {...manifest, config: {...config, size: '1'}}, types.manifest, /whole number/);
test('a size beyond numbers', bad, {...manifest, layers: [{...blob, size: 1e30}]}, types.manifest, /whole number/);
test('a media type that is a number', bad, {...manifest, mediaType: 5}, types.manifest, /not a string/);
test('annotations that are no texts', bad, {...manifest, annotations: {a: 1}}, types.manifest, /not a string/);
test('a subject that is no descriptor', bad, {...manifest, subject: 'sha256:1'}, types.manifest, /not an object/);
test('a subject with a bad digest', bad, {...manifest, subject: {...blob, digest: 'x'}}, types.manifest, /not a sha256 digest/);
test('an artifact type that is a list', bad, {...manifest, artifactType: []}, types.manifest, /not a string/);
test('manifests that are no list', bad, {schemaVersion: 2, manifests: 'x'}, types.index, /not a list/);
test('more layers than anything can mount', bad, {...manifest, layers: Array.from({length: 5000}, () => blob)}, types.manifest, /more than/);

test('a manifest names its configuration and layers', t => {
	const {manifest: data, config: configText} = imageOf(['one', 'two']);
	const document = readManifest(data);
	t.deepEqual(document.blobs.map(({digest}) => digest as string), [digestOf(configText), digestOf('one'), digestOf('two')]);
	t.is(document.imageId as string, digestOf(configText));
	t.deepEqual(document.children, []);
	t.is(document.artifactType, types.config);
	t.false(document.isIndex);
});

test('foreign layers need not be there', t => {
	const foreign = {...blob, mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip', urls: ['https://example.com']};
	const nondistributable = {...blob, mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip'};
	const {blobs} = readManifest(Buffer.from(JSON.stringify({schemaVersion: 2, config, layers: [foreign, nondistributable]})));
	t.deepEqual(blobs.map(({mediaType}) => mediaType), [types.config]);
});

test('an artifact has its own type, or that of its configuration', t => {
	const read = (more: object) => readManifest(Buffer.from(JSON.stringify({schemaVersion: 2, config: {...config, mediaType: 'application/x'}, layers: [], ...more})));
	t.is(read({}).artifactType, 'application/x');
	t.is(read({artifactType: 'application/y'}).artifactType, 'application/y');
	t.is(read({artifactType: ''}).artifactType, 'application/x');
	t.is(read({}).imageId, undefined);
	t.is(readManifest(Buffer.from(JSON.stringify(index))).artifactType, undefined);
});

/** What holds for any reference, digest list, platform and document, however odd. */
import {createHash} from 'node:crypto';
import test from 'ava';
import fc from 'fast-check';
import {EngineError} from '../../engine/errors.js';
import {chainIds} from '../../engine/oci/chain-id.js';
import {digestHex, parseDiffId, parseDigest, type DiffId, type Digest} from '../../engine/oci/digest.js';
import {parseImageConfig, serializeImageConfig} from '../../engine/oci/image-config.js';
import {parseIndex, serializeIndex} from '../../engine/oci/image-index.js';
import {parseManifest, serializeManifest} from '../../engine/oci/manifest.js';
import {mediaTypes} from '../../engine/oci/media-type.js';
import {choosePlatform, formatPlatform, hostPlatform, parsePlatformName, type Platform} from '../../engine/oci/platform.js';
import {canonicalReference, familiarReference, parseReference, tryParseReference, withDefaultTag} from '../../engine/oci/reference.js';

const letters = (text: string, lengths: {readonly minLength: number; readonly maxLength: number}) => fc.string({unit: fc.constantFrom(...text), ...lengths});
const word = letters('abz019', {minLength: 1, maxLength: 6});
const component = fc.tuple(word, fc.array(fc.tuple(fc.constantFrom('.', '_', '__', '-', '---'), word), {maxLength: 2})).map(([first, rest]) => first + rest.flat().join(''));
const host = fc.oneof(fc.constant('localhost'), fc.tuple(word, word).map(parts => parts.join('.')), fc.tuple(component.filter(text => !text.includes('_')), fc.integer({min: 1, max: 65_535})).map(([name, port]) => `${name}:${port}`), fc.constant('[::1]:5000'), fc.constant('UPPER'));
const tag = fc.tuple(letters('aZ0_', {minLength: 1, maxLength: 1}), letters('aZ0_.-', {minLength: 0, maxLength: 127})).map(parts => parts.join(''));
const digest = letters('0123456789abcdef', {minLength: 64, maxLength: 64}).map(hex => `sha256:${hex}` as Digest);
const reference = fc.record({host: fc.option(host), path: fc.array(component, {minLength: 1, maxLength: 3}), tag: fc.option(tag), digest: fc.option(digest)})
	.map(({host: domain, path, tag: name, digest: of}) => `${domain === null ? '' : `${domain}/`}${path.join('/')}${name === null ? '' : `:${name}`}${of === null ? '' : `@${of}`}`)
	// Without a host, what looks like one in its place is one.
	.filter(text => !/^[\da-f]{64}$/.test(text) && !/^[^/]*_[^/]*[.][^/]*\/|^[^/]*[.][^/]*_[^/]*\//.test(text));

test('every reference of the grammar is read, and its forms mean the same', t => {
	fc.assert(fc.property(reference, text => {
		const parsed = parseReference(text);
		t.deepEqual(parseReference(canonicalReference(parsed)), parsed);
		t.deepEqual(parseReference(familiarReference(parsed)), parsed);
		t.true(familiarReference(parsed).length <= canonicalReference(parsed).length);
		t.is(withDefaultTag(parsed).tag ?? withDefaultTag(parsed).digest, parsed.tag ?? parsed.digest ?? 'latest');
	}), {numRuns: 500});
});

test('no text at all makes reading a reference fail in another way than by saying so', t => {
	const text = fc.oneof(fc.string(), fc.string({unit: 'binary'}), fc.tuple(reference, fc.string({maxLength: 3}), fc.nat(80)).map(([good, bad, at]) => good.slice(0, at) + bad + good.slice(at)));
	fc.assert(fc.property(text, unsafe => {
		const parsed = tryParseReference(unsafe);
		if (parsed === undefined) {
			const error = t.throws(() => parseReference(unsafe));
			t.true(error instanceof EngineError && error.kind === 'invalidParameter');
		} else {
			t.deepEqual(parseReference(canonicalReference(parsed)), parsed);
			// They become parts of addresses, headers and file names.
			t.notRegex(`${parsed.domain}/${parsed.path}`, /[^\w.:/[\]-]|\.\.|\/\//);
			t.notRegex(parsed.tag ?? 'x', /[^\w.-]|^[.-]/);
		}
	}), {numRuns: 2000});
});

test('reading a reference takes no longer for texts made to make it so', t => {
	for (const text of [`${'a-'.repeat(50_000)}!`, `${'a'.repeat(100_000)}!`, `${'a/'.repeat(50_000)}A`, `a:${'b'.repeat(100_000)}`, `${'-'.repeat(100_000)}`, `a@sha256:${'0'.repeat(100_000)}`, `${'a.'.repeat(50_000)}:1/b`]) {
		t.is(tryParseReference(text), undefined);
	}
});

test('only sha256 of 64 small hexadecimal digits is a digest, and it is safe as a name', t => {
	fc.assert(fc.property(fc.oneof(digest, digest.map(text => text.toUpperCase()), digest.map(text => `${text}\n`), digest.map(text => text.slice(1)), fc.string(), fc.anything()), unsafe => {
		const parsed = parseDigest(unsafe);
		t.is(parsed, parseDiffId(unsafe) as unknown as typeof parsed);
		if (parsed === undefined) {
			t.notRegex(String(typeof unsafe === 'string' ? unsafe : ''), /^sha256:[\da-f]{64}$(?![\n])/);
		} else {
			t.regex(digestHex(parsed), /^[\da-f]{64}$/);
		}
	}), {numRuns: 500});
});

test('a chain id depends on all layers below it, in their order', t => {
	fc.assert(fc.property(fc.array(digest, {minLength: 1, maxLength: 6}), diffIds => {
		const chain = chainIds(diffIds as string[] as DiffId[]);
		// Image-spec config.md: ChainID(L0|…|Ln) = Digest(ChainID(L0|…|Ln-1) + " " + DiffID(Ln)).
		const wanted = diffIds.reduce<string | undefined>((below, diffId) => (below === undefined ? diffId : `sha256:${createHash('sha256').update(`${below} ${diffId}`).digest('hex')}`), undefined);
		t.is(chain.at(-1), wanted as typeof chain[0]);
		t.is(chain.length, diffIds.length);
		t.deepEqual(chain.slice(0, -1), chainIds(diffIds.slice(0, -1) as string[] as DiffId[]));
	}));
});

test('of several platforms the best is independent of their order', t => {
	const platform = fc.record({os: fc.constantFrom('linux', 'windows'), architecture: fc.constantFrom('amd64', 'arm64', 'arm'), variant: fc.constantFrom('v1', 'v5', 'v6', 'v7', 'v8', 'v9', undefined)}).map(({variant, ...rest}): Platform => (variant === undefined ? rest : {...rest, variant}));
	fc.assert(fc.property(fc.uniqueArray(platform, {maxLength: 8, selector: found => formatPlatform(found)}), platform, (offered, wanted) => {
		const candidates = offered.map(found => ({platform: found}));
		const best = choosePlatform(candidates, wanted);
		const reversed = choosePlatform([...candidates].reverse(), wanted);
		t.is(best === undefined, reversed === undefined);
		if (best !== undefined) {
			t.is(best.platform.os, wanted.os);
			t.is(best.platform.architecture, wanted.architecture);
		}

		if (offered.some(found => formatPlatform(found) === formatPlatform(wanted))) {
			t.not(best, undefined);
		}
	}), {numRuns: 500});
});

test('platform names are read as they are written', t => {
	for (const architecture of ['x64', 'arm64', 'arm', 's390x', 'riscv64', 'ppc64', 'ia32', 'loong64']) {
		t.deepEqual(parsePlatformName(formatPlatform(hostPlatform(architecture))), hostPlatform(architecture));
	}

	fc.assert(fc.property(fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', 'linux/__proto__', 'linux/constructor')), text => {
		try {
			const platform = parsePlatformName(text);
			t.regex(formatPlatform(platform), /^[\w-]+\/[\w-]+(?:\/[\w-]+)?$/);
		} catch (error) {
			t.true(error instanceof EngineError && error.kind === 'invalidParameter');
		}
	}));
});

const descriptor = fc.record({mediaType: fc.constantFrom(...Object.values(mediaTypes)), digest, size: fc.nat()});

test('documents are read as they were written', t => {
	fc.assert(fc.property(fc.array(descriptor, {maxLength: 5}), descriptor, (layers, config) => {
		const manifest = parseManifest(serializeManifest({config: {...config, mediaType: mediaTypes.config}, layers}));
		t.deepEqual(manifest.layers as unknown, layers);
		t.is(manifest.config.digest, config.digest);
		t.deepEqual(parseIndex(serializeIndex({manifests: layers})).manifests as unknown, layers);
	}));
	fc.assert(fc.property(fc.array(digest, {maxLength: 4}), fc.record({Cmd: fc.array(fc.string(), {minLength: 1}), Env: fc.array(fc.string().map(text => `A=${text}`)), User: fc.string()}), (diffIds, defaults) => {
		const written = serializeImageConfig({platform: hostPlatform(), created: '2026-01-02T03:04:05Z', defaults, diffIds: diffIds as string[] as DiffId[], history: []});
		const config = parseImageConfig(written);
		t.deepEqual(config.diffIds as unknown, diffIds);
		t.deepEqual(config.defaults.Cmd as unknown, defaults.Cmd);
	}));
});

test('no JSON at all makes a document\'s reader fail in another way than by saying so', t => {
	const odd = fc.oneof(fc.json(), fc.string(), fc.tuple(fc.constantFrom('config', 'layers', 'manifests', 'rootfs', 'history', 'schemaVersion', '__proto__', 'constructor'), fc.json()).map(([key, value]) => `{${JSON.stringify(key)}:${value}}`));
	fc.assert(fc.property(odd, text => {
		for (const parse of [parseManifest, parseIndex, parseImageConfig]) {
			try {
				parse(Buffer.from(text));
			} catch (error) {
				t.true(error instanceof EngineError && error.kind === 'invalidParameter', String(error));
			}
		}
	}), {numRuns: 1000});
});

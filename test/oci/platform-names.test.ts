import process from 'node:process';
import test from 'ava';
import {formatPlatform, hostPlatform, parsePlatformName} from '../../engine/oci/platform.js';
import {isLayerType, ociLayerType} from '../../engine/oci/media-type.js';

const here = hostPlatform().architecture;

for (const [name, expected] of [
	['linux/amd64', 'linux/amd64'],
	['linux/arm64', 'linux/arm64'],
	['linux/arm64/v8', 'linux/arm64/v8'],
	['linux/arm', 'linux/arm/v7'],
	['linux/arm/v6', 'linux/arm/v6'],
	['linux/armhf', 'linux/arm/v7'],
	['linux/armel', 'linux/arm/v6'],
	['linux/x86_64', 'linux/amd64'],
	['linux/aarch64', 'linux/arm64'],
	['linux/i386', 'linux/386'],
	['LINUX/AMD64', 'linux/amd64'],
	['arm64', 'linux/arm64'],
	['s390x', 'linux/s390x'],
	['windows/amd64', 'windows/amd64'],
	['linux', `linux/${here}`],
] as const) {
	test(`--platform ${name} means ${expected}`, t => {
		t.is(formatPlatform(parsePlatformName(name)).replace(`${here}/v8`, here), expected.replace(`${here}/v8`, here));
	});
}

for (const name of ['', '/', 'linux/', '/amd64', 'a/b/c/d', 'linux/amd 64', 'linux\u0000', '../..', 'linux/amd64;rm']) {
	test(`--platform ${JSON.stringify(name)} is refused`, t => {
		t.throws(() => parsePlatformName(name), {message: /platform specifier component must match/});
	});
}

test('layers that can be unpacked, by their types', t => {
	const [oci, docker] = ['application/vnd.oci.image.layer.v1.tar', 'application/vnd.docker.image.rootfs.diff.tar'];
	t.true([oci, `${oci}+gzip`, `${oci}+zstd`, docker, `${docker}.gzip`, `${docker}.zstd`].every(type => isLayerType(type)));
	t.false(['', 'application/octet-stream', `${oci}+xz`, 'application/vnd.oci.image.layer.nondistributable.v1.tar', 'application/vnd.in-toto+json'].some(type => isLayerType(type)));
	t.is(ociLayerType(`${docker}.gzip`), `${oci}+gzip`);
	t.is(ociLayerType(docker), oci);
	t.is(ociLayerType(`${oci}+zstd`), `${oci}+zstd`);
	t.truthy(process.arch);
});

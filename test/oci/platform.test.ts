import test from 'ava';
import {choosePlatform, formatPlatform, hostPlatform, parsePlatform, type Platform} from '../../engine/oci/platform.js';

const offered = (...names: readonly string[]) => names.map(name => {
	const [os, architecture, variant] = name.split('/') as [string, string, string?];
	return {name, platform: {os, architecture, ...(variant === undefined ? {} : {variant})} satisfies Platform};
});

const choice = test.macro({
	exec(t, wanted: string, names: readonly string[], expected: string | undefined) {
		t.is(choosePlatform(offered(...names), offered(wanted)[0]!.platform)?.name, expected);
	},
	title: (_, wanted: string, names: readonly string[], expected: string | undefined) => `for ${wanted}, of ${names.join(' ')} ${expected ?? 'none'} is taken`,
});

test(choice, 'linux/amd64', ['linux/arm64', 'linux/amd64'], 'linux/amd64');
test(choice, 'linux/amd64', ['windows/amd64', 'linux/386'], undefined);
test(choice, 'linux/amd64', ['linux/amd64/v3', 'linux/amd64'], 'linux/amd64');
test(choice, 'linux/amd64', ['linux/amd64/v3'], undefined);
test(choice, 'linux/arm64/v8', ['linux/arm64'], 'linux/arm64');
test(choice, 'linux/arm64/v8', ['linux/arm64/v8'], 'linux/arm64/v8');
test(choice, 'linux/arm/v7', ['linux/arm/v5', 'linux/arm/v6'], 'linux/arm/v6');
test(choice, 'linux/arm/v7', ['linux/arm/v6', 'linux/arm/v7'], 'linux/arm/v7');
test(choice, 'linux/arm/v6', ['linux/arm/v7'], undefined);
test(choice, 'linux/amd64', [], undefined);

test('a candidate without a platform is never taken', t => {
	t.is(choosePlatform([{}], {os: 'linux', architecture: 'amd64'}), undefined);
});

test('the machine is named in Go\'s words', t => {
	t.deepEqual(hostPlatform('x64'), {os: 'linux', architecture: 'amd64'});
	t.deepEqual(hostPlatform('arm64'), {os: 'linux', architecture: 'arm64', variant: 'v8'});
	t.deepEqual(hostPlatform('riscv64'), {os: 'linux', architecture: 'riscv64'});
	t.is(formatPlatform(hostPlatform('arm')), 'linux/arm/v7');
});

test('a platform is read, an empty variant is none', t => {
	t.deepEqual(parsePlatform({os: 'linux', architecture: 'amd64', variant: '', 'os.features': ['x'], more: 1}, 'p'), {os: 'linux', architecture: 'amd64', 'os.features': ['x']});
	t.throws(() => parsePlatform(null, 'p'), {message: /p is not an object/});
});

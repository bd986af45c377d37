/**
One test for every class of container escape that became known in other engines. The image and the program in it are the attacker's.
*/
import {createHash} from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {isEngineError} from '../../engine/index.js';
import {imageArchive, openBox, type Ended} from '../helpers/container-box.js';
import {temporaryFolder} from '../helpers/temporary-folder.js';

const hash = (file: string) => createHash('sha256').update(fs.readFileSync(file)).digest('hex');
const procMagic = '9fa0';

/** Either refused by the engine with an error, or what ran. */
async function attempt(run: Promise<Ended>): Promise<Ended | undefined> {
	try {
		return await run;
	} catch (error) {
		if (isEngineError(error)) {
			return undefined;
		}

		throw error;
	}
}

/** Not refused by the engine, and the program inside came to its end. */
function ran(result: Ended | undefined): result is Ended {
	return result?.exitCode === 0;
}

/** Everything in a folder, with contents: what an attack must not change. */
function picture(folder: string): string[] {
	return fs.readdirSync(folder, {recursive: true, encoding: 'utf8'}).sort().map(name => {
		const stat = fs.lstatSync(path.join(folder, name));
		return `${name} ${stat.mode} ${stat.isFile() ? hash(path.join(folder, name)) : ''}`;
	});
}

test('the runtime cannot be overwritten through /proc/PID/exe (CVE-2019-5736)', async t => {
	const box = await openBox(t);
	if (box === undefined) {
		return;
	}

	const before = hash(box.runtime);
	const watcher = box.run(['probe', 'overwrite'], {name: 'watcher'});
	for (let running = 0; running === 0;) {
		running = (await box.engine.listContainers({filters: {name: ['watcher'], status: ['running']}})).length;
	}

	// Every exec passes through the runtime inside the container's namespaces; the second runs it as the program, too.
	for (let round = 0; round < 20; round++) {
		t.is((await box.exec('watcher', ['sleep', '0'])).exitCode, 0);
		await attempt(box.exec('watcher', ['/proc/self/exe']));
	}

	await box.exec('watcher', ['write', '/tmp/stop', '1']);
	const {lines} = await watcher;
	t.regex(lines[0]!, /^seen [1-9]\d* caught \d+ written 0$/);
	t.log(lines[0]!);
	t.is(hash(box.runtime), before);

	// The same with the runtime as the container's own program.
	await attempt(box.run(['/proc/self/exe']));
	await attempt(box.run(['probe'], {Entrypoint: ['/proc/self/exe']}));
	t.is(hash(box.runtime), before);
});

test('no descriptor of the host leaks in, and a working directory through one is refused (CVE-2024-21626)', async t => {
	const box = await openBox(t);
	if (box === undefined) {
		return;
	}

	const only = (line: string) => line.trim().split(' ').map(word => word.split(':')[0]).join(' ');
	const {lines} = await box.run(['probe', 'fds', '--', 'cwd']);
	t.is(only(lines[0]!), '0 1 2', lines[0]);
	t.is(lines[1], '/ inside');

	const id = await box.start();
	const session = await box.exec(id, ['probe', 'fds', '--', 'cwd']);
	t.is(only(session.lines[0]!), '0 1 2', session.lines[0]);
	t.is(session.lines[1], '/ inside');

	for (let fd = 3; fd < 24; fd++) {
		for (const result of [await attempt(box.run(['probe', 'cwd'], {WorkingDir: `/proc/self/fd/${fd}`})), await attempt(box.exec(id, ['probe', 'cwd'], {WorkingDir: `/proc/self/fd/${fd}`}))]) {
			// `createCwd` may have made nothing there: it is proc. Whatever ran must be inside.
			t.true(!ran(result) || result.lines[0]!.endsWith(' inside'), `${fd}: ${result?.lines[0]}`);
		}
	}
});

test('a working directory that is a symlink out is resolved inside', async t => {
	const box = await openBox(t);
	if (box === undefined) {
		return;
	}

	const outside = temporaryFolder(t);
	await box.image('links:latest', [{kind: 'symlink', name: 'away', target: `../../../../../..${outside}`}, {kind: 'symlink', name: 'magic', target: '/proc/1/root'}]);
	for (const WorkingDir of ['/away', '/magic', '/proc/1/cwd', '/proc/self/root', '/away/deeper']) {
		const result = await attempt(box.run(['probe', 'cwd'], {Image: 'links:latest', WorkingDir}));
		t.true(!ran(result) || result.lines[0]!.endsWith(' inside'), `${WorkingDir}: ${result?.lines[0]}`);
	}

	t.deepEqual(picture(outside), []);
});

const swapped: ReadonlyArray<readonly [string, string, string]> = [
	['/dev/null', 'dev/null', '/proc/sys/kernel/core_pattern'],
	['/dev/pts', 'dev/pts', '/proc/sys/kernel'],
	['/dev/console', 'dev/console', '/proc/sysrq-trigger'],
	['/dev/shm', 'dev/shm', '/etc'],
	['/dev/zero', 'dev/zero', '/proc/kcore'],
];
for (const [title, name, target] of swapped) {
	test(`an image with ${title} as a symlink gains nothing (CVE-2025-31133, CVE-2025-52565)`, async t => {
		const box = await openBox(t);
		if (box === undefined) {
			return;
		}

		await box.image('swapped:latest', [{kind: 'symlink', name, target}]);
		for (const Tty of [false, true]) {
			const result = await attempt(box.run(['probe', 'node', '/dev/null', '--', 'node', '/dev/zero', '--', 'write', '/proc/sys/kernel/core_pattern', 'x', '--', 'write', '/proc/sysrq-trigger', '?', '--', 'read', '/proc/timer_list', '--', 'node', '/etc/passwd'], {Image: 'swapped:latest', Tty}));
			t.truthy(result);
			const [nothing, zero, pattern, trigger, masked, passwd] = result!.lines;
			t.regex(nothing!, /^c 1:3 666/);
			t.regex(zero!, /^c 1:5 666/);
			t.regex(pattern!, /^errno (?:30|13|2|1)$/);
			t.regex(trigger!, /^errno (?:30|13|2|1)$/);
			t.regex(masked!, /^(?:0 bytes|errno (?:2|13))$/);
			t.regex(passwd!, /^file 644/);
		}
	});
}

for (const [name, target] of [['dev', '/etc'], ['proc', '/tmp'], ['sys', '/etc'], ['etc', '../../../../../../etc'], ['dev', 'proc/self/fd']] as const) {
	test(`an image whose /${name} is a symlink to ${target} is refused, or its mounts stay inside`, async t => {
		const box = await openBox(t);
		if (box === undefined) {
			return;
		}

		const outside = fs.readdirSync('/etc').length;
		// The base layer has these as folders; a whiteout makes room, as an attacker's own image would have none.
		await box.image('replaced:latest', [{kind: 'file', name: `.wh.${name}`, data: ''}], [{kind: 'symlink', name, target}]);
		const result = await attempt(box.run(['probe', 'node', '/proc/self/status', '--', 'read', '/proc/kcore', '--', 'write', '/proc/sys/kernel/domainname', 'x', '--', 'cwd'], {Image: 'replaced:latest'}));
		if (ran(result)) {
			const [status, , domain, cwd] = result.lines;
			t.true(status!.endsWith(`fs=${procMagic}`), 'proc is the real one');
			t.regex(domain!, /^errno/);
			t.is(cwd, '/ inside');
		}

		t.is(fs.readdirSync('/etc').length, outside);
	});
}

test('writes to /proc are not redirected by what the image put there (CVE-2025-52881)', async t => {
	const box = await openBox(t);
	if (box === undefined) {
		return;
	}

	await box.image('redirect:latest', [
		{kind: 'directory', name: 'proc/sys'},
		{kind: 'directory', name: 'proc/sys/net'},
		{kind: 'directory', name: 'proc/sys/net/ipv4'},
		{kind: 'directory', name: 'proc/self'},
		{kind: 'directory', name: 'proc/self/attr'},
		{kind: 'file', name: 'data/target', data: 'untouched', mode: 0o666},
		{kind: 'symlink', name: 'proc/sys/net/ipv4/ip_default_ttl', target: '/data/target'},
		{kind: 'symlink', name: 'proc/self/attr/exec', target: '/data/target'},
	]);
	const result = await attempt(box.run(['sh', '-c', 'cat /data/target; echo; cat /proc/sys/net/ipv4/ip_default_ttl; probe node /proc/sys/net/ipv4/ip_default_ttl'], {Image: 'redirect:latest', HostConfig: {Sysctls: {'net.ipv4.ip_default_ttl': '77'}}}));
	t.truthy(result);
	t.deepEqual(result!.lines.slice(0, 2), ['untouched', '77']);
	t.regex(result!.lines[2]!, new RegExp(`^file 644 fs=${procMagic}$`));
	t.not(fs.readFileSync('/proc/sys/net/ipv4/ip_default_ttl', 'utf8').trim(), '77');
});

test('a volume over /proc is refused', async t => {
	const box = await openBox(t);
	if (box === undefined) {
		return;
	}

	const folder = temporaryFolder(t);
	for (const target of ['/proc', '/proc/sys', '/proc/self/attr', '/tmp/../proc/sys']) {
		const result = await attempt(box.run(['probe', 'node', '/proc/self/status'], {HostConfig: {Binds: [`${folder}:${target}`]}}));
		t.true(result === undefined || (result.exitCode === 0 && result.lines[0]!.endsWith(`fs=${procMagic}`)), target);
	}

	t.deepEqual(picture(folder), []);
});

test('the target of a volume is resolved inside the container (CVE-2021-30465, CVE-2024-45310)', async t => {
	const box = await openBox(t);
	if (box === undefined) {
		return;
	}

	const outside = temporaryFolder(t);
	const volume = temporaryFolder(t);
	fs.writeFileSync(path.join(volume, 'content'), 'of the volume');
	fs.writeFileSync(path.join(outside, 'precious'), 'of the host');
	const before = picture(outside);
	await box.image('climber:latest', [
		{kind: 'symlink', name: 'absolute', target: outside},
		{kind: 'symlink', name: 'relative', target: `../../../../../../..${outside}`},
		{kind: 'symlink', name: 'magic', target: '/proc/self/root'},
		{kind: 'directory', name: 'deep'},
		{kind: 'symlink', name: 'deep/up', target: '../../../..'},
	]);
	for (const target of ['/absolute/new', '/relative/new', '/absolute', '/relative', '/magic/new', `/deep/up${outside}/new`, '/data/../../../../x']) {
		const result = await attempt(box.run(['sh', '-c', `cat ${target}/content; probe cwd`], {Image: 'climber:latest', HostConfig: {Binds: [`${volume}:${target}`]}}));
		if (ran(result)) {
			t.regex(result.lines[0]!, /of the volume/, target);
		}

		t.deepEqual(picture(outside), before, target);
		t.is(picture(volume).length, 1, target);
	}
});

test('a target that is swapped while containers start never leads outside', async t => {
	const box = await openBox(t);
	if (box === undefined) {
		return;
	}

	const outside = temporaryFolder(t);
	const shared = temporaryFolder(t);
	const volume = temporaryFolder(t);
	// Two containers share a folder; the one swaps a link in it while the other is mounted onto it.
	fs.mkdirSync(path.join(shared, 'real'));
	fs.chmodSync(shared, 0o777);
	const done = new AbortController();
	const swapper = (async () => {
		for (let turn = 0; !done.signal.aborted; turn++) {
			const link = path.join(shared, 'swap');
			fs.rmSync(link, {force: true, recursive: true});
			if (turn % 2 === 0) {
				fs.symlinkSync(`/../../../../../../../..${outside}`, link);
			} else {
				fs.mkdirSync(link);
			}

			await new Promise(resolve => {
				setImmediate(resolve);
			});
		}
	})();
	for (let round = 0; round < 15; round++) {
		await attempt(box.run(['probe', 'cwd'], {HostConfig: {Binds: [`${shared}:/shared`, `${volume}:/shared/swap/inner`]}}));
	}

	done.abort();
	await swapper;
	t.deepEqual(picture(outside), []);
	t.deepEqual(picture(volume), []);
});

test('without a cgroup namespace the groups of the host are not writable (CVE-2023-25809, CVE-2022-0492)', async t => {
	const box = await openBox(t);
	if (box === undefined) {
		return;
	}

	for (const CgroupnsMode of ['host', 'private'] as const) {
		const result = await attempt(box.run(['sh', '-c', 'probe mkdir /sys/fs/cgroup/escape -- mkdir /sys/fs/cgroup/unified/escape -- mkdir /sys/fs/cgroup/memory/escape -- write /sys/fs/cgroup/cgroup.procs 1 -- write /sys/fs/cgroup/release_agent /x -- write /sys/fs/cgroup/memory/release_agent /x'], {HostConfig: {...({CgroupnsMode} as object)}}));
		t.truthy(result);
		t.true(result!.lines.every(line => /^errno (?:1|2|13|20|30)$/.test(line)), `${CgroupnsMode}: ${result!.lines.join(', ')}`);
	}

	t.false(fs.existsSync('/sys/fs/cgroup/escape'));
});

/** A tar header and its data, with any name and link: our own writer makes no such thing. */
function rawEntry(name: string, type: string, {link = '', data = '', mode = 0o644}: {link?: string; data?: string; mode?: number} = {}): Buffer {
	const block = Buffer.alloc(512);
	block.write(name, 0, 100);
	block.write(`${mode.toString(8).padStart(7, '0')}\0`, 100);
	block.write('0000000\u00000000000\0', 108);
	block.write(`${data.length.toString(8).padStart(11, '0')}\u000000000000000\0`, 124);
	block.write(type, 156);
	block.write(link, 157, 100);
	block.write('ustar\u000000', 257);
	block.fill(' ', 148, 156);
	block.write(`${block.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, '0')}\0 `, 148);
	return Buffer.concat([block, Buffer.from(data), Buffer.alloc(-data.length & 511)]);
}

const end = Buffer.alloc(1024);
const layers: ReadonlyArray<readonly [string, (outside: string) => Buffer[]]> = [
	['a name with ..', outside => [rawEntry(`../../../../../../../..${outside}/escaped`, '0', {data: 'x'})]],
	['an absolute name', outside => [rawEntry(`${outside}/escaped`, '0', {data: 'x'})]],
	['a symlink and a file through it', outside => [rawEntry('link', '2', {link: outside}), rawEntry('link/escaped', '0', {data: 'x'})]],
	['a relative symlink and a folder through it', outside => [rawEntry('link', '2', {link: `../../../../../../../../..${outside}`}), rawEntry('link/escaped', '5', {mode: 0o755})]],
	['a symlink and a whiteout through it', outside => [rawEntry('link', '2', {link: outside}), rawEntry('link/.wh.precious', '0')]],
	['a symlink and an opaque whiteout through it', outside => [rawEntry('link', '2', {link: outside}), rawEntry('link/.wh..wh..opq', '0')]],
	['a hardlink to a file of the host', outside => [rawEntry('hard', '1', {link: `${outside}/precious`}), rawEntry('hard', '0', {data: 'changed'})]],
	['a hardlink through a symlink', outside => [rawEntry('link', '2', {link: outside}), rawEntry('hard', '1', {link: 'link/precious'})]],
	['a hardlink with ..', outside => [rawEntry('hard', '1', {link: `../../../../../../../../..${outside}/precious`})]],
	['a symlink replaced by a file of the same name', outside => [rawEntry('same', '2', {link: `${outside}/precious`}), rawEntry('same', '0', {data: 'changed'})]],
	['a whiteout of ..', () => [rawEntry('.wh...', '0'), rawEntry('.wh..', '0')]],
];
for (const [title, build] of layers) {
	test(`a layer with ${title} writes nothing outside`, async t => {
		const box = await openBox(t);
		if (box === undefined) {
			return;
		}

		const outside = temporaryFolder(t);
		fs.writeFileSync(path.join(outside, 'precious'), 'of the host');
		const before = picture(outside);
		const archive = path.join(outside, '..', `${path.basename(outside)}.tar`);
		t.teardown(() => {
			fs.rmSync(archive, {force: true});
		});
		fs.writeFileSync(archive, await imageArchive('evil:latest', [Buffer.concat([...build(outside), end])]));
		try {
			for await (const _ of box.engine.loadImages({path: archive})) {
				// Only whether it ends well matters.
			}

			// Layers may be unpacked when a container needs them.
			await attempt(box.run(['true'], {Image: 'evil:latest'}));
		} catch (error) {
			t.true(isEngineError(error), String(error));
		}

		t.deepEqual(picture(outside), before);
		t.is(fs.readFileSync(path.join(outside, 'precious'), 'utf8'), 'of the host');
	});
}

test('a file of the container cannot pull the host along: cp through symlinks stays inside', async t => {
	const box = await openBox(t);
	if (box === undefined) {
		return;
	}

	const outside = temporaryFolder(t);
	fs.writeFileSync(path.join(outside, 'precious'), 'of the host');
	await box.image('puller:latest', [{kind: 'symlink', name: 'way', target: outside}, {kind: 'symlink', name: 'up', target: '../../../../../../..'}]);
	const id = await box.start({Image: 'puller:latest'});
	for (const source of ['/way/precious', `/up${outside}/precious`, `/proc/1/root${outside}/precious`]) {
		const error = await t.throwsAsync(box.engine.getArchive(id, source), undefined, source);
		t.true(isEngineError(error, 'notFound'), source);
	}
});

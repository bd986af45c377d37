/**
cp-out, cp-in, stat and export: docker's meaning of paths, on a plain directory, through an overlay, and in a running container's mount namespace.
*/
import {type Buffer} from 'node:buffer';
import {spawn, spawnSync} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import {setTimeout as delay} from 'node:timers/promises';
import test, {type ExecutionContext} from 'ava';
import {anySubject, apply, describeTree, hasProgram, run, subjects, type Report, type Subject} from '../helpers/native-trees.js';
import {archive, directory, file, hardlink, header, pax, symlink} from '../helpers/raw-tar.js';

const rootfs = archive(directory('etc'), file('etc/passwd', 'root:x:0:0\n', {mtime: 1_500_000_000}), symlink('etc/absolute', '/usr/share'), symlink('etc/relative', '../usr/share/file'), symlink('etc/loop', 'loop'), symlink('etc/broken', '/not/there'), symlink('etc/out', '../../../../../../etc/passwd'), symlink('etc/chain', 'absolute/file'), directory('usr'), directory('usr/share', {mtime: 77}), file('usr/share/file', 'contents', {mode: 0o640}), hardlink('usr/share/same', 'usr/share/file'), symlink('lib', 'usr/share'), directory('proc'), directory('sys'), directory('dev'), file('dev/kept-out', 'x'), file('proc/kept-out', 'x'), header({name: 'pipe', type: '6'}));

type Place = {readonly subject: Subject; readonly tree: string; readonly args: readonly string[]};

/** The root filesystem as a plain directory and, where an overlay can be mounted, split over three layers. */
function places(t: ExecutionContext): Place[] {
	return subjects(t).flatMap(subject => {
		const {tree} = apply(subject, rootfs);
		const plain = {subject, tree, args: ['--upper', tree]};
		if (subject.name !== 'root') {
			return [plain, ...overlay(t, subject)];
		}

		return [plain, ...overlay(t, subject)];
	});
}

function overlay(t: ExecutionContext, subject: Subject): Place[] {
	const lower = apply(subject, rootfs).tree;
	const middle = apply(subject, archive(file('.wh.gone'), file('lower-only', 'from the middle'))).tree;
	const upper = apply(subject, archive(file('added', 'in upper'))).tree;
	const work = `${upper}.work`;
	spawnSync([...subject.prefix, 'mkdir', work][0]!, [...subject.prefix, 'mkdir', work].slice(1));
	const place = {subject, tree: upper, args: ['--lower', middle, '--lower', lower, '--upper', upper, '--work', work]};
	const probe = run(subject, 'stat', [...place.args, '--path', '/']);
	if (!probe.report.ok) {
		t.log(`skipped: no overlay as ${subject.name}: ${probe.report.message ?? ''}`);
		return [];
	}

	return [place];
}

type Stat = {readonly name: string; readonly size: number; readonly mode: number; readonly mtimeNs: number; readonly linkTarget: string};

const stat = (place: Place, name: string): Report => run(place.subject, 'stat', [...place.args, '--path', name]).report;
const names = (tar: Buffer): string[] => spawnSync('tar', ['tPf', '-', '--quoting-style=literal'], {input: tar, encoding: 'utf8'}).stdout.split('\n').slice(0, -1);
const out = (place: Place, name: string) => run(place.subject, 'cp-out', [...place.args, '--path', name]);
const into = (place: Place, name: string, input: Buffer, ...args: string[]) => run(place.subject, 'cp-in', [...place.args, '--path', name, ...args], {input});

test.serial('stat: names, modes, times, and where symlinks lead, as docker says it', t => {
	for (const place of places(t)) {
		const found = (name: string) => stat(place, name)['stat'] as Stat;
		t.deepEqual(found('/etc/passwd'), {name: 'passwd', size: 11, mode: 0o10_0644, mtimeNs: 1_500_000_000_000_000_000, linkTarget: ''});
		t.deepEqual([found('etc/').name, found('/etc/.').name, found('/').name, found('.').name, found('/etc/..').name, found('//etc///passwd').name], ['etc', '.', '/', '.', '/', 'passwd']);
		t.is(found('/lib').mode, 0o12_0777);
		t.is(found('/lib').linkTarget, '/usr/share');
		t.is(found('/lib/').mode, 0o4_0755);
		t.is(found('/lib/.').linkTarget, '');
		t.deepEqual(['absolute', 'relative', 'broken', 'out', 'chain'].map(name => found(`/etc/${name}`).linkTarget), ['/usr/share', '/usr/share/file', '/not/there', '/etc/passwd', '/usr/share/file']);
		t.is(found('/etc/absolute/file').size, 8);
		t.is(found('../../../etc/passwd').size, 11, 'nothing is above the root');
	}

	t.pass();
});

test.serial('stat: errors have docker\'s kinds', t => {
	for (const place of places(t)) {
		for (const [name, kind] of [['/nope', 'notFound'], ['/nope/below', 'notFound'], ['/etc/broken/', 'notFound'], ['/etc/passwd/', 'invalidParameter'], ['/etc/passwd/.', 'invalidParameter'], ['/etc/passwd/x', 'invalidParameter'], ['/etc/loop', 'invalidParameter'], ['/etc/loop/x', 'invalidParameter'], [`/${'n'.repeat(300)}`, 'invalidParameter']] as const) {
			t.is(stat(place, name).kind, kind, name);
		}
	}

	t.pass();
});

test.serial('cp-out: names begin with the last part of the path, as docker\'s do', t => {
	if (!hasProgram(t, 'tar')) {
		return;
	}

	for (const place of places(t)) {
		t.deepEqual(names(out(place, '/etc/passwd').stdout), ['passwd']);
		t.deepEqual(names(out(place, '/usr/share').stdout), ['share/', 'share/file', 'share/same']);
		t.deepEqual(names(out(place, '/usr/share/').stdout), ['share/', 'share/file', 'share/same']);
		t.deepEqual(names(out(place, '/usr/share/.').stdout), ['./', './file', './same']);
		t.deepEqual(names(out(place, '/lib').stdout), ['lib']);
		t.deepEqual(names(out(place, '/lib/').stdout), ['lib/', 'lib/file', 'lib/same']);
		t.deepEqual(names(out(place, '/').stdout).slice(0, 1), ['/']);
		t.true(names(out(place, '/').stdout).includes('/usr/share/file'));
		t.is((out(place, '/etc/chain').report['stat'] as Stat).linkTarget, '/usr/share/file');
		t.is(out(place, '/nope').report.kind, 'notFound');
	}

	t.pass();
});

test.serial('cp-out and cp-in carry a tree over unchanged', t => {
	for (const place of places(t)) {
		const copied = out(place, '/usr').stdout;
		const made = into(place, '/etc', copied);
		t.true(made.report.ok, made.report.message);
		t.true(out(place, '/etc/usr').stdout.equals(copied), place.subject.name);
		t.regex(spawnSync('tar', ['tvf', '-'], {input: copied, encoding: 'utf8'}).stdout, /share\/same link to usr\/share\/file/);
	}

	t.pass();
});

test.serial('cp-in: into symlinked directories, inside the root, and only into directories', t => {
	for (const place of places(t)) {
		t.true(into(place, '/lib', archive(file('one', '1'))).report.ok);
		t.true(into(place, '/etc/absolute/', archive(file('two', '2'), directory('sub', {mode: 0o700, mtime: 9}), file('sub/three', '3'))).report.ok);
		t.deepEqual(names(out(place, '/usr/share').stdout), ['share/', 'share/file', 'share/one', 'share/same', 'share/sub/', 'share/sub/three', 'share/two']);
		t.is((stat(place, '/usr/share/sub')['stat'] as Stat).mtimeNs, 9_000_000_000);
		t.is(into(place, '/nope', archive(file('x'))).report.kind, 'notFound');
		t.is(into(place, '/etc/broken', archive(file('x'))).report.kind, 'notFound');
		t.is(into(place, '/etc/passwd', archive(file('x'))).report.kind, 'invalidParameter');
		t.regex(into(place, '/etc/passwd', archive(file('x'))).report.message!, /not a directory/);
		t.true(into(place, '/', archive(file('at-root'), directory('./', {mode: 0o111}))).report.ok);
		t.is((stat(place, '/')['stat'] as Stat).mode, 0o4_0755, 'the directory copied into keeps its own mode');
		t.true(into(place, '/etc', archive(directory('./', {mode: 0o111}), file('.wh.passwd', 'an ordinary file here'))).report.ok);
		t.is((stat(place, '/etc')['stat'] as Stat).mode, 0o4_0755);
		t.is((stat(place, '/etc/.wh.passwd')['stat'] as Stat).size, 21);
	}

	t.pass();
});

test.serial('cp-in: neither the archive\'s nor the container\'s symlinks lead outside', t => {
	for (const place of places(t)) {
		const outside = path.join(place.subject.folder, 'outside');
		fs.mkdirSync(outside, {recursive: true});
		fs.chmodSync(outside, 0o777);
		const first = into(place, '/', archive(symlink('escape', outside), symlink('dots', '../../../../../../../..'), file('dots/landed', 'inside')));
		t.true(first.report.ok, first.report.message);
		t.true(stat(place, '/landed').ok);
		t.false(into(place, '/', archive(file('escape/x', 'gone'))).report.ok);
		t.false(into(place, '/escape', archive(file('x', 'gone'))).report.ok);
		t.false(into(place, '/', archive(hardlink('h', `${outside}/x`))).report.ok);
		t.false(into(place, '/', archive(file('../x', 'gone'))).report.ok);
		t.true(into(place, '/etc', archive(file('out', 'replaced, not followed'))).report.ok);
		t.is((stat(place, '/etc/passwd')['stat'] as Stat).size, 11);
		t.deepEqual(fs.readdirSync(outside), []);
	}

	t.pass();
});

test.serial('cp-in: kinds are kept on demand, else the archive wins', t => {
	for (const place of places(t)) {
		t.regex(into(place, '/', archive(file('etc', 'x')), '--no-overwrite-dir-non-dir').report.message!, /cannot overwrite directory "etc" with a non-directory/);
		t.regex(into(place, '/etc', archive(directory('passwd')), '--no-overwrite-dir-non-dir').report.message!, /cannot overwrite non-directory "etc\/passwd" with a directory/);
		t.true(into(place, '/', archive(directory('etc'), file('etc/passwd', 'new')), '--no-overwrite-dir-non-dir').report.ok);
		t.true(into(place, '/', archive(file('usr', 'a file now'))).report.ok);
		t.is((stat(place, '/usr')['stat'] as Stat).size, 10);
		t.falsy(into(place, '/', archive(directory('etc'), file('etc/passwd/below'))).report.ok);
	}

	t.pass();
});

test.serial('cp-in: owners come from the archive or from --owner; with a single id they do not matter', t => {
	for (const place of places(t)) {
		const tar = archive(file('given', '', {uid: 33, gid: 44, mode: 0o4755}));
		t.true(into(place, '/', tar, '--keep-owner').report.ok);
		const rows = () => spawnSync('tar', ['tvf', '-', '--numeric-owner'], {input: out(place, '/given').stdout, encoding: 'utf8'}).stdout;
		t.regex(rows(), place.subject.name === 'single id' ? /-rwxr-xr-x 0\/0/ : /-rwsr-xr-x 33\/44/, place.subject.name);
		t.true(into(place, '/', tar, '--owner', '5:6').report.ok);
		t.regex(rows(), place.subject.name === 'single id' ? /0\/0/ : /-rwsr-xr-x 5\/6/, place.subject.name);
		t.is(into(place, '/', tar, '--owner', 'root').report.kind, 'invalidParameter');
	}

	t.pass();
});

test.serial('an overlay is written only in its upper directory, and reading it writes nothing', t => {
	for (const place of places(t).filter(({args}) => args.includes('--lower'))) {
		const lower = place.args[3]!;
		const before = JSON.stringify([...describeTree(lower)]);
		const upper = JSON.stringify([...describeTree(place.tree, {rootToo: true})]);
		stat(place, '/etc/passwd');
		out(place, '/');
		run(place.subject, 'export', place.args);
		t.is(JSON.stringify([...describeTree(place.tree, {rootToo: true})]), upper);
		t.deepEqual(names(run(place.subject, 'export', place.args).stdout).filter(name => /added|lower-only|passwd/.test(name)), ['added', 'etc/passwd', 'lower-only']);
		t.true(into(place, '/etc', archive(file('passwd', 'changed'))).report.ok);
		t.is(JSON.stringify([...describeTree(lower)]), before);
		t.is(fs.readFileSync(path.join(place.tree, 'etc/passwd'), 'utf8'), 'changed');
	}

	t.pass();
});

test.serial('export: everything but what is in /proc, /sys and /dev, sorted, without the root itself', t => {
	if (!hasProgram(t, 'tar')) {
		return;
	}

	for (const place of places(t)) {
		const exported = run(place.subject, 'export', place.args);
		t.true(exported.report.ok, exported.report.message);
		const list = names(exported.stdout);
		t.is(exported.report['entries'], list.length);
		t.true(['dev/', 'proc/', 'sys/', 'etc/passwd', 'pipe'].every(name => list.includes(name)));
		t.false(list.some(name => name.includes('kept-out') || name === './' || name === '/'));
		t.true(run(place.subject, 'export', place.args).stdout.equals(exported.stdout), 'the same bytes again');
	}

	t.pass();
});

/** A process in a mount namespace of its own with the tree as root; what a running container looks like from outside. */
async function runningContainer(t: ExecutionContext, tree: string): Promise<{readonly args: readonly string[]; readonly pid: number} | undefined> {
	if (process.getuid!() !== 0 || !hasProgram(t, 'unshare') || !fs.existsSync('/bin/busybox')) {
		t.log('skipped: a container by hand needs root, unshare and a static busybox');
		return undefined;
	}

	fs.mkdirSync(path.join(tree, 'old'));
	fs.mkdirSync(path.join(tree, 'mnt'));
	fs.copyFileSync('/bin/busybox', path.join(tree, 'busybox'));
	fs.writeFileSync(path.join(tree, 'resolv'), '');
	const script = 'mount --bind "$1" "$1" && cd "$1" && mount -t proc proc proc && mount -t tmpfs none mnt && mount --bind /etc/hostname resolv && pivot_root . old && exec ./busybox sh -c \'./busybox umount -l /old; echo inside > /mnt/volume-file; ./busybox touch /mnt/ready; exec ./busybox sleep 1000\'';
	const child = spawn('unshare', ['-m', '--propagation', 'private', 'sh', '-c', script, 'sh', tree], {stdio: ['ignore', 'ignore', 'pipe']});
	let complaint = '';
	child.stderr.on('data', (data: Buffer) => {
		complaint += String(data);
	});
	t.teardown(() => {
		child.kill('SIGKILL');
	});
	const pid = child.pid!;
	while (!fs.existsSync(`/proc/${pid}/root/mnt/ready`)) {
		if (child.exitCode !== null) {
			t.log(`skipped: ${complaint}`);
			return undefined;
		}

		await delay(10);
	}

	const ticks = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')[19]!;
	return {args: ['--pid', String(pid), '--start-ticks', ticks], pid};
}

test.serial('a running container: its own mounts are seen, export leaves them out, a recycled pid is refused', async t => {
	const subject = anySubject(t);
	if (subject === undefined) {
		return;
	}

	const {tree} = apply(subject, rootfs);
	const container = await runningContainer(t, tree);
	if (container === undefined) {
		t.pass();
		return;
	}

	const place = {subject, tree, args: container.args};
	t.is((stat(place, '/mnt/volume-file')['stat'] as Stat).size, 7);
	t.deepEqual(names(out(place, '/mnt').stdout), ['mnt/', 'mnt/ready', 'mnt/volume-file']);
	t.true(into(place, '/mnt', archive(file('copied', 'into the mount'))).report.ok);
	t.is(fs.readFileSync(`/proc/${container.pid}/root/mnt/copied`, 'utf8'), 'into the mount');
	t.false(fs.existsSync(path.join(tree, 'mnt/copied')));
	t.true(into(place, '/etc', archive(file('copied', 'into the root'))).report.ok);
	t.is(fs.readFileSync(path.join(tree, 'etc/copied'), 'utf8'), 'into the root');
	t.is(into(place, '/', archive(file('resolv', 'x'))).report.kind, 'conflict', 'a mounted file is not replaced');
	const whole = out(place, '/');
	t.true(whole.report.ok, whole.report.message);
	t.false(names(whole.stdout).some(name => name.startsWith('/proc/') && name !== '/proc/'), 'the kernel\'s own files are left out');

	const exported = run(subject, 'export', container.args);
	t.true(exported.report.ok, exported.report.message);
	const list = names(exported.stdout);
	t.true(list.includes('mnt/') && list.includes('resolv') && !list.includes('mnt/volume-file'));
	t.regex(spawnSync('tar', ['tvf', '-', 'resolv'], {input: exported.stdout, encoding: 'utf8'}).stdout, / 0 .*resolv/, 'what is below a mounted file');

	const wrong = run(subject, 'stat', ['--pid', String(container.pid), '--start-ticks', '1', '--path', '/']);
	t.is(wrong.report.kind, 'notFound');
	process.kill(container.pid, 'SIGKILL');
	await delay(50);
	t.is(stat(place, '/').kind, 'notFound');
});

test.serial('while a container swaps directories for symlinks to the outside, cp-in stays inside', t => {
	const subject = anySubject(t);
	if (subject === undefined) {
		return;
	}

	const {tree} = apply(subject, archive(directory('a'), directory('b')));
	const outside = path.join(subject.folder, 'victim');
	fs.mkdirSync(outside);
	const swapper = spawn(process.execPath, ['-e', 'const fs=require("fs");const [tree,out]=process.argv.slice(1);fs.symlinkSync(out,tree+"/link");for(;;){try{fs.renameSync(tree+"/a",tree+"/c");fs.renameSync(tree+"/link",tree+"/a");fs.renameSync(tree+"/a",tree+"/link");fs.renameSync(tree+"/c",tree+"/a")}catch{}}', tree, outside], {stdio: 'ignore'});
	t.teardown(() => {
		swapper.kill('SIGKILL');
	});
	const tar = archive(...Array.from({length: 300}, (_, index) => [directory(`a/d${index}`, {mtime: 3}), file(`a/d${index}/f`, 'x'), file(`b/${index}`), symlink(`a/s${index}`, 'f')]).flat());
	for (let round = 0; round < 30; round++) {
		into({subject, tree, args: ['--upper', tree]}, '/', tar);
	}

	t.deepEqual(fs.readdirSync(outside), []);
});

test.serial('ROOT must be one thing: a process or directories', t => {
	const subject = anySubject(t);
	if (subject === undefined) {
		return;
	}

	const kind = (...args: string[]) => run(subject, 'stat', [...args, '--path', '/']).report.kind;
	t.is(kind(), 'invalidParameter');
	t.is(kind('--pid', '1', '--start-ticks', '1', '--upper', '/'), 'invalidParameter');
	t.is(kind('--pid', '99999999999', '--start-ticks', '1'), 'invalidParameter');
	t.is(kind('--pid', 'x'), 'invalidParameter');
	t.is(kind('--upper', path.join(subject.folder, 'missing')), 'system');
	t.is(run(subject, 'stat', ['--upper', '/']).report.kind, 'invalidParameter');
	t.is(run(subject, 'cp-out', ['--upper', '/', '--nonsense']).report.kind, 'invalidParameter');
});

test.serial('pax data of cp-in is bounded by the same limits as layers', t => {
	const subject = anySubject(t);
	if (subject === undefined) {
		return;
	}

	const {tree} = apply(subject, archive(directory('d')));
	t.false(into({subject, tree, args: ['--upper', tree]}, '/d', archive(pax({path: '../up'}), file('x'))).report.ok);
	t.regex(into({subject, tree, args: ['--upper', tree]}, '/d', file('cut', 'x'.repeat(2000)).subarray(0, 1024)).report.message!, /truncated/);
});

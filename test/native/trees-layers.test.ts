/**
Layers: whiteouts both ways, through overlayfs where it can be mounted; what a container changed as `docker diff` lists it; sidecars of a single id.
*/
import {Buffer} from 'node:buffer';
import {spawnSync} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import test, {type ExecutionContext} from 'ava';
import {anySubject, apply, asSeenOnHost, describeTree, hasProgram, run, subjects, type Subject} from '../helpers/native-trees.js';
import {archive, directory, file, hardlink, header, pax, symlink} from '../helpers/raw-tar.js';

/** Names and types of a tar, as GNU tar lists them. */
function listing(tar: Buffer): string[] {
	return spawnSync('tar', ['tf', '-', '--quoting-style=literal'], {input: tar, encoding: 'utf8'}).stdout.split('\n').slice(0, -1);
}

/** What a shell script leaves in the upper directory of an overlay over the lower trees (top first); undefined where root's overlay can't be had. */
function changeInOverlay(t: ExecutionContext, subject: Subject, lowers: readonly string[], script: string): string | undefined {
	if (process.getuid!() !== 0 || subject.name !== 'root') {
		t.log('skipped: mounting an overlay needs root');
		return undefined;
	}

	const upper = fs.mkdtempSync(path.join(subject.folder, 'upper-'));
	fs.chmodSync(upper, 0o755);
	fs.mkdirSync(`${upper}.work`);
	fs.mkdirSync(`${upper}.merged`);
	const mount = `mount -t overlay overlay -o "lowerdir=${lowers.join(':')},upperdir=${upper},workdir=${upper}.work" "${upper}.merged" && cd "${upper}.merged" && set -e && ${script}`;
	const result = spawnSync('unshare', ['-m', 'sh', '-c', mount], {encoding: 'utf8'});
	if (result.status !== 0 && /mount|unshare/.test(result.stderr)) {
		t.log(`skipped: no overlay here: ${result.stderr}`);
		return undefined;
	}

	t.is(result.status, 0, result.stderr);
	return upper;
}

/** What is seen of layers on top of each other, base first. */
function merged(t: ExecutionContext, subject: Subject, trees: readonly string[]): string[] | undefined {
	const out = path.join(subject.folder, 'seen');
	const upper = changeInOverlay(t, subject, [...trees].reverse(), `find . -mindepth 1 | sort > ${out}`);
	return upper === undefined ? undefined : fs.readFileSync(out, 'utf8').split('\n').slice(0, -1).map(name => name.slice(2));
}

function changes(subject: Subject, upper: string, lowers: readonly string[]): string[] {
	const outcome = run(subject, 'changes', ['--upper', upper, ...lowers.flatMap(lower => ['--lower', lower])]);
	const lines = outcome.stdout.toString().split('\0').slice(0, -1);
	if (!outcome.report.ok || outcome.report['entries'] !== lines.length) {
		throw new Error(JSON.stringify(outcome.report));
	}

	return lines;
}

test.serial('whiteouts become overlay\'s own, and layer-diff gives the same layer back', t => {
	if (!hasProgram(t, 'tar')) {
		return;
	}

	const layer = archive(directory('d'), file('d/.wh.gone'), directory('o', {mode: 0o750}), file('o/.wh..wh..opq'), file('o/new', 'n'), file('.wh.top'), file('.wh..wh.plnk'), file('.wh..wh.aufs'), directory('both'), file('both/x'), file('.wh.both'), file('plain'), file('.wh.plain'), file('.wh.later'), directory('later'), file('later/y'), file('.wh.implied'), file('implied/z'));
	for (const subject of subjects(t)) {
		const {tree, outcome} = apply(subject, layer);
		t.true(outcome.report.ok, `${subject.name}: ${outcome.report.message ?? ''}`);
		for (const name of ['d/gone', 'top']) {
			const stat = fs.lstatSync(path.join(tree, name));
			t.true(stat.isCharacterDevice() && stat.rdev === 0, `${subject.name}: ${name}`);
		}

		const back = run(subject, 'layer-diff', ['--upper', tree]);
		t.true(back.report.ok, back.report.message);
		t.deepEqual(listing(back.stdout), [
			'both/', 'both/.wh..wh..opq', 'both/x', 'd/', 'd/.wh.gone', 'implied/', 'implied/.wh..wh..opq', 'implied/z', 'later/', 'later/.wh..wh..opq', 'later/y',
			'o/', 'o/.wh..wh..opq', 'o/new', 'plain', '.wh.top',
		], subject.name);
		const again = apply(subject, back.stdout);
		t.true(run(subject, 'layer-diff', ['--upper', again.tree]).stdout.equals(back.stdout), `${subject.name}: the same bytes`);
		if (subject.name === 'single id' || subject.name === 'subuids') {
			t.false(spawnSync('getfattr', ['-d', '-m', '-', path.join(tree, 'o')], {encoding: 'utf8'}).stdout?.includes('trusted') ?? false);
		}
	}
});

test.serial('layers on top of each other in an overlay show what the archives say', t => {
	const subject = anySubject(t);
	if (subject === undefined) {
		return;
	}

	const base = apply(subject, archive(directory('d'), file('d/gone'), file('d/kept'), directory('o'), file('o/old'), directory('r'), file('r/inside'), file('f')));
	const top = apply(subject, archive(directory('d'), file('d/.wh.gone'), directory('o'), file('o/.wh..wh..opq'), file('o/new'), file('.wh.r'), directory('r'), file('r/other'), file('.wh.f')));
	const seen = merged(t, subject, [base.tree, top.tree]);
	if (seen) {
		t.deepEqual(seen, ['d', 'd/kept', 'o', 'o/new', 'r', 'r/other']);
	}

	t.pass();
});

test.serial('where no whiteout device can be made, whiteouts are read in their xattr form too', t => {
	const subject = anySubject(t);
	if (subject === undefined || !hasProgram(t, 'setfattr')) {
		return;
	}

	const {tree} = apply(subject, archive(directory('d'), file('d/gone'), file('d/kept', 'k')));
	const set = spawnSync('setfattr', ['-n', 'user.overlay.whiteout', '-v', 'y', path.join(tree, 'd/gone')]);
	spawnSync('setfattr', ['-n', 'user.overlay.opaque', '-v', 'x', path.join(tree, 'd')]);
	if (set.status !== 0) {
		t.log('skipped: the file system keeps no user xattrs');
		t.pass();
		return;
	}

	t.deepEqual(listing(run(subject, 'layer-diff', ['--upper', tree]).stdout), ['d/', 'd/.wh.gone', 'd/kept']);
});

test.serial('layer-diff keeps what apply gave: modes, owners, times, links, names, devices', t => {
	if (!hasProgram(t, 'tar')) {
		return;
	}

	const layer = archive(
		directory('bin', {mode: 0o755, mtime: 1_000_000_000}),
		file('bin/su', 'suid', {mode: 0o4755, uid: 0, gid: 8}),
		hardlink('bin/alias', 'bin/su'),
		symlink('bin/link', '../etc', {uid: 1, gid: 1}),
		pax({path: `bin/${'n'.repeat(200)}`, mtime: '5.123456789', 'SCHILY.xattr.user.note': 'v'}),
		file('x', 'long name', {uid: 33, gid: 33}),
		pax({path: 'bin/ünï'}),
		file('x', 'in unicode'),
		header({name: 'pipe', type: '6', mode: 0o622}),
		file('empty', '', {mode: 0, mtime: 0}),
		pax({path: `${'deep/'.repeat(30)}end`}),
		file('x', Buffer.alloc(200_000, 'z')),
		directory('sticky', {mode: 0o1777, uid: 5}),
	);
	for (const subject of subjects(t)) {
		const first = apply(subject, layer);
		const squash = subject.name === 'single id' ? ['--squash', first.squash] : [];
		const diff = run(subject, 'layer-diff', ['--upper', first.tree, ...squash]);
		t.true(diff.report.ok, diff.report.message);
		t.is(spawnSync('tar', ['tf', '-'], {input: diff.stdout, stdio: ['pipe', 'ignore', 'pipe'], encoding: 'utf8'}).stderr, '', 'GNU tar has nothing to say');
		const second = apply(subject, diff.stdout);
		t.true(second.outcome.report.ok, second.outcome.report.message);
		t.deepEqual(describeTree(second.tree), describeTree(first.tree), subject.name);
		if (subject.name === 'single id') {
			t.deepEqual(fs.readFileSync(second.squash), fs.readFileSync(first.squash), 'the sidecar says the same again');
		}

		const third = subjects(t).find(({name}) => name === 'root');
		if (third !== undefined && subject.name !== 'root') {
			// As root the owners come out whoever wrote the layer.
			t.deepEqual(describeTree(apply(third, diff.stdout).tree, {times: false}), describeTree(apply(third, layer).tree, {times: false}), `${subject.name} → root`);
		}
	}
});

test.serial('a sidecar: what could not be given away is on record, and restored by layer-diff and export', t => {
	const subject = subjects(t).find(({name}) => name === 'single id');
	if (subject === undefined) {
		t.log('skipped: nobody here has a single id');
		t.pass();
		return;
	}

	const layer = archive(directory('usr/bin'), symlink('bin', 'usr/bin'), file('bin/chage', 'x', {mode: 0o2755, gid: 42}), file('mine', ''), directory('mail', {mode: 0o2775, gid: 8}), file('twice', '', {uid: 9}), file('twice', ''), file('gone', '', {uid: 3}), directory('gone'), file('name with blank\nand line', '', {gid: 4}));
	const {tree, squash, outcome} = apply(subject, layer);
	t.true(outcome.report.ok, outcome.report.message);
	t.deepEqual(fs.readFileSync(squash, 'utf8').split('\0'), ['0 8 2775 mail', '0 4 644 name with blank\nand line', '0 42 2755 usr/bin/chage', '']);
	t.is(fs.statSync(path.join(tree, 'usr/bin/chage')).mode & 0o7777, 0o755, 'no setgid for the wrong group');

	const upper = path.join(subject.folder, 'upper');
	const upperLayer = apply(subject, archive(directory('usr/bin'), file('usr/bin/chage', 'changed', {mode: 0o755}), directory('mail', {mode: 0o700}), file('new')));
	fs.renameSync(upperLayer.tree, upper);
	const other = apply(subject, archive(file('mail', 'this layer hides the record of the one below')));
	const rows = (args: readonly string[]) => spawnSync('tar', ['tvf', '-', '--numeric-owner'], {input: run(subject, 'layer-diff', ['--upper', upper, ...args]).stdout, encoding: 'utf8'}).stdout;
	t.regex(rows(['--squash', squash]), /-rwxr-sr-x 0\/42 .*usr\/bin\/chage/);
	t.regex(rows(['--squash', squash]), /drwx------ 0\/8 .*mail/);
	t.regex(rows(['--lower', other.tree, '--squash', '', '--lower', tree, '--squash', squash]), /drwx------ 0\/0 .*mail/);
	t.regex(rows(['--lower', other.tree, '--squash', '', '--lower', tree, '--squash', squash]), /-rwxr-sr-x 0\/42 .*usr\/bin\/chage/);
	t.false(run(subject, 'layer-diff', ['--upper', upper, '--lower', tree, '--squash', squash, '--squash', squash]).report.ok);
	t.regex(spawnSync('tar', ['tvf', '-', '--numeric-owner'], {input: run(subject, 'export', ['--upper', tree, '--squash', squash]).stdout, encoding: 'utf8'}).stdout, /-rwxr-sr-x 0\/42 .*usr\/bin\/chage/);
	fs.writeFileSync(squash, 'nonsense\0');
	t.regex(run(subject, 'layer-diff', ['--upper', upper, '--squash', squash]).report.message!, /is damaged/);
});

const base = archive(directory('etc'), file('etc/passwd', 'root'), file('etc/issue', 'i'), file('etc/motd', 'm'), directory('etc/empty'), directory('usr'), directory('usr/share'), directory('usr/share/doc'), file('usr/share/doc/a', 'a'), file('usr/share/doc/b', 'b'), directory('usr/share/doc/sub'), file('usr/share/doc/sub/x', 'x'), directory('opt'), file('opt/tool', 't'), directory('home'), directory('media'), directory('srv'), file('same', 's'));

const changed = test.macro({
	exec(t, script: string, wanted: readonly string[]) {
		const subject = anySubject(t);
		if (subject === undefined) {
			return;
		}

		const lower = apply(subject, base).tree;
		const upper = changeInOverlay(t, subject, [lower], script);
		if (upper === undefined) {
			t.pass();
			return;
		}

		t.deepEqual(changes(subject, upper, [lower]), wanted);
	},
	title: (title, script) => title ?? `changes after: ${script}`,
});

// These lists are what docker 28 printed for the same commands.
test.serial(changed, 'true', []);
test.serial(changed, 'touch etc/new', ['C /etc', 'A /etc/new']);
test.serial(changed, 'touch new', ['A /new']);
test.serial(changed, 'echo x >> etc/passwd', ['C /etc', 'C /etc/passwd']);
test.serial(changed, ': >> etc/passwd', []);
test.serial(changed, 'touch etc', []);
test.serial(changed, 'chmod 700 home', ['C /home']);
test.serial(changed, 'chmod 700 usr/share/doc', ['C /usr', 'C /usr/share', 'C /usr/share/doc']);
test.serial(changed, 'chown 5:5 etc/issue', ['C /etc', 'C /etc/issue']);
test.serial(changed, 'rm etc/issue', ['C /etc', 'D /etc/issue']);
test.serial(changed, 'rm -r usr/share/doc', ['C /usr', 'C /usr/share', 'D /usr/share/doc']);
test.serial(changed, 'rm -r media; mkdir media', []);
test.serial(changed, 'rm -r usr/share/doc; mkdir usr/share/doc; echo > usr/share/doc/b; touch usr/share/doc/new', ['C /usr', 'C /usr/share', 'C /usr/share/doc', 'D /usr/share/doc/a', 'C /usr/share/doc/b', 'A /usr/share/doc/new', 'D /usr/share/doc/sub']);
test.serial(changed, 'rm -r usr/share; mkdir -p usr/share/doc/sub', ['C /usr', 'C /usr/share', 'C /usr/share/doc', 'D /usr/share/doc/a', 'D /usr/share/doc/b', 'C /usr/share/doc/sub', 'D /usr/share/doc/sub/x']);
test.serial(changed, 'rm -r opt; touch opt', ['C /opt']);
test.serial(changed, 'rm etc/motd; mkdir etc/motd; touch etc/motd/in', ['C /etc', 'C /etc/motd', 'A /etc/motd/in']);
test.serial(changed, 'mv etc/motd etc/motd2', ['C /etc', 'D /etc/motd', 'A /etc/motd2']);
test.serial(changed, 'mkdir -p srv/a/b/c', ['C /srv', 'A /srv/a', 'A /srv/a/b', 'A /srv/a/b/c']);
test.serial(changed, 'touch x; rm x', []);
test.serial(changed, 'ln -s /x a-b; mkdir a; touch a/b', ['A /a', 'A /a-b', 'A /a/b']);

test.serial('changes look through several layers: deleted and opaque ones below do not count', t => {
	const subject = anySubject(t);
	if (subject === undefined) {
		return;
	}

	const bottom = apply(subject, archive(directory('d'), file('d/hidden'), file('gone'), directory('o'), file('o/old'), file('kept', 'k', {mtime: 5}))).tree;
	const middle = apply(subject, archive(file('.wh.gone'), directory('o'), file('o/.wh..wh..opq'), file('o/mid'), directory('d'), file('d/.wh.hidden'))).tree;
	const upper = apply(subject, archive(file('gone'), directory('o'), file('o/old'), file('o/.wh.mid'), file('.wh.nothing'), directory('d'), file('d/hidden'), file('kept', 'k', {mtime: 5}))).tree;
	t.deepEqual(changes(subject, upper, [middle, bottom]), ['C /d', 'A /d/hidden', 'A /gone', 'C /o', 'D /o/mid', 'A /o/old']);
	t.deepEqual(changes(subject, upper, []), ['A /d', 'A /d/hidden', 'A /gone', 'A /kept', 'A /o', 'A /o/old']);
});

test.serial('an upper directory that refers to lower ones is refused by layer-diff', t => {
	const subject = anySubject(t);
	if (subject === undefined || process.getuid!() !== 0 || !hasProgram(t, 'setfattr')) {
		t.pass();
		return;
	}

	const {tree} = apply(subject, archive(directory('moved')));
	if (spawnSync('setfattr', ['-n', 'trusted.overlay.redirect', '-v', '/other', path.join(tree, 'moved')]).status !== 0) {
		t.log('skipped: no trusted xattrs here');
		t.pass();
		return;
	}

	t.is(run(subject, 'layer-diff', ['--upper', tree]).report.kind, 'notImplemented');
});

test.serial('layer-diff into a reader that goes away ends with an error, not a signal', t => {
	const subject = anySubject(t);
	if (subject === undefined) {
		return;
	}

	const {tree} = apply(subject, archive(file('big', Buffer.alloc(5_000_000)), file('bigger', Buffer.alloc(5_000_000))));
	const shell = {...subject, prefix: [...subject.prefix, 'sh', '-c', '"$@" | head -c 1000 >/dev/null', 'sh']};
	const outcome = run(shell, 'layer-diff', ['--upper', tree]);
	t.false(outcome.report.ok);
	t.is(outcome.report.errno, 32);
});

test.serial('trees described by id are the same for everybody who applied them', t => {
	const all = subjects(t);
	const layer = archive(directory('d', {uid: 12, gid: 34}), file('d/f', 'x', {uid: 1000, gid: 1000, mode: 0o6755}));
	for (const subject of all.filter(({name}) => name !== 'single id')) {
		const root = all[0]!;
		t.deepEqual(describeTree(apply(subject, layer).tree), asSeenOnHost(describeTree(apply(root, layer).tree), subject), subject.name);
	}

	t.pass();
});

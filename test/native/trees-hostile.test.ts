/**
Archives that mean harm, or are broken: each ends with a clear error or a tree inside its directory; nothing outside is ever touched.
*/
import {Buffer} from 'node:buffer';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import test, {type ExecutionContext} from 'ava';
import {anySubject, apply, describeTree, run, subjects, type Subject} from '../helpers/native-trees.js';
import {archive, base256, directory, end, file, gnuLong, hardlink, header, pax, seal, symlink} from '../helpers/raw-tar.js';

/** A place beside the tree that must stay as it is. */
function outside(subject: Subject): {readonly folder: string; readonly unchanged: () => boolean} {
	const folder = path.join(subject.folder, 'outside');
	fs.mkdirSync(path.join(folder, 'dir'), {recursive: true});
	fs.writeFileSync(path.join(folder, 'secret'), 'secret');
	fs.chmodSync(folder, 0o777);
	fs.chmodSync(path.join(folder, 'dir'), 0o777);
	fs.chmodSync(path.join(folder, 'secret'), 0o666);
	const before = JSON.stringify([...describeTree(folder)]);
	return {folder, unchanged: () => JSON.stringify([...describeTree(folder)]) === before};
}

/** Applies the archive as everybody; what is outside must be unchanged, and the report as given. */
function harmless(t: ExecutionContext, make: (outsidePath: string) => Buffer[], check: {readonly ok: boolean; readonly message?: RegExp; readonly kind?: string}, then?: (tree: string) => void): void {
	for (const subject of subjects(t)) {
		const {folder, unchanged} = outside(subject);
		const {tree, outcome} = apply(subject, archive(...make(folder)));
		t.is(outcome.report.ok, check.ok, `${subject.name}: ${outcome.report.message ?? ''}`);
		t.is(outcome.status, check.ok ? 0 : 1);
		if (check.message) {
			t.regex(outcome.report.message ?? '', check.message, subject.name);
		}

		if (!check.ok) {
			t.is(outcome.report.kind, check.kind ?? 'invalidParameter', `${subject.name}: ${outcome.report.message ?? ''}`);
		}

		t.true(unchanged(), `${subject.name}: something outside was touched`);
		if (outcome.report.ok) {
			then?.(tree);
		}
	}
}

const refused = (title: string, make: (outsidePath: string) => Buffer[], message: RegExp) => {
	test.serial(`refused: ${title}`, t => {
		harmless(t, make, {ok: false, message});
	});
};

refused('a ".." part at the start', out => [file(`../${path.basename(out)}/secret`, 'gone')], /".." part/);
refused('a ".." part in the middle', () => [directory('a'), file('a/../../x')], /".." part/);
refused('a ".." part at the end', () => [directory('a/..')], /".." part/);
refused('".." alone', () => [directory('..')], /".." part/);
refused('".." hidden in a pax path', () => [pax({path: 'x/../../outside/secret'}), file('x', 'gone')], /".." part/);
refused('".." as what a hard link points to', out => [hardlink('l', `../${path.basename(out)}/secret`)], /".." part/);
refused('a hard link to nothing', () => [hardlink('l', 'missing')], /points to missing, which is not there/);
refused('a hard link to an absolute path outside', () => [hardlink('l', '/etc/passwd')], /etc/);
refused('a hard link through a symlink out', out => [symlink('s', out), hardlink('l', 's/secret')], /s/);
refused('a hard link to a directory', () => [directory('d'), hardlink('l', 'd')], /can't be linked/);
refused('a hard link to itself', () => [hardlink('l', 'l')], /which is not there/);
refused('a hard link to a symlink\'s target by that symlink as a directory', () => [file('f'), symlink('s', 'f'), hardlink('l', 's/x')], /hard link/);
refused('a hard link to the root', () => [hardlink('l', '/')], /points to nothing/);
refused('something inside a file', () => [file('f'), file('f/x')], /is inside of f, which is no directory/);
refused('something inside a symlink that leads nowhere', out => [symlink('s', out), file('s/secret', 'gone')], /s/);
refused('something inside a symlink loop', () => [symlink('a', 'b'), symlink('b', 'a'), file('a/x')], /a/);
refused('a name of 256 bytes', () => [gnuLong('L', 'n'.repeat(256)), file('n')], /file ?name too long/i);
refused('NUL in a pax path', () => [pax({path: 'a\0b'}), file('x')], /NUL/);
refused('NUL in a pax linkpath', () => [pax({linkpath: 'a\0b'}), symlink('x', 'y')], /NUL/);
refused('an empty name that is no directory', () => [file('./', 'x')], /empty path/);
refused('a symlink to nothing', () => [symlink('s', '')], /points to nothing/);
refused('an unknown type', () => [header({type: 'Q'})], /unknown entry type 0x51 at byte 0/);
refused('a size below zero', () => [header({size: base256(-1n, 12)})], /malformed number/);
refused('a size above 2^63', () => [header({size: base256(2n ** 70n, 12)})], /malformed number/);
refused('a size that is no number', () => [header({size: '99999999999 '})], /malformed number/);
refused('a huge size with nothing behind it', () => [header({size: base256(2n ** 62n, 12)})], /truncated/);
refused('a huge pax size', () => [pax({size: '9223372036854775807'}), header({})], /truncated/);
refused('an overflowing pax size', () => [pax({size: '99999999999999999999999'}), header({})], /not a number in range/);
refused('an owner out of range', () => [header({uid: base256(2n ** 32n - 1n, 8)})], /out of range/);
refused('a pax header of more than 1 MiB', () => [header({type: 'x', size: 1_048_577}), Buffer.alloc(1_100_000)], /larger than 1048576 bytes/);
refused('a GNU long name of 8 GiB', () => [header({type: 'L', size: base256(2n ** 33n, 12)})], /larger than/);
refused('endless pax headers before an entry', () => Array.from({length: 5000}, () => pax({comment: 'x'.repeat(1000)})), /extended headers before one entry/);
refused('a pax record that is longer than its header', () => [file('x', '100 path=a\n', {type: 'x'}), file('f')], /malformed pax record at byte 512/);
refused('a pax record of length 0', () => [file('x', '0 path=a\n', {type: 'x'}), file('f')], /malformed pax record/);
refused('a pax record without =', () => [file('x', '8 path\n\n', {type: 'x'}), file('f')], /malformed pax record/);
refused('a bad checksum', () => [file('a'), header({name: 'b', checksum: '000001\0 '})], /bad header checksum at byte 512/);
refused('something that is no tar', () => [Buffer.alloc(2048, 'hello')], /no tar header at byte 0/);
refused('gzip', () => [Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 0]), Buffer.alloc(1020, 7)])], /compressed by gzip/);
refused('zstd', () => [Buffer.concat([Buffer.from('28b52ffd', 'hex'), Buffer.alloc(1020, 7)])], /compressed by zstd/);
refused('one zero block between entries', () => [file('a'), Buffer.alloc(512), file('b')], /follows a zero block/);
refused('a sparse map out of order', () => [pax({'GNU.sparse.size': '100', 'GNU.sparse.map': '50,10,20,5'}), file('s', 'x'.repeat(15))], /out of order/);
refused('a sparse map beyond the file', () => [pax({'GNU.sparse.size': '10', 'GNU.sparse.map': '5,10'}), file('s', 'x'.repeat(10))], /too long/);
refused('a sparse map with more data than there is', () => [pax({'GNU.sparse.size': '1000', 'GNU.sparse.map': '0,1000'}), file('s', 'x')], /less data/);
refused('a sparse map whose parts overflow', () => [pax({'GNU.sparse.size': '10', 'GNU.sparse.map': '18446744073709551615,2'}), file('s', 'x')], /out of order or too long/);
refused('a pax 1.0 sparse map of a million million parts', () => [pax({'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.realsize': '1'}), file('s', '1000000000000\n'.padEnd(512, '\0'))], /more than 1048576 parts/);
refused('a pax 1.0 sparse map that does not end', () => [pax({'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.realsize': '1'}), file('s', '3\n1\n'.padEnd(512, '1'))], /ends too soon|malformed map/);
refused('a whiteout of nothing', () => [file('.wh.')], /names nothing/);
refused('a whiteout of ".."', () => [file('a/.wh...')], /names nothing/);

test.serial('absolute names are below the root of the tree', t => {
	harmless(t, out => [file(`${out}/secret`, 'inside'), directory('///etc//./x/'), file('/etc/passwd', 'mine')], {ok: true}, tree => {
		t.is(fs.readFileSync(path.join(tree, 'etc/passwd'), 'utf8'), 'mine');
		t.true(fs.existsSync(path.join(tree, 'etc/x')));
	});
});

test.serial('an entry through a symlink that points outside lands inside, or nowhere', t => {
	harmless(t, out => [directory('real'), symlink('up', '../../../..'), file('up/x', 'x'), symlink('abs', '/real'), file('abs/y', 'y'), directory(`${out}/dir`), symlink('out', out), file('out/secret', 'harmless')], {ok: true}, tree => {
		t.is(fs.readFileSync(path.join(tree, 'x'), 'utf8'), 'x');
		t.is(fs.readFileSync(path.join(tree, 'real/y'), 'utf8'), 'y');
	});
});

test.serial('a file over a symlink replaces the symlink, not what it points to', t => {
	harmless(t, out => [symlink('s', `${out}/secret`), file('s', 'mine'), symlink('d', out), directory('d'), file('d/secret', 'mine')], {ok: true}, tree => {
		t.is(fs.readFileSync(path.join(tree, 's'), 'utf8'), 'mine');
		t.is(fs.readFileSync(path.join(tree, 'd/secret'), 'utf8'), 'mine');
	});
});

test.serial('a directory swapped for a symlink after it was used leads nowhere outside', t => {
	harmless(t, out => [directory('d', {mtime: 5}), file('d/a'), symlink('d', out, {}), file('d2')], {ok: true}, tree => {
		t.true(fs.lstatSync(path.join(tree, 'd')).isSymbolicLink());
	});
	harmless(t, out => [directory('d'), file('d/a'), symlink('d', out), file('d/secret', 'gone')], {ok: false});
});

test.serial('the time, owner and mode of a replaced directory are not given to what replaced it', t => {
	harmless(t, out => [directory('d', {mtime: 5, mode: 0o777}), symlink('d', `${out}/dir`), file('later')], {ok: true});
});

test.serial('device nodes are made by root and counted by everybody else', t => {
	for (const subject of subjects(t)) {
		const {tree, outcome} = apply(subject, archive(header({name: 'null', type: '3', major: 1, minor: 3, mode: 0o666}), header({name: 'disk', type: '4', major: 8, minor: 0, mode: 0o600}), header({name: 'fifo', type: '6', mode: 0o640}), header({name: 'white', type: '3'})));
		t.true(outcome.report.ok, outcome.report.message);
		t.true(fs.lstatSync(path.join(tree, 'fifo')).isFIFO());
		t.is(outcome.report['skippedDevices'], subject.name === 'root' ? 0 : 2, subject.name);
		t.is(fs.existsSync(path.join(tree, 'null')), subject.name === 'root', subject.name);
		if (subject.name === 'root') {
			t.is(fs.lstatSync(path.join(tree, 'null')).rdev, 0x1_03);
			t.true(fs.lstatSync(path.join(tree, 'disk')).isBlockDevice());
		}
	}
});

test.serial('an id the user namespace does not have is an error that says so, unless squashed', t => {
	const subject = subjects(t).find(({name}) => name !== 'root');
	if (subject === undefined) {
		t.log('skipped: nobody here is in a user namespace');
		t.pass();
		return;
	}

	const outcome = run(subject, 'layer-apply', ['--dir', path.join(subject.folder, 'unmapped')], {input: archive(file('f', '', {uid: 1_000_000}))});
	t.false(outcome.report.ok);
	t.regex(outcome.report.message!, /f belongs to 1000000:0, an id that this user namespace does not have/);
});

test.serial('limits: more entries or bytes than allowed', t => {
	const subject = anySubject(t);
	if (subject === undefined) {
		return;
	}

	const tar = archive(file('a', 'x'.repeat(600)), file('b', 'y'.repeat(600)));
	t.true(apply(subject, tar, ['--max-entries', '2', '--max-bytes', '1200']).outcome.report.ok);
	t.regex(apply(subject, tar, ['--max-entries', '1']).outcome.report.message!, /more than 1 entries/);
	t.regex(apply(subject, tar, ['--max-bytes', '1199']).outcome.report.message!, /more than 1199 bytes \(at b\)/);
	const sparse = archive(pax({'GNU.sparse.size': '1000000000000', 'GNU.sparse.map': '0,1'}), file('s', 'x'));
	t.regex(apply(subject, sparse, ['--max-bytes', '1000000']).outcome.report.message!, /more than 1000000 bytes/);
});

test.serial('a directory that is not empty is refused and left alone', t => {
	const subject = anySubject(t);
	if (subject === undefined) {
		return;
	}

	const {tree} = apply(subject, archive(file('a', 'first')));
	const again = run(subject, 'layer-apply', ['--dir', tree], {input: archive(file('a', 'second'))});
	t.is(again.report.kind, 'conflict');
	t.is(fs.readFileSync(path.join(tree, 'a'), 'utf8'), 'first');
	const link = path.join(subject.folder, 'link');
	fs.symlinkSync(subject.folder, link);
	t.false(run(subject, 'layer-apply', ['--dir', link], {input: archive(file('a'))}).report.ok);
});

test.serial('a path 10,000 directories deep is unpacked, archived, measured and removed', t => {
	for (const subject of subjects(t)) {
		const deep = `${'d/'.repeat(10_000)}leaf`;
		const {tree, outcome} = apply(subject, archive(pax({path: deep}), file('cut', 'deep'), pax({path: `${'d/'.repeat(9999)}d`}), directory('cut', {mtime: 99}), pax({linkpath: deep}), hardlink('top', 'cut')));
		t.true(outcome.report.ok, outcome.report.message);
		t.is(fs.readFileSync(path.join(tree, 'top'), 'utf8'), 'deep');
		t.is(run(subject, 'du', [tree]).report['inodes'], 10_002);
		const back = run(subject, 'layer-diff', ['--upper', tree]);
		t.is(back.report['entries'], 10_002, back.report.message);
		const again = apply(subject, back.stdout);
		t.true(again.outcome.report.ok, again.outcome.report.message);
		t.true(run(subject, 'layer-diff', ['--upper', again.tree]).stdout.equals(back.stdout));
		t.is(run(subject, 'changes', ['--upper', tree, '--lower', again.tree]).stdout.length, 0);
		t.true(run(subject, 'rm-tree', [tree, again.tree]).report.ok);
		t.false(fs.existsSync(tree));
	}
});

test.serial('an archive cut anywhere is either read to a boundary between entries or refused as truncated', t => {
	const [subject] = subjects(t);
	if (subject === undefined) {
		return;
	}

	const entries = [directory('d'), file('d/f', 'x'.repeat(700)), Buffer.concat([pax({path: 'd/long', 'SCHILY.xattr.user.a': 'b'}), file('cut', 'y'.repeat(100))]), Buffer.concat([gnuLong('L', 'd/other'), symlink('cut', 'f')])];
	const tar = archive(...entries);
	const boundaries = new Set([0, tar.length - 512, tar.length]);
	let sum = 0;
	for (const entry of entries) {
		sum += entry.length;
		boundaries.add(sum);
	}

	for (let cut = 0; cut <= tar.length; cut += 512) {
		const {outcome} = apply(subject, tar.subarray(0, cut));
		t.is(outcome.report.ok, boundaries.has(cut), `cut at ${cut}: ${outcome.report.message ?? ''}`);
		if (!outcome.report.ok) {
			t.regex(outcome.report.message!, /^archive is truncated: it ends at byte \d+ inside/);
			t.true(outcome.report.message!.includes(`byte ${cut} `));
		}
	}

	for (const cut of [1, 511, 513, 1023, 1025, 1300]) {
		t.regex(apply(subject, tar.subarray(0, cut)).outcome.report.message ?? 'ok', /truncated/, String(cut));
	}
});

test.serial('flipping any bit of a header is noticed or harmless', t => {
	const [subject] = subjects(t);
	if (subject === undefined) {
		return;
	}

	const {unchanged} = outside(subject);
	const tar = archive(directory('d'), file('d/f', 'contents'), symlink('s', 'd/f'));
	for (let at = 0; at < 512; at += 13) {
		const copy = Buffer.from(tar);
		copy[512 + at]! ^= 1 << (at % 8);
		const {outcome} = apply(subject, copy);
		// The checksum covers all bytes; only its own filling is free.
		t.true(!outcome.report.ok || (at >= 148 && at < 156), `byte ${at}`);
		seal(copy.subarray(512, 1024));
		t.is(typeof apply(subject, copy).outcome.report.ok, 'boolean', `byte ${at}, sealed`);
	}

	t.true(unchanged());
});

test.serial('an archive whose sender stops without an end is no success when it stops inside an entry', t => {
	const subject = anySubject(t);
	if (subject === undefined) {
		return;
	}

	const {outcome} = apply(subject, Buffer.concat([file('big', Buffer.alloc(1_000_000)).subarray(0, 700_000)]));
	t.regex(outcome.report.message!, /inside big$/);
});

test.serial('a full disk is reported as such', t => {
	if (process.getuid!() !== 0) {
		t.log('skipped: mounting a small file system needs root');
		t.pass();
		return;
	}

	const [subject] = subjects(t);
	if (subject === undefined) {
		return;
	}

	const small = path.join(subject.folder, 'small');
	fs.mkdirSync(small);
	const script = 'mount -t tmpfs -o size=1m none "$1" && exec "$2" layer-apply --dir "$1/tree"';
	const outcome = run({...subject, prefix: ['unshare', '-m', 'sh', '-c', script, 'sh', small]}, 'layer-apply', [], {input: archive(file('f', Buffer.alloc(3_000_000)), end)});
	t.false(outcome.report.ok);
	t.is(outcome.report.errno, 28);
	t.regex(outcome.report.message!, /f: write: no space left on device/);
});

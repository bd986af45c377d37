/**
layer-apply reads every form of tar that is about. GNU tar and Python's tarfile make the archives; what they would unpack is what must be there.
*/
import {Buffer} from 'node:buffer';
import {execFileSync, spawnSync} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import test, {type ExecutionContext} from 'ava';
import {anySubject, apply, asSeenOnHost, describeTree, hasProgram, subjects} from '../helpers/native-trees.js';
import {archive, base256, directory, file, gnuLong, hardlink, header, pax, symlink} from '../helpers/raw-tar.js';
import {temporaryFolder} from '../helpers/temporary-folder.js';

/** A tree with something of everything that `format` can hold. */
function sampleTree(t: ExecutionContext, format: string): string {
	const root = path.join(temporaryFolder(t), 'sample');
	const at = (...names: string[]) => path.join(root, ...names);
	fs.mkdirSync(at('dir', 'empty'), {recursive: true});
	fs.writeFileSync(at('dir', 'plain'), 'contents\n');
	fs.writeFileSync(at('big'), Buffer.alloc(700_001, 'abcdefg'));
	fs.writeFileSync(at('nothing'), '');
	fs.linkSync(at('dir', 'plain'), at('linked'));
	fs.symlinkSync('dir/plain', at('relative'));
	fs.symlinkSync('/nowhere/at/all', at('dangling'));
	if (format !== 'v7') {
		execFileSync('mkfifo', [at('fifo')]);
		fs.mkdirSync(at('p'.repeat(90), 'q'.repeat(60)), {recursive: true});
		fs.writeFileSync(at('p'.repeat(90), 'q'.repeat(60), 'n'.repeat(80)), 'prefix');
	}

	if (format === 'gnu' || format === 'oldgnu' || format === 'posix') {
		fs.writeFileSync(at('l'.repeat(250)), 'long');
		fs.symlinkSync('t'.repeat(300), at('long-target'));
		fs.writeFileSync(at('ünïcødé ☃ name'), 'in unicode');
		fs.writeFileSync(Buffer.concat([Buffer.from(`${root}/raw-`), Buffer.from([0xe9, 0xff])]), 'not utf-8');
	}

	fs.chmodSync(at('dir', 'plain'), 0o4755);
	fs.chmodSync(at('dir'), 0o1777);
	fs.chmodSync(at('nothing'), 0);
	if (process.getuid!() === 0) {
		fs.lchownSync(at('big'), 7, 8);
		fs.lchownSync(at('dangling'), 1000, 1000);
		fs.chownSync(at('dir', 'empty'), 65_533, 65_533);
		fs.chmodSync(at('dir', 'empty'), 0o2750);
	}

	const seconds = format === 'posix' ? 1_234_567_890.123_456_7 : 1_234_567_890;
	for (const name of [...describeTree(root).keys()].reverse()) {
		fs.lutimesSync(Buffer.from(`${root}/${name}`, 'latin1'), seconds, seconds);
	}

	return root;
}

const gnuFormat = test.macro({
	exec(t, format: string) {
		if (!hasProgram(t, 'tar')) {
			return;
		}

		const root = sampleTree(t, format);
		const tar = execFileSync('tar', ['-c', `--format=${format}`, '--sort=name', '-C', root, '.'], {maxBuffer: 1e8});
		for (const subject of subjects(t)) {
			const {tree, squash, outcome} = apply(subject, tar);
			t.true(outcome.report.ok, `${subject.name}: ${outcome.report.message ?? ''}`);
			const wanted = describeTree(root, {times: true});
			if (subject.name === 'single id' && process.getuid!() === 0) {
				// What had other ids loses setuid and setgid; the sidecar knows.
				t.deepEqual(fs.readFileSync(squash, 'latin1').split('\0').slice(0, 3), ['7 8 644 big', '1000 1000 777 dangling', '65533 65533 2750 dir/empty']);
				wanted.set('dir/empty', wanted.get('dir/empty')!.replace(/^42750/, '40750'));
			}

			t.deepEqual(describeTree(tree), asSeenOnHost(wanted, subject), subject.name);
		}
	},
	title: (_, format) => `GNU tar's ${format} archives are unpacked whole`,
});

for (const format of ['v7', 'oldgnu', 'gnu', 'ustar', 'posix']) {
	test.serial(gnuFormat, format);
}

const pythonFormat = test.macro({
	exec(t, format: string) {
		if (!hasProgram(t, 'python3')) {
			return;
		}

		const root = sampleTree(t, format === 'USTAR' ? 'ustar' : 'gnu');
		const script = `import tarfile,sys,os
t=tarfile.open(fileobj=sys.stdout.buffer,mode='w|',format=tarfile.${format}_FORMAT)
for n in sorted(os.listdir(sys.argv[1])): t.add(os.path.join(sys.argv[1],n),arcname=n)
t.close()`;
		const tar = execFileSync('python3', ['-c', script, root], {maxBuffer: 1e8});
		const [subject] = subjects(t);
		const {tree, outcome} = apply(subject!, tar);
		t.true(outcome.report.ok, outcome.report.message);
		t.deepEqual(describeTree(tree), asSeenOnHost(describeTree(root), subject!));
	},
	title: (_, format) => `Python's ${format} archives are unpacked whole`,
});

for (const format of ['USTAR', 'GNU', 'PAX']) {
	test.serial(pythonFormat, format);
}

const sparseForm = test.macro({
	exec(t, ...flags: string[]) {
		if (!hasProgram(t, 'tar')) {
			return;
		}

		const folder = temporaryFolder(t);
		fs.mkdirSync(path.join(folder, 's'));
		const make = (name: string, size: number, parts: Array<[number, string]>) => {
			const handle = fs.openSync(path.join(folder, 's', name), 'w');
			for (const [offset, text] of parts) {
				fs.writeSync(handle, text, offset);
			}

			fs.ftruncateSync(handle, size);
			fs.closeSync(handle);
		};

		make('few', 10_485_764, [[0, 'start'], [5_000_000, 'middle'], [10_485_760, 'end!']]);
		make('many', 40 * 131_072, Array.from({length: 40}, (_, index) => [index * 131_072, `part ${index}`]));
		make('hole', 3_000_000, []);
		make('tail', 2_000_000, [[0, 'x']]);
		const tar = execFileSync('tar', ['-cS', ...flags, '-C', path.join(folder, 's'), '.'], {maxBuffer: 1e8});
		t.true(tar.length < 2_000_000, 'the archive is sparse');
		const subject = anySubject(t);
		if (subject === undefined) {
			return;
		}

		const {tree, outcome} = apply(subject, tar);
		t.true(outcome.report.ok, outcome.report.message);
		for (const name of ['few', 'many', 'hole', 'tail']) {
			t.true(fs.readFileSync(path.join(tree, name)).equals(fs.readFileSync(path.join(folder, 's', name))), name);
			t.true(fs.statSync(path.join(tree, name)).blocks * 512 < 1_000_000, `${name} keeps its holes`);
		}
	},
	title: (_, ...flags) => `sparse files: ${flags.join(' ')}`,
});

test.serial(sparseForm, '--format=gnu');
test.serial(sparseForm, '--format=posix', '--sparse-version=0.0');
test.serial(sparseForm, '--format=posix', '--sparse-version=0.1');
test.serial(sparseForm, '--format=posix', '--sparse-version=1.0');

/** Applies an archive as whoever we are and gives the tree. */
function unpacked(t: ExecutionContext, ...parts: Buffer[]): string | undefined {
	const subject = anySubject(t);
	if (subject === undefined) {
		return undefined;
	}

	const {tree, outcome} = apply(subject, archive(...parts));
	t.true(outcome.report.ok, outcome.report.message);
	return tree;
}

const rootOnly = (t: ExecutionContext) => {
	if (process.getuid!() === 0) {
		return true;
	}

	t.log('skipped: giving files away needs root');
	t.pass();
	return false;
};

test.serial('numbers in base 256: ids, sizes, times before 1970', t => {
	if (!rootOnly(t)) {
		return;
	}

	const tree = unpacked(t, file('a', 'xyz', {uid: base256(4_000_000_000n, 8), gid: base256(3_000_000n, 8), size: base256(3n, 12), mtime: base256(-5n, 12)}));
	if (tree) {
		const stat = fs.statSync(path.join(tree, 'a'));
		t.deepEqual([stat.uid, stat.gid, stat.size, stat.mtimeMs], [4_000_000_000, 3_000_000, 3, -5000]);
	}
});

test.serial('sloppy octal: blanks before, blanks or NULs after, nothing at all', t => {
	const tree = unpacked(
		t,
		file('a', 'abc', {mode: '   644 ', uid: '     0 ', gid: '\0\0\0\0\0\0\0\0', size: '         3 ', mtime: '14371205400 '}),
		file('b', '', {size: '           ', mode: '0000755\0', mtime: '\0'.repeat(12)}),
	);
	if (tree) {
		t.is(fs.readFileSync(path.join(tree, 'a'), 'utf8'), 'abc');
		t.is(fs.statSync(path.join(tree, 'a')).mode & 0o7777, 0o644);
		t.is(fs.statSync(path.join(tree, 'b')).mode & 0o7777, 0o755);
		t.is(fs.statSync(path.join(tree, 'b')).mtimeMs, 0);
	}
});

test.serial('checksums over signed bytes are taken, as old tars wrote them', t => {
	const name = Buffer.from('h\u00E9', 'latin1');
	const tree = unpacked(t, header({name, signed: true}));
	if (tree) {
		t.is(fs.readdirSync(tree, {encoding: 'buffer'})[0]!.toString('latin1'), 'h\u00E9');
	}
});

test.serial('v7: no magic, a directory by its slash, a hard link with the size of its file', t => {
	const magic = '\0'.repeat(8);
	const tree = unpacked(t, header({name: 'd/', type: '\0', magic, mode: 0o700}), file('d/f', 'one', {type: '\0', magic}), hardlink('d/g', 'd/f', {magic, size: 3}), file('after', 'two', {magic, type: '\0'}));
	if (tree) {
		t.is(fs.readFileSync(path.join(tree, 'd', 'g'), 'utf8'), 'one');
		t.is(fs.readFileSync(path.join(tree, 'after'), 'utf8'), 'two');
		t.is(fs.statSync(path.join(tree, 'd')).mode & 0o7777, 0o700);
	}
});

test.serial('pax: global headers hold until a local one says otherwise, empty values take back', t => {
	const tree = unpacked(
		t,
		pax({comment: 'from git archive', mtime: '1000.5'}, 'g'),
		file('global'),
		pax({mtime: '-1.25'}),
		file('local'),
		pax({mtime: ''}),
		file('taken-back', '', {mtime: 77}),
	);
	if (tree) {
		const time = (name: string) => String(fs.statSync(path.join(tree, name), {bigint: true}).mtimeNs);
		t.deepEqual(['global', 'local', 'taken-back'].map(name => time(name)), ['1000500000000', '-1250000000', '77000000000']);
	}
});

test.serial('pax: path, linkpath and size win over the header; nanoseconds are kept', t => {
	const long = `${'d/'.repeat(150)}leaf`;
	const tree = unpacked(
		t,
		pax({path: long, size: '4', mtime: '1.000000001'}),
		Buffer.concat([file('short', 'data', {size: 0})]),
		pax({linkpath: long}),
		hardlink('hard', 'cut'),
		pax({linkpath: `/${'x'.repeat(200)}`}),
		symlink('sym', 'cut'),
	);
	if (tree) {
		t.is(fs.readFileSync(path.join(tree, long), 'utf8'), 'data');
		t.is(fs.statSync(path.join(tree, long), {bigint: true}).mtimeNs, 1_000_000_001n);
		t.is(fs.statSync(path.join(tree, 'hard')).nlink, 2);
		t.is(fs.readlinkSync(path.join(tree, 'sym')), `/${'x'.repeat(200)}`);
	}
});

test.serial('GNU long names and links apply to one entry only', t => {
	const tree = unpacked(t, gnuLong('L', `${'a'.repeat(120)}/b`), gnuLong('K', 'z'.repeat(222)), symlink('cut', 'cut', {magic: 'ustar  \0'}), file('next', 'n'));
	if (tree) {
		t.is(fs.readlinkSync(path.join(tree, 'a'.repeat(120), 'b')), 'z'.repeat(222));
		t.is(fs.readFileSync(path.join(tree, 'next'), 'utf8'), 'n');
	}
});

test.serial('xattrs: binary values, file capabilities, and overlay\'s own left out', t => {
	if (!hasProgram(t, 'python3')) {
		return;
	}

	const value = Buffer.from([0, 1, 10, 61, 0, 255]);
	const capability = Buffer.from('0100000200200000000000000000000000000000', 'hex');
	for (const subject of subjects(t)) {
		const {tree, outcome} = apply(subject, archive(
			pax([['SCHILY.xattr.user.binary', value], ['SCHILY.xattr.security.capability', capability], ['SCHILY.xattr.user.overlay.opaque', 'y'], ['SCHILY.xattr.trusted.overlay.redirect', '/etc']]),
			file('f', 'x'),
			pax({'SCHILY.xattr.user.on-directory': 'yes'}),
			directory('d'),
		));
		t.true(outcome.report.ok, outcome.report.message);
		const read = spawnSync('python3', ['-c', 'import os,sys\nfor p in sys.argv[1:]:\n for n in sorted(os.listxattr(p)): print(n, os.getxattr(p,n).hex())', path.join(tree, 'f'), path.join(tree, 'd')], {encoding: 'utf8'});
		const lines = read.stdout.trim().split('\n');
		if (lines.some(line => line.startsWith('user.'))) {
			t.true(lines.includes(`user.binary ${value.toString('hex')}`), subject.name);
			t.true(lines.includes(`user.on-directory ${Buffer.from('yes').toString('hex')}`), subject.name);
			t.is(outcome.report['droppedXattrs'], 2, subject.name);
		} else {
			t.log('the file system keeps no user xattrs');
		}

		// In a user namespace the kernel notes whose capability it is (version 3).
		t.regex(lines.find(line => line.startsWith('security.capability')) ?? '', subject.name === 'root' ? /0100000200200000/ : /0100000300200000/, subject.name);
		t.false(read.stdout.includes('overlay'), subject.name);
	}
});

test.serial('archives without an end marker, with one zero block, and with more after the end', t => {
	const subject = anySubject(t);
	if (subject === undefined) {
		return;
	}

	const bare = file('a', 'x');
	for (const [tar, marker] of [[bare, false], [Buffer.concat([bare, Buffer.alloc(512)]), true], [Buffer.concat([bare, Buffer.alloc(1024), Buffer.alloc(300_000, 1)]), true], [Buffer.alloc(0), false], [Buffer.alloc(10_240), true]] as const) {
		const {outcome} = apply(subject, tar);
		t.true(outcome.report.ok, outcome.report.message);
		t.is(outcome.report['endMarker'], marker);
	}
});

test.serial('archives come just as well from a file and through a pipe', t => {
	const [subject] = subjects(t);
	if (subject === undefined) {
		return;
	}

	const tar = archive(directory('d'), file('d/f', Buffer.alloc(3_000_000, 'q')), file('d/g', 'small'));
	const kept = path.join(temporaryFolder(t), 'archive.tar');
	fs.writeFileSync(kept, tar);
	t.deepEqual(describeTree(apply(subject, kept).tree), describeTree(apply(subject, tar).tree));
});

test.serial('later entries replace earlier ones; a directory over a directory merges', t => {
	const tree = unpacked(
		t,
		file('f', 'first'),
		file('f', 'second'),
		directory('d', {mode: 0o700}),
		file('d/kept', 'k'),
		directory('d', {mode: 0o711, mtime: 42}),
		symlink('s', 'f'),
		file('s', 'no longer a link'),
		directory('was-dir/sub'),
		file('was-dir/sub/x'),
		file('was-dir', 'now a file'),
		file('was-file'),
		directory('was-file'),
		file('was-file/x', 'in'),
		file('h1', 'one'),
		hardlink('h2', 'h1'),
		hardlink('h2', 'h1'),
		file('h1', 'two'),
	);
	if (tree) {
		const read = (name: string) => fs.readFileSync(path.join(tree, name), 'utf8');
		t.deepEqual(['f', 's', 'was-dir', 'was-file/x', 'd/kept', 'h1', 'h2'].map(name => read(name)), ['second', 'no longer a link', 'now a file', 'in', 'k', 'two', 'one']);
		t.is(fs.statSync(path.join(tree, 'd')).mode & 0o7777, 0o711);
		t.is(fs.statSync(path.join(tree, 'd')).mtimeMs, 42_000);
	}
});

test.serial('parents the archive does not mention are made, symlinked ones are followed inside', t => {
	const tree = unpacked(t, file('a/b/c', 'deep'), directory('usr/lib'), symlink('lib', 'usr/lib'), file('lib/x', 'x'), symlink('abs', '/usr'), file('abs/lib/y', 'y'), hardlink('abs/z', 'lib/x'));
	if (tree) {
		t.is(fs.readFileSync(path.join(tree, 'a/b/c'), 'utf8'), 'deep');
		t.is(fs.statSync(path.join(tree, 'a/b')).mode & 0o7777, 0o755);
		t.deepEqual(fs.readdirSync(path.join(tree, 'usr/lib')).sort(), ['x', 'y']);
		t.is(fs.statSync(path.join(tree, 'usr/z')).nlink, 2);
	}
});

/**
rm-tree and du: whatever owners and modes a tree has, and nothing beyond it.
*/
import {Buffer} from 'node:buffer';
import {execFileSync, spawn, spawnSync} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import test from 'ava';
import {anySubject, apply, hasProgram, run, runtime, subjects} from '../helpers/native-trees.js';
import {archive, directory, file, hardlink, header, symlink} from '../helpers/raw-tar.js';
import {temporaryFolder} from '../helpers/temporary-folder.js';

test.serial('rm-tree removes any owner and mode, and what is not there', t => {
	for (const subject of subjects(t)) {
		const {tree} = apply(subject, archive(directory('locked', {mode: 0}), file('locked/f', 'x', {mode: 0, uid: 7, gid: 7}), directory('locked/in', {mode: 0, uid: 99}), file('locked/in/deep'), header({name: 'fifo', type: '6', mode: 0}), directory('sticky', {mode: 0o1777, uid: 5}), file('sticky/other', '', {uid: 6}), file('.wh.white'), symlink('s', '/etc'), symlink('d', '/etc/passwd')));
		const single = path.join(subject.folder, 'single');
		fs.writeFileSync(single, 'x');
		const outcome = run(subject, 'rm-tree', [tree, `${tree}/`, path.join(tree, 'no', 'such', 'place'), single, `${subject.folder}/missing`]);
		t.true(outcome.report.ok, outcome.report.message);
		t.false(fs.existsSync(tree) || fs.existsSync(single));
	}

	t.pass();
});

test.serial('rm-tree follows no symlink, neither below nor at its end', t => {
	const subject = anySubject(t);
	if (subject === undefined) {
		return;
	}

	const kept = path.join(subject.folder, 'kept');
	fs.mkdirSync(path.join(kept, 'dir'), {recursive: true});
	fs.writeFileSync(path.join(kept, 'dir', 'f'), 'x');
	const tree = path.join(subject.folder, 'tree');
	fs.mkdirSync(tree);
	fs.symlinkSync(kept, path.join(tree, 'link'));
	fs.symlinkSync(path.join(kept, 'dir'), path.join(subject.folder, 'end'));
	t.true(run(subject, 'rm-tree', [tree, path.join(subject.folder, 'end')]).report.ok);
	t.true(fs.existsSync(path.join(kept, 'dir', 'f')));
	t.deepEqual(fs.readdirSync(subject.folder).filter(name => name === 'tree' || name === 'end'), []);
});

test.serial('rm-tree refuses what would be too much', t => {
	const subject = anySubject(t);
	if (subject === undefined) {
		return;
	}

	for (const place of ['/', '.', '..', `${subject.folder}/..`, `${subject.folder}/.`]) {
		t.is(run(subject, 'rm-tree', [place]).report.kind, 'invalidParameter', place);
	}

	t.is(run(subject, 'rm-tree', []).report.kind, 'invalidParameter');
});

test.serial('rm-tree without a sandbox mends its own directories\' modes', t => {
	const program = runtime(t);
	if (program === undefined) {
		return;
	}

	const folder = temporaryFolder(t);
	const tree = path.join(folder, 'tree');
	fs.mkdirSync(path.join(tree, 'a', 'b'), {recursive: true});
	fs.writeFileSync(path.join(tree, 'a', 'b', 'f'), 'x');
	const prefix = process.getuid!() === 0 ? ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'] : [];
	if (prefix.length > 0) {
		execFileSync('chown', ['-R', '65534:65534', folder]);
	}

	fs.chmodSync(path.join(tree, 'a', 'b'), 0);
	fs.chmodSync(path.join(tree, 'a'), 0o500);
	fs.chmodSync(tree, 0);
	const outcome = run({name: 'root', prefix, sandbox: [], folder, hostId: id => id}, 'rm-tree', [tree]);
	t.true(outcome.report.ok, outcome.report.message);
	t.false(fs.existsSync(tree));
});

test.serial('rm-tree stops at another file system mounted below', t => {
	const subject = anySubject(t);
	if (subject === undefined || process.getuid!() !== 0) {
		t.log('skipped: mounting needs root');
		t.pass();
		return;
	}

	const folder = path.join(subject.folder, 'with-mount');
	const precious = path.join(subject.folder, 'precious');
	fs.mkdirSync(path.join(folder, 'a', 'mounted'), {recursive: true});
	fs.mkdirSync(precious);
	fs.writeFileSync(path.join(precious, 'data'), 'x');
	const outcome = run({...subject, prefix: ['unshare', '-m', 'sh', '-c', `mount --bind ${precious} ${folder}/a/mounted && exec "$@"`, 'sh']}, 'rm-tree', [folder]);
	t.is(outcome.report.kind, 'conflict', outcome.report.message);
	t.regex(outcome.report.message!, /a file system is mounted on a\/mounted/);
	t.deepEqual(fs.readdirSync(precious), ['data']);
	t.true(run(subject, 'rm-tree', [folder]).report.ok);
});

test.serial('rm-tree of a directory that others fill meanwhile ends', async t => {
	const subject = anySubject(t);
	if (subject === undefined) {
		return;
	}

	const tree = path.join(subject.folder, 'filling');
	fs.mkdirSync(path.join(tree, 'd'), {recursive: true});
	const filler = spawn(process.execPath, ['-e', 'const fs=require("fs");let n=0;for(;;){try{fs.writeFileSync(process.argv[1]+"/d/"+n++,"")}catch{}}', tree], {stdio: 'ignore'});
	t.teardown(() => {
		filler.kill('SIGKILL');
	});
	const {report} = run(subject, 'rm-tree', [tree]);
	t.true(report.ok || report.kind === 'conflict', report.message);
	const gone = new Promise(resolve => {
		filler.once('exit', resolve);
	});
	filler.kill('SIGKILL');
	await gone;
	t.true(run(subject, 'rm-tree', [tree]).report.ok);
	t.false(fs.existsSync(tree));
});

test.serial('rm-tree of many names in one directory', t => {
	const subject = anySubject(t);
	if (subject === undefined) {
		return;
	}

	const {tree} = apply(subject, archive(...Array.from({length: 20_000}, (_, index) => (index % 10 === 0 ? directory(`d/n${index}`) : file(`d/n${index}`)))));
	t.is(run(subject, 'du', [tree]).report['inodes'], 20_002);
	t.true(run(subject, 'rm-tree', [tree]).report.ok);
	t.false(fs.existsSync(tree));
});

test.serial('du counts as du(1) does, hard links once, over several paths', t => {
	const subject = anySubject(t);
	if (subject === undefined || !hasProgram(t, 'du')) {
		return;
	}

	const {tree} = apply(subject, archive(directory('d'), file('d/a', Buffer.alloc(50_000, 'a')), hardlink('d/b', 'd/a'), hardlink('c', 'd/a'), symlink('s', 'd/a'), file('e', 'x')));
	const {report} = run(subject, 'du', [tree]);
	t.is(report['apparentBytes'], 50_000 + 3 + 1);
	t.is(report['inodes'], 5);
	t.is(report['sizeBytes'], Number(spawnSync('du', ['-s', '-B1', tree], {encoding: 'utf8'}).stdout.split('\t')[0]));
	t.is(run(subject, 'du', [path.join(tree, 'd', 'a'), path.join(tree, 'c')]).report['inodes'], 1);
	t.is(run(subject, 'du', [path.join(tree, 'missing')]).report.kind, 'notFound');
	t.is(run(subject, 'du', []).report.kind, 'invalidParameter');
});

/**
The tree commands under AddressSanitizer and UndefinedBehaviorSanitizer: the tar reader with damaged archives by the ten thousand, and whole commands with everything else.
*/
import {Buffer} from 'node:buffer';
import {execFileSync, spawnSync} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import test, {type ExecutionContext} from 'ava';
import {anySubject, hasProgram, run} from '../helpers/native-trees.js';
import {archive, base256, directory, file, gnuLong, hardlink, header, pax, seal, symlink} from '../helpers/raw-tar.js';
import {repositoryRoot} from '../helpers/repository-root.js';
import {temporaryFolder} from '../helpers/temporary-folder.js';

const native = path.join(repositoryRoot, 'engine', 'native');
const flags = ['-std=gnu11', '-O1', '-g', '-fno-omit-frame-pointer', '-fsanitize=address,undefined', '-fno-sanitize-recover=all'];

/** Compiles with sanitizers; undefined where that can't be done here. */
function compile(t: ExecutionContext, output: string, sources: readonly string[]): string | undefined {
	const {status, stderr, error} = spawnSync('cc', [...flags, '-o', output, ...sources], {encoding: 'utf8'});
	if (error !== undefined || (status !== 0 && /asan|ubsan|fsanitize/.test(stderr))) {
		t.log(`skipped: no compiler with sanitizers here (${error?.message ?? stderr.split('\n')[0] ?? ''})`);
		t.pass();
		return undefined;
	}

	t.is(status, 0, stderr);
	return output;
}

/** Archives with something of every form. */
function seeds(): Buffer[] {
	const oldSparse = header({name: 'sparse', type: 'S', size: 6, magic: 'ustar  \0'});
	oldSparse.write(['00000000000', '00000000003', '00000001000', '00000000003', ''].join('\0'), 386, 'latin1');
	oldSparse[482] = 1;
	oldSparse.write('00000002000\0', 483, 'latin1');
	seal(oldSparse);
	return [
		archive(directory('d'), file('d/f', 'contents'), hardlink('h', 'd/f'), symlink('s', 'd'), header({name: 'c', type: '3', major: 1, minor: 3}), header({name: 'p', type: '6'})),
		archive(pax({path: 'x/'.repeat(200), mtime: '1.5', 'SCHILY.xattr.user.a': Buffer.from([0, 1, 2])}), file('cut', 'y'.repeat(600)), pax({comment: 'global'}, 'g'), file('z')),
		archive(gnuLong('L', `${'l'.repeat(150)}/${'m'.repeat(150)}`), gnuLong('K', 'k'.repeat(300)), symlink('cut', 'cut'), file('b', '', {uid: base256(70_000n, 8), mtime: base256(-1n, 12)})),
		archive(oldSparse, Buffer.alloc(512), Buffer.from('abcdef'.padEnd(512, '\0'))),
		archive(pax({'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.realsize': '5000', 'GNU.sparse.name': 'real'}), file('s', Buffer.concat([Buffer.from('2\n0\n3\n4000\n3\n'.padEnd(512, '\0')), Buffer.from('abcdef')]))),
		archive(pax([['GNU.sparse.size', '100'], ['GNU.sparse.numblocks', '2'], ['GNU.sparse.offset', '0'], ['GNU.sparse.numbytes', '3'], ['GNU.sparse.offset', '50'], ['GNU.sparse.numbytes', '3']]), file('s', 'abcdef')),
		archive(pax({'GNU.sparse.size': '100', 'GNU.sparse.map': '0,3,50,3'}), file('s', 'abcdef')),
	];
}

test.serial('the reader survives 20,000 damaged archives', t => {
	const folder = temporaryFolder(t);
	const program = compile(t, path.join(folder, 'fuzz'), [path.join(repositoryRoot, 'test/native/tar-fuzz.c'), ...['tar_read', 'tar_header', 'tar_number', 'tar_sparse', 'tar_pax', 'error'].map(name => path.join(native, `${name}.c`))]);
	if (program === undefined) {
		return;
	}

	const files = seeds().map((seed, index) => {
		const name = path.join(folder, `${index}.tar`);
		fs.writeFileSync(name, seed);
		return name;
	});
	const seed = process.env['TUG_FUZZ_SEED'] ?? '20240229';
	const result = spawnSync(program, [process.env['TUG_FUZZ_ROUNDS'] ?? '20000', seed, ...files], {encoding: 'utf8', timeout: 100_000});
	t.is(result.status, 0, `seed ${seed}: ${result.stderr || String(result.error ?? result.signal)}`);
	t.log(result.stdout.trim());
	const errors = Number(/(\d+) errors/.exec(result.stdout)?.[1]);
	t.true(errors > 2000 && errors < 20_000, 'some are damaged enough to be refused, some are not');
});

test.serial('the commands are clean under the sanitizers', t => {
	const subject = anySubject(t);
	if (subject === undefined || !hasProgram(t, 'tar')) {
		return;
	}

	const program = compile(t, path.join(temporaryFolder(t), 'tug-runtime'), fs.readdirSync(native).filter(name => name.endsWith('.c') && !name.startsWith('demo')).map(name => path.join(native, name)));
	if (program === undefined) {
		return;
	}

	if (subject.name !== 'root') {
		t.log('skipped: the sanitized program is only run as root');
		return;
	}

	const clean = (command: string, args: readonly string[], input?: Buffer, ok?: boolean) => {
		const outcome = run(subject, command, args, {program, ...(input === undefined ? {} : {input})});
		t.is(outcome.signal, null);
		t.true(outcome.status === 0 || outcome.status === 1);
		if (ok !== undefined) {
			t.is(outcome.report.ok, ok, `${command}: ${outcome.report.message ?? ''}`);
		}

		return outcome;
	};

	const at = (name: string) => path.join(subject.folder, name);
	const [first, second, third] = seeds();
	const tree = archive(directory('d', {mode: 0o700}), file('d/f', 'x'), directory('usr/lib'), symlink('lib', 'usr/lib'), file('lib/x', 'y', {uid: 8}), hardlink('lib/z', 'lib/x'), file('d', 'replaced'), directory('o'), file('o/.wh..wh..opq'), file('.wh.gone'), file('later'), file('.wh.later'), ...Array.from({length: 40}, (_, index) => file(`many/${index}/f`, 'x')), pax({path: `${'deep/'.repeat(1000)}leaf`}), file('x', 'deep'));
	clean('layer-apply', ['--dir', at('a'), '--squash', at('squash')], tree, true);
	clean('layer-apply', ['--dir', at('b')], archive(directory('d'), file('usr', 'not a directory'), file('later', 'z')), true);
	clean('layer-apply', ['--dir', at('c')], first, true);
	clean('layer-apply', ['--dir', at('e')], second, true);
	clean('layer-apply', ['--dir', at('f')], third, true);
	const diff = clean('layer-diff', ['--upper', at('a'), '--lower', at('b'), '--squash', at('squash')], undefined, true).stdout;
	clean('layer-apply', ['--dir', at('g')], diff, true);
	clean('changes', ['--upper', at('b'), '--lower', at('a'), '--lower', at('c')], undefined, true);
	clean('changes', ['--upper', at('a'), '--lower', at('b')], undefined, true);
	clean('du', [at('a'), at('b')], undefined, true);
	for (const name of ['/', '/lib', '/lib/', '/lib/x', '/usr/lib/../lib/.', '/many/3', '/nope', '/many/3/f/', '']) {
		clean('stat', ['--upper', at('a'), '--path', name]);
		clean('cp-out', ['--upper', at('a'), '--path', name]);
		clean('cp-in', ['--upper', at('a'), '--path', name, '--owner', '1:2'], archive(directory('lib'), file('lib/new', 'x'), symlink('lib/s', '/lib'), file('lib/s/t', 'u')));
	}

	clean('export', ['--upper', at('a')], undefined, true);
	for (const [index, broken] of seeds().entries()) {
		for (let cut = 512; cut < broken.length; cut += 1024) {
			clean('layer-apply', ['--dir', at(`cut-${index}-${cut}`)], broken.subarray(0, cut));
		}
	}

	for (const unsafePath of ['../x', 'a/../../b', 'n'.repeat(300), '/', '.', 'x/'.repeat(3000)]) {
		clean('layer-apply', ['--dir', at(`odd-${unsafePath.length}`)], archive(pax({path: unsafePath}), file('x', 'y')));
	}

	clean('rm-tree', ['a', 'b', 'c', 'e', 'f', 'g'].map(name => at(name)), undefined, true);
});

test.serial('the reader is also clean under -fanalyzer', t => {
	const help = spawnSync('cc', ['-fanalyzer', '-x', 'c', '-', '-c', '-o', '/dev/null'], {input: 'int x;', encoding: 'utf8'});
	if (help.error !== undefined || help.status !== 0) {
		t.log('skipped: this compiler has no -fanalyzer');
		t.pass();
		return;
	}

	for (const name of ['tar_read', 'tar_header', 'tar_number', 'tar_sparse', 'tar_pax', 'tar_write', 'plan_records', 'plan_nested', 'extract_metadata', 'squash', 'owners', 'inode_table']) {
		t.notThrows(() => execFileSync('cc', ['-std=gnu11', '-O1', '-Wall', '-Wextra', '-Werror', '-fanalyzer', '-c', path.join(native, `${name}.c`), '-o', '/dev/null'], {stdio: 'pipe'}), name);
	}
});

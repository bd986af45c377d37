/**
Every command of tug-runtime with options that are missing, wrong, repeated or unknown: one line of a report on descriptor 3, exit code 1, and nothing done.
*/
import {spawnSync} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {runtime} from '../helpers/native-trees.js';
import {repositoryRoot} from '../helpers/repository-root.js';
import {temporaryFolder} from '../helpers/temporary-folder.js';

type Result = {readonly status: number | null; readonly lines: readonly string[]; readonly report: Readonly<Record<string, unknown>>; readonly stdout: string; readonly stderr: string};

function call(program: string, args: readonly string[], input = ''): Result {
	const {status, output, stdout, stderr} = spawnSync(program, args, {input, stdio: ['pipe', 'pipe', 'pipe', 'pipe'], encoding: 'utf8', timeout: 60_000});
	const lines = String(output[3]).split('\n').slice(0, -1);
	return {status, lines, stdout, stderr, report: lines[0] === undefined ? {} : JSON.parse(lines[0]) as Record<string, unknown>};
}

function namesIn(folder: string): readonly string[] {
	return fs.readdirSync(folder, {recursive: true, encoding: 'utf8'}).sort((one, other) => one.localeCompare(other));
}

/** All commands of main.c. */
const commands = [...fs.readFileSync(path.join(repositoryRoot, 'engine/native/main.c'), 'utf8').matchAll(/^\t\{"([a-z-]+)", cmd_/gm)].map(match => match[1]!);

test('the readme\'s table has every command', t => {
	const table = fs.readFileSync(path.join(repositoryRoot, 'engine/native/readme.md'), 'utf8').split('## Sandbox')[0]!;
	const documented = new Set([...table.matchAll(/^\| `([a-z-]+)/gm)].map(match => match[1]));
	t.deepEqual(commands.filter(command => !documented.has(command)), []);
	t.true(commands.length > 15);
});

test('no command, and one that nobody knows', t => {
	const program = runtime(t);
	if (program === undefined) {
		return;
	}

	t.like(call(program, []).report, {ok: false, kind: 'invalidParameter', message: 'no command given'});
	for (const name of ['nonsense', '', '--help', '-h', 'Probe', 'probe ']) {
		const {status, report, lines} = call(program, [name, 'x', '--y']);
		t.is(status, 1);
		t.is(lines.length, 1);
		t.like(report, {ok: false, kind: 'invalidParameter', message: `unknown command ${name}`});
	}
});

test('no command takes an option it does not know, nor a map of ids without its sandbox', t => {
	const program = runtime(t);
	if (program === undefined) {
		return;
	}

	for (const command of commands) {
		const unknown = call(program, [command, '--no-such-option']);
		t.is(unknown.status, 1, command);
		t.is(unknown.lines.length, 1, command);
		t.like(unknown.report, {ok: false, kind: 'invalidParameter'}, `${command}: ${JSON.stringify(unknown.report)}`);
		for (const option of ['--sandbox', '--uid-map', '--gid-map']) {
			t.is(call(program, [command, option]).report['message'], `${option} needs a value`, command);
		}

		t.is(call(program, [command, '--sandbox', '/nowhere', '--uid-map', '0 0 1']).report['message'], '--sandbox needs --uid-map and --gid-map', command);
		t.is(unknown.stdout, '', command);
	}
});

const refused = test.macro({
	title: (_, args: readonly string[]) => `refused: ${args.join(' ')}`,
	exec(t: ExecutionContext, args: readonly string[], message: RegExp, kind = 'invalidParameter') {
		const program = runtime(t);
		if (program === undefined) {
			return;
		}

		const folder = temporaryFolder(t);
		fs.mkdirSync(path.join(folder, 'dir'));
		fs.writeFileSync(path.join(folder, 'file'), 'x');
		const before = namesIn(folder);
		const {status, lines, report, stdout, stderr} = call(program, args.map(argument => argument.replace('DIR', folder)));
		t.is(status, 1);
		t.is(lines.length, 1);
		t.is(report['kind'], kind, JSON.stringify(report));
		t.regex(String(report['message']).replaceAll(folder, 'DIR'), message);
		t.is(stdout, '');
		t.is(stderr, '');
		t.deepEqual(namesIn(folder), before, 'nothing was done');
	},
});

test(refused, ['probe'], /^probe: --dir is missing$/);
test(refused, ['probe', '--dir'], /^probe: --dir needs a value$/);
test(refused, ['probe', '--dir', 'DIR/a', '--dir', 'DIR/b'], /^probe: --dir is given twice$/);
test(refused, ['probe', 'DIR'], /^probe: unexpected argument DIR$/);

test(refused, ['sandbox'], /^usage: sandbox up\|down\|status/);
test(refused, ['sandbox', 'sideways', '--sandbox', 'DIR', '--uid-map', '0 0 1', '--gid-map', '0 0 1'], /^sandbox: unknown command sideways$/);
test(refused, ['sandbox', 'up', 'down', '--sandbox', 'DIR', '--uid-map', '0 0 1', '--gid-map', '0 0 1'], /^usage: sandbox/);
test(refused, ['sandbox', 'up'], /^usage: sandbox/);

test(refused, ['lock'], /^usage: lock PATH/);
test(refused, ['lock', 'DIR/a', 'DIR/b'], /^usage: lock PATH/);
test(refused, ['lock', 'DIR/missing: no such file or directory$/a', '--wait', '10'], /open lock/, 'system');
test(refused, ['lock', 'DIR/file', '--wait', 'soon'], /^lock: --wait: soon is not a number$/);
test(refused, ['lock', 'DIR/file', '--wait', '-1'], /--wait: -1 is not a number$/);
test(refused, ['lock', 'DIR/file', '--wait', '99999999999999999999'], /is not a number$/);
test(refused, ['lock', 'DIR/file', '--shared=yes'], /^lock: --shared takes no value$/);

test(refused, ['layer-apply'], /^layer-apply: --dir is missing$/);
test(refused, ['layer-apply', '--dir', 'DIR/missing: no such file or directory$/x'], /create directory/, 'system');
test(refused, ['layer-apply', '--dir', 'DIR/file'], /file: not a directory$/, 'system');
test(refused, ['layer-apply', '--dir', 'DIR'], /^DIR is not empty$/, 'conflict');
test(refused, ['layer-apply', '--dir=DIR', 'extra'], /^layer-apply: unexpected argument extra$/);
test(refused, ['layer-apply', '--dir', 'DIR/x', '--max-bytes', '1k'], /--max-bytes: 1k is not a number$/);
test(refused, ['layer-apply', '--dir', 'DIR/x', '--max-entries='], /--max-entries: {2}is not a number$/);
test(refused, ['layer-apply', '--dir', 'DIR/x', '--userxattr=1'], /--userxattr takes no value$/);
test(refused, ['layer-apply', '--dir', 'DIR/x', '--squash'], /--squash needs a value$/);

test(refused, ['layer-diff'], /^layer-diff: --upper is missing$/);
test(refused, ['layer-diff', '--upper', 'DIR/missing'], /missing: no such file or directory$/, 'system');
test(refused, ['layer-diff', '--upper', 'DIR/file'], /file: not a directory$/, 'system');
test(refused, ['changes'], /^changes: --upper is missing$/);
test(refused, ['changes', '--upper', 'DIR/missing'], /missing: no such file or directory$/, 'system');
test(refused, ['changes', '--upper', 'DIR/dir', '--lower', 'DIR/missing'], /missing: no such file or directory$/, 'system');

test(refused, ['rm-tree'], /^rm-tree: no path given$/);
test(refused, ['rm-tree', '/'], /cannot be removed$/);
test(refused, ['rm-tree', 'DIR/dir/..'], /cannot be removed$/);
test(refused, ['rm-tree', '.'], /cannot be removed$/);
test(refused, ['du'], /^du: no path given$/);
test(refused, ['du', 'DIR/missing'], /^DIR\/missing is not there$/, 'notFound');
test(refused, ['du', 'DIR/dir', 'DIR/missing'], /^DIR\/missing is not there$/, 'notFound');

for (const command of ['stat', 'cp-out', 'cp-in']) {
	test(refused, [command, '--upper', 'DIR/dir'], new RegExp(`^${command}: --path is missing$`));
	test(refused, [command, '--path', '/'], /neither --pid nor --upper is given$/);
	test(refused, [command, '--path', '/', '--upper', 'DIR/dir', '--pid', '1', '--start-ticks', '1'], /--pid excludes --upper and --lower$/);
	test(refused, [command, '--path', '/', '--pid', '99999999999', '--start-ticks', '1'], /--pid is out of range$/);
	test(refused, [command, '--path', '/', '--pid', 'one', '--start-ticks', '1'], /--pid: one is not a number$/);
	test(refused, [command, '--path', '/missing', '--upper', 'DIR/dir'], /missing: no such file or directory$/, 'notFound');
	test(refused, [command, '--path', '/', '--upper', 'DIR/missing'], /missing: no such file or directory$/, 'system');
}

test(refused, ['cp-in', '--path', '/file', '--upper', 'DIR'], /not a directory$/);
for (const owner of ['root', '1', '1:', ':1', '1:2:3', '-1:0', '4294967295:0', '0:4294967296', '1: 2', ' 1:2']) {
	test(refused, ['cp-in', '--path', '/', '--upper', 'DIR/dir', '--owner', owner], /is not UID:GID$/);
}

test(refused, ['export'], /neither --pid nor --upper is given$/);
test(refused, ['export', '--upper', 'DIR/missing'], /missing: no such file or directory$/, 'system');
test(refused, ['create', 'x'], /unexpected argument|plan/);
test(refused, ['create'], /^plan: no plan on stdin$/);
test(refused, ['run'], /^plan: no plan on stdin$/);
test(refused, ['exec'], /^plan: no plan on stdin$/);
test(refused, ['start'], /^start: --socket is missing$/);
test(refused, ['start', '--socket', 'DIR/missing'], /missing|not running/, 'conflict');
test(refused, ['start', '--socket', 'DIR/file'], /./, 'conflict');
test(refused, ['delete'], /^delete: --state and --socket are needed$/);
test(refused, ['delete', '--state', 'DIR/dir'], /^delete: --state and --socket are needed$/);

test('what is gone already is deleted', t => {
	const program = runtime(t);
	if (program === undefined) {
		return;
	}

	const folder = temporaryFolder(t);
	t.deepEqual(call(program, ['delete', '--state', path.join(folder, 'missing'), '--socket', path.join(folder, 'missing.sock')]).report, {ok: true});
	t.like(call(program, ['rm-tree', path.join(folder, 'missing')]).report, {ok: true});
});

test('after two dashes everything is a path', t => {
	const program = runtime(t);
	if (program === undefined) {
		return;
	}

	const folder = temporaryFolder(t);
	for (const name of ['--force', '--']) {
		fs.mkdirSync(path.join(folder, name));
		const {status, stdout} = spawnSync(program, ['rm-tree', '--', name], {cwd: folder, encoding: 'utf8'});
		t.is(status, 0);
		t.is(stdout, '');
		t.false(fs.existsSync(path.join(folder, name)), name);
	}
});

test('without descriptor 3 the report goes to nowhere, and the exit code still tells', t => {
	const program = runtime(t);
	if (program === undefined) {
		return;
	}

	const folder = temporaryFolder(t);
	fs.writeFileSync(path.join(folder, 'kept'), 'kept');
	for (const [args, status] of [[['du', folder], 0], [['du', `${folder}/missing`], 1], [['nonsense'], 1]] as const) {
		const result = spawnSync('sh', ['-c', 'exec "$@" 3>&-', 'sh', program, ...args], {encoding: 'utf8'});
		t.is(result.status, status, args.join(' '));
	}

	// A file that the caller happens to have open as the next descriptor must not get it.
	const victim = spawnSync('sh', ['-c', 'exec 4>"$2/kept.log"; exec "$1" du "$2/missing" 3>&-', 'sh', program, folder]);
	t.is(victim.status, 1);
	t.is(fs.readFileSync(path.join(folder, 'kept.log'), 'utf8'), '');
});

test('closed standard streams do not become the files it opens', t => {
	const program = runtime(t);
	if (program === undefined) {
		return;
	}

	const folder = temporaryFolder(t);
	for (const closed of ['0>&-', '1>&-', '2>&-', '0>&- 1>&- 2>&-']) {
		const result = spawnSync('sh', ['-c', `exec "$1" layer-apply --dir "$2" 3>"$2.report" ${closed} </dev/null`.replace('</dev/null', closed.startsWith('0') ? '' : '</dev/null'), 'sh', program, path.join(folder, closed.replaceAll(/\W/g, '-'))]);
		t.true(result.status === 0 || result.status === 1, closed);
		const report = fs.readFileSync(path.join(folder, `${closed.replaceAll(/\W/g, '-')}.report`), 'utf8');
		t.notThrows(() => JSON.parse(report) as unknown, `${closed}: ${report}`);
	}
});

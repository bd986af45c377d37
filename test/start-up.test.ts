/** The built program's start: its compiled forms, and what is loaded only when it is used. */
import {spawnSync} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import test, {type ExecutionContext} from 'ava';
import {compiledName} from '../source/program.js';
import {repositoryRoot} from './helpers/repository-root.js';
import {temporaryFolder} from './helpers/temporary-folder.js';

/** A copy of the built package without compiled forms; undefined where it was not built. */
function packageCopy(t: ExecutionContext): string | undefined {
	const built = path.join(repositoryRoot, 'dist');
	if (!fs.existsSync(path.join(built, 'cli.cjs'))) {
		t.log('skipped: the bundles are not built (node scripts/build.mjs)');
		t.pass();
		return undefined;
	}

	const folder = temporaryFolder(t);
	fs.copyFileSync(path.join(repositoryRoot, 'package.json'), path.join(folder, 'package.json'));
	fs.cpSync(built, path.join(folder, 'dist'), {recursive: true, verbatimSymlinks: true, filter: file => !file.endsWith('.cache') && !file.includes('/dist/types')});
	return path.join(folder, 'dist');
}

function node(t: ExecutionContext, words: readonly string[], environment: NodeJS.ProcessEnv = {}) {
	const {NODE_OPTIONS: _, NODE_V8_COVERAGE: __, DOCKER_HOST: ___, ...inherited} = process.env;
	const place = fs.mkdtempSync('/tmp/s-');
	t.teardown(() => {
		fs.rmSync(place, {recursive: true, force: true});
	});
	return spawnSync(process.execPath, words, {encoding: 'utf8', env: {...inherited, TUG_ROOT: path.join(place, 'store'), TUG_RUN: path.join(place, 'run'), XDG_CACHE_HOME: path.join(place, 'cache'), ...environment}});
}

function compiledForms(dist: string): string[] {
	return fs.readdirSync(dist).filter(name => name.endsWith('.cache')).sort();
}

test('warming up leaves the two compiled forms and nothing else', t => {
	const dist = packageCopy(t);
	if (dist === undefined) {
		return;
	}

	const temporary = temporaryFolder(t);
	const short = path.join('/tmp', `w-${process.pid}`);
	fs.symlinkSync(temporary, short);
	t.teardown(() => {
		fs.unlinkSync(short);
	});
	const before = fs.readdirSync(dist);
	const {status, stdout, stderr} = node(t, [path.join(dist, 'warm-up.cjs')], {TMPDIR: short});
	t.deepEqual({status, stdout, stderr}, {status: 0, stdout: '', stderr: ''});
	t.deepEqual(fs.readdirSync(temporary), []);
	const forms = compiledForms(dist);
	const digest = /^main-([\da-f]{16})-/.exec(forms[0] ?? '')?.[1] ?? '';
	t.deepEqual(forms, [compiledName({digest, use: 'containers'}), compiledName({digest, use: 'lists'})]);
	t.deepEqual(fs.readdirSync(dist).filter(name => !forms.includes(name)), before);
	t.true(forms.every(name => fs.statSync(path.join(dist, name)).size > 100_000));
});

test('warming up without the native program still serves lists, and fails nothing', t => {
	const dist = packageCopy(t);
	if (dist === undefined) {
		return;
	}

	fs.rmSync(path.join(dist, 'native'), {recursive: true, force: true});
	const {status} = node(t, [path.join(dist, 'warm-up.cjs')], {TUG_RUNTIME: '/nowhere/tug-runtime'});
	t.is(status, 0);
	t.is(compiledForms(dist).length, 2);
});

test('without its compiled form the program says the same', t => {
	const dist = packageCopy(t);
	if (dist === undefined) {
		return;
	}

	const say = (...words: readonly string[]) => {
		const {status, stdout, stderr} = node(t, [path.join(dist, 'cli.cjs'), ...words]);
		return {status, stdout, stderr};
	};

	const lines = [['--version'], ['images'], ['container', 'ls'], ['inspect', 'nothing'], ['rm', 'nothing'], ['run', '--help'], ['history', 'nothing']];
	const before = lines.map(words => say(...words));
	t.deepEqual(compiledForms(dist), []);
	t.is(node(t, [path.join(dist, 'warm-up.cjs')]).status, 0);
	t.deepEqual(lines.map(words => say(...words)), before);
});

test('the owner\'s first `ps` leaves a compiled form; one that failed, one with options for Node, and help do not', t => {
	const dist = packageCopy(t);
	if (dist === undefined) {
		return;
	}

	const cli = path.join(dist, 'cli.cjs');
	node(t, [cli, 'images']);
	node(t, [cli, 'run', 'nothing']);
	node(t, [cli, 'ps', '--help']);
	node(t, ['--max-old-space-size=200', cli, 'ps']);
	node(t, [cli, 'ps'], {NODE_OPTIONS: '--max-old-space-size=200'});
	t.deepEqual(compiledForms(dist), []);
	t.is(node(t, [cli, 'ps']).status, 0);
	t.is(compiledForms(dist).length, 1);
	t.is(node(t, [cli, 'ps']).status, 0);
});

test('lists load neither sockets nor hashes', t => {
	const dist = packageCopy(t);
	if (dist === undefined) {
		return;
	}

	const loaded = path.join(temporaryFolder(t), 'loaded.cjs');
	fs.writeFileSync(loaded, 'process.on("exit", () => console.log(process.moduleLoadList.filter(name => /NativeModule (net|crypto|stream|child_process|zlib|http|perf_hooks)$/.test(name)).join()));');
	for (const words of [['images', '-q'], ['ps', '-q']]) {
		t.is(node(t, ['--require', loaded, path.join(dist, 'cli.cjs'), ...words]).stdout.trim(), '', words.join(' '));
	}
});

for (const words of [['info', '--format', '{{.Driver}}'], ['cp', 'nothing:/x', '.'], ['help'], ['completion', 'bash'], ['--debug', 'ps'], ['rum']]) {
	test(`what only \`tug ${words.join(' ')}\` needs comes from rest.cjs, with the same classes of errors`, t => {
		const dist = packageCopy(t);
		if (dist === undefined) {
			return;
		}

		const found = node(t, [path.join(dist, 'cli.cjs'), ...words]);
		t.notRegex(found.stderr, /internal|TypeError|ReferenceError|is not a function|Cannot find/);
		t.true([0, 1, 125].includes(found.status!));
		fs.renameSync(path.join(dist, 'rest.cjs'), path.join(dist, 'elsewhere.cjs'));
		t.regex(node(t, [path.join(dist, 'cli.cjs'), ...words]).stderr, /Cannot find module/);
	});
}

import {spawnSync} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import type {ContainerInfo, ImageInfo} from '../../engine/index.js';
import {completionScript, shells} from '../../source/arguments/completion-script.js';
import {complete} from '../../source/commands/complete.js';
import {fakeEngine} from '../helpers/fake-engine.js';
import {fakeContext, runCommand} from '../helpers/run-command.js';
import {temporaryFolder} from '../helpers/temporary-folder.js';

const containers = [
	{Id: 'abc'.padEnd(64, '0'), Names: ['/web'], Image: 'busybox', State: 'running', Status: 'Up'},
	{Id: 'def'.padEnd(64, '0'), Names: ['/worker'], Image: 'busybox', State: 'exited', Status: 'Exited (0)'},
] as unknown as readonly ContainerInfo[];

async function candidates(...words: readonly string[]): Promise<string[]> {
	const {engine} = fakeEngine({
		listContainers: async options => containers.filter(container => options?.all === true || container.State === 'running'),
		listImages: async () => [{RepoTags: ['busybox:latest', 'debian:13', '127.0.0.1:5000/x:latest']}] as unknown as ImageInfo[],
	});
	const {context, collected} = fakeContext({engine});
	await complete(context, words);
	return collected().output.split('\n').filter(line => line !== '').map(line => line.split('\t')[0]!);
}

test('verbs, families and global options', async t => {
	t.deepEqual(await candidates('im'), ['images', 'import', 'image']);
	t.true((await candidates('')).length > 30);
	t.deepEqual(await candidates('--ro'), ['--root']);
	t.deepEqual(await candidates('container', 'r'), ['run', 'rename', 'restart', 'rm', 'remove']);
	t.deepEqual(await candidates('-D', 'unp'), ['unpause']);
	t.deepEqual(await candidates('--root', 'fold'), [':directories']);
	t.deepEqual(await candidates('--root', 'folder', 'unp'), ['unpause']);
	t.deepEqual(await candidates('--root=folder', 'unp'), ['unpause']);
});

test('options and their values', async t => {
	t.deepEqual(await candidates('run', '--read'), ['--read-only']);
	t.deepEqual(await candidates('run', '--pull', ''), ['always', 'missing', 'never']);
	t.deepEqual(await candidates('run', '--pull=n'), ['--pull=never']);
	t.deepEqual(await candidates('ps', '-a', '--filter', 'st'), ['status=']);
	t.deepEqual(await candidates('ps', '-af', 'st'), ['status=']);
	t.deepEqual(await candidates('run', '--env-file', ''), [':files']);
	t.deepEqual(await candidates('run', '--gp'), []);
});

test('names of containers and images', async t => {
	t.deepEqual(await candidates('logs', ''), ['web', 'worker']);
	t.deepEqual(await candidates('stop', ''), ['web']);
	t.deepEqual(await candidates('start', ''), ['worker']);
	t.deepEqual(await candidates('rm', 'web', ''), ['worker']);
	t.deepEqual(await candidates('rm', 'de'), ['def000000000']);
	t.deepEqual(await candidates('run', '--rm', ''), ['busybox', 'debian:13', '127.0.0.1:5000/x']);
	t.deepEqual(await candidates('run', 'busybox', 'ls', '-'), [':files']);
	t.deepEqual(await candidates('exec', '-it', 'w'), ['web']);
	t.deepEqual(await candidates('container', 'rm', 'wo'), ['worker']);
	t.deepEqual(await candidates('ps', ''), []);
	t.deepEqual(await candidates('nosuch', ''), []);
});

test('there is a script for each shell, which the shell can read', async t => {
	const folder = temporaryFolder(t);
	for (const shell of shells) {
		t.is((await runCommand(['completion', shell])).output, completionScript(shell));
		const file = path.join(folder, shell);
		fs.writeFileSync(file, completionScript(shell));
		const check = spawnSync(shell, ['-n', file], {encoding: 'utf8'});
		if (check.error === undefined) {
			t.is(check.stderr, '', shell);
		} else {
			t.log(`skipped for ${shell}: it is not installed`);
		}
	}

	t.regex((await runCommand(['completion', 'tcsh'])).errors, /no completion for tcsh/);
});

test('in bash, the candidates arrive', t => {
	const script = `tug() { shift; printf '%s\\n' "run\twhat" "--flag=" "got:$*"; }\n${completionScript('bash')}\nCOMP_WORDS=(tug rm w) COMP_CWORD=2; compopt() { :; }; _tug; printf '%s\\n' "\${COMPREPLY[@]}"`;
	const {stdout, stderr} = spawnSync('bash', ['-c', script], {encoding: 'utf8'});
	t.is(stderr, '');
	t.is(stdout, 'run\n--flag=\ngot:rm w\n');
});

import fs from 'node:fs';
import path from 'node:path';
import {Readable} from 'node:stream';
import test from 'ava';
import type {Engine, VolumeInfo} from '../../engine/index.js';
import {complete} from '../../source/commands/complete.js';
import {keyValues, labelProblem} from '../../source/arguments/key-values.js';
import {fakeEngine} from '../helpers/fake-engine.js';
import {fakeContext, runCommand} from '../helpers/run-command.js';
import {temporaryFolder} from '../helpers/temporary-folder.js';

function engineError(kind: string, message: string): Error {
	return Object.assign(new Error(message), {name: 'EngineError', kind, hint: undefined, code: undefined, exitCode: undefined});
}

const volume = (Name: string, more: Partial<VolumeInfo> = {}): VolumeInfo => ({CreatedAt: '2026-01-01T00:00:00Z', Driver: 'local', Labels: null, Mountpoint: `/v/${Name}/_data`, Name, Options: null, Scope: 'local', ...more});

const volumes = [volume('b10'), volume('b9', {Labels: {a: 'x', b: ''}}), volume('c', {UsageData: {Size: 1500, RefCount: 2}})];

async function list(words: readonly string[], found: VolumeInfo[] = volumes) {
	const {engine, calls} = fakeEngine({listVolumes: async () => [...found]});
	return {...(await runCommand(['volume', 'ls', ...words], {engine})), asked: calls[0]?.[1]};
}

test('volumes are listed as docker lists them, numbers in names by their value', async t => {
	t.deepEqual(await list([]), {exitCode: 0, output: 'DRIVER    VOLUME NAME\nlocal     b9\nlocal     b10\nlocal     c\n', errors: '', asked: {filters: {}, size: false}});
	t.is((await list([], [])).output, 'DRIVER    VOLUME NAME\n');
	t.is((await list(['-q'])).output, 'b9\nb10\nc\n');
	t.is((await list(['--format', '{{.Name}} {{.Labels}} {{.Label "a"}} {{.Label "none"}}|{{.Mountpoint}} {{.Scope}} {{.Links}} {{.Size}} {{.Availability}}'])).output, 'b9 a=x,b= x |/v/b9/_data local N/A N/A N/A\nb10   |/v/b10/_data local N/A N/A N/A\nc   |/v/c/_data local 2 1.5kB N/A\n');
	t.is((await list(['--format', 'json'], [volumes[1]!])).output, '{"Availability":"N/A","Driver":"local","Group":"N/A","Labels":"a=x,b=","Links":"N/A","Mountpoint":"/v/b9/_data","Name":"b9","Scope":"local","Size":"N/A","Status":"N/A"}\n');
	t.is((await list(['-s'], [volumes[2]!])).output, 'DRIVER    VOLUME NAME   LINKS     SIZE\nlocal     c             2         1.5kB\n');
	t.deepEqual((await list(['-s', '-f', 'dangling=true', '-f', 'label=a', '-f', 'label=b=c'])).asked, {filters: {dangling: ['true'], label: ['a', 'b=c']}, size: true});
	t.regex((await list(['-f', 'bad'])).errors, /bad format of filter/);
	t.regex((await list(['extra'])).errors, /'tug volume ls' accepts no arguments/);
});

test('a volume is made from its options', async t => {
	const {engine, calls} = fakeEngine({createVolume: async options => volume(options?.Name ?? 'random')});
	const made = async (...words: string[]) => runCommand(['volume', 'create', ...words], {engine});
	t.deepEqual(await made(), {exitCode: 0, output: 'random\n', errors: ''});
	t.deepEqual(await made('-d', 'local', '--label', 'a=b', '--label', 'c', '-o', 'type=none', '--opt', 'o=bind,ro', '-o', 'device=/x=y', 'data'), {exitCode: 0, output: 'data\n', errors: ''});
	t.is((await made('--name', 'old')).output, 'old\n');
	t.deepEqual(calls.map(([, options]) => options), [
		{Labels: {}, DriverOpts: {}},
		{Name: 'data', Driver: 'local', Labels: {a: 'b', c: ''}, DriverOpts: {type: 'none', o: 'bind,ro', device: '/x=y'}},
		{Name: 'old', Labels: {}, DriverOpts: {}},
	]);
	t.like(await made('--name', 'a', 'b'), {exitCode: 1, errors: 'tug: conflicting options: cannot specify a volume-name through both --name and as a positional arg\n'});
	t.regex((await made('--label', 'a b', 'data')).errors, /label 'a b' contains whitespaces/);
	t.is((await made('--label', '=x', 'data')).exitCode, 125);
	t.regex((await made('a', 'b')).errors, /requires at most 1 argument/);
	t.is(calls.length, 3);
});

test('labels are docker\'s', t => {
	t.deepEqual(keyValues(['a=b=c', 'd', '=', 'a=again']), {a: 'again', d: '', '': ''});
	for (const [word, problem] of [['a', undefined], ['a=b c', undefined], ['', 'invalid label \'\': empty name'], ['=b', 'invalid label \'=b\': empty name'], [' =b', 'invalid label \' =b\': empty name'], ['a\tb=c', 'label \'a\tb\' contains whitespaces']] as const) {
		t.is(labelProblem(word), problem, word);
	}
});

test('of several volumes all are tried', async t => {
	const {engine, calls} = fakeEngine({
		async removeVolume(name) {
			if (name === 'used') {
				throw engineError('conflict', 'remove used: volume is in use - [c1]');
			}
		},
	});
	t.deepEqual(await runCommand(['volume', 'rm', 'a', 'used', 'b'], {engine}), {exitCode: 1, output: 'a\nb\n', errors: 'tug: remove used: volume is in use - [c1]\n'});
	t.is((await runCommand(['volume', 'remove', '-f', 'a'], {engine})).exitCode, 0);
	t.deepEqual(calls.map(([, name, options]) => [name, options]), [['a', {force: false}], ['used', {force: false}], ['b', {force: false}], ['a', {force: true}]]);
	t.regex((await runCommand(['volume', 'rm'], {engine})).errors, /requires at least 1 argument/);
});

test('pruning asks first, and says what it would take', async t => {
	const {engine, calls} = fakeEngine({pruneVolumes: async options => ({Deleted: options?.filters?.['all'] === undefined ? [] : ['a', 'b'], SpaceReclaimed: 12_345})});
	const answer = async (text: string, ...words: string[]) => runCommand(['volume', 'prune', ...words], {engine, input: text});
	const no = await answer('n\n');
	t.is(no.output, 'WARNING! This will remove anonymous local volumes not used by at least one container.\nAre you sure you want to continue? [y/N] ');
	t.is(no.exitCode, 0);
	t.is(calls.length, 0);
	t.is((await answer('', '-f')).output, 'Total reclaimed space: 12.35kB\n');
	t.is((await answer('', '-af', '--filter', 'label!=keep')).output, 'Deleted Volumes:\na\nb\n\nTotal reclaimed space: 12.35kB\n');
	t.deepEqual(calls.map(([, options]) => options), [{filters: {}}, {filters: {'label!': ['keep'], all: ['true']}}]);
	t.regex((await answer('n\n', '-a')).output, /^WARNING! This will remove all local volumes not used/);
});

test('a volume is exported to a file, whole or not at all, and imported from one', async t => {
	const folder = temporaryFolder(t);
	const imported: string[] = [];
	const {engine} = fakeEngine({
		async exportVolume(name) {
			if (name === 'none') {
				throw engineError('notFound', 'get none: no such volume');
			}

			return Readable.from(name === 'broken' ? failing() : [Buffer.from('tar of '), Buffer.from(name)]);
		},
		async importVolume(name, tar) {
			imported.push(`${name}: ${Buffer.concat(await tar.toArray() as Buffer[]).toString()}`);
		},
	} satisfies Partial<Engine>);
	const run = async (...words: string[]) => runCommand(['volume', ...words], {engine, directory: folder});
	t.deepEqual(await run('export', 'data'), {exitCode: 0, output: 'tar of data', errors: ''});
	t.deepEqual(await run('export', '-o', 'data.tar', 'data'), {exitCode: 0, output: '', errors: ''});
	t.is(fs.readFileSync(path.join(folder, 'data.tar'), 'utf8'), 'tar of data');
	t.is((await run('export', '-o', 'data.tar', 'broken')).exitCode, 1);
	t.is(fs.readFileSync(path.join(folder, 'data.tar'), 'utf8'), 'tar of data', 'the old one stays');
	t.deepEqual(fs.readdirSync(folder), ['data.tar']);
	t.deepEqual(await run('export', 'none'), {exitCode: 1, output: '', errors: 'tug: get none: no such volume\n'});
	t.deepEqual(await run('import', 'copy', 'data.tar'), {exitCode: 0, output: 'copy\n', errors: ''});
	t.deepEqual(imported, ['copy: tar of data']);
	t.deepEqual(await run('import', 'copy', 'none.tar'), {exitCode: 1, output: '', errors: 'tug: open none.tar: no such file or directory\n'});
	t.regex((await run('import')).errors, /requires at least 1 and at most 2 arguments/);
});

async function* failing(): AsyncGenerator<Buffer> {
	yield Buffer.from('half');
	throw engineError('system', 'the disk broke');
}

test('completion offers volumes', async t => {
	const {engine} = fakeEngine({listVolumes: async () => [...volumes]});
	const offered = async (...words: string[]) => {
		const {context, collected} = fakeContext({engine});
		t.is(await complete(context, words), 0);
		return collected().output;
	};

	t.is(await offered('volume', 'rm', 'b'), 'b10\nb9\n');
	t.is(await offered('volume', 'rm', 'b10', 'b'), 'b9\n');
	t.regex(await offered('volume', ''), /^create\tCreate a volume$/m);
	t.regex(await offered('volume', 'import', 'x', ''), /^:files$/m);
});

test('run passes on what it is told of volumes', async t => {
	const {engine, calls} = fakeEngine({createContainer: async () => ({Id: 'id', Warnings: []})});
	t.is((await runCommand(['create', '--volumes-from', 'a:ro', '--volumes-from', 'b', '--volume-driver', 'local', '--mount', 'type=volume,src=data,dst=/x,volume-subpath=a,volume-nocopy', 'busybox'], {engine})).exitCode, 0);
	t.like(calls[0]![1], {HostConfig: {VolumesFrom: ['a:ro', 'b'], VolumeDriver: 'local', Mounts: [{Type: 'volume', Source: 'data', Target: '/x', VolumeOptions: {Subpath: 'a', NoCopy: true}}]}});
});

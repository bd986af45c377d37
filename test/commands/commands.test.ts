import test from 'ava';
import type {ContainerInfo, Engine, EventMessage, ImageInfo, OutputChunk} from '../../engine/index.js';
import {fakeEngine} from '../helpers/fake-engine.js';
import {runCommand} from '../helpers/run-command.js';

/** As the engine's error looks, whose class these tests do not load. */
function engineError(kind: string, message: string, more: {hint?: string; exitCode?: number} = {}): Error {
	return Object.assign(new Error(message), {name: 'EngineError', kind, hint: undefined, code: undefined, exitCode: undefined, ...more});
}

const gone = (name: string) => engineError('notFound', `No such container: ${name}`);

const container = {
	Id: 'a'.repeat(64), Names: ['/web'], Image: 'busybox', ImageID: `sha256:${'b'.repeat(64)}`, Command: 'sh -c "sleep 1000000000"', Created: Math.trunc(Date.now() / 1000) - 7200,
	Ports: [{IP: '0.0.0.0', PrivatePort: 80, PublicPort: 8080, Type: 'tcp'}], Labels: {app: 'x'}, State: 'running', Status: 'Up 2 hours', HostConfig: {NetworkMode: 'none'}, NetworkSettings: {Networks: {}}, Mounts: [],
} as unknown as ContainerInfo;

test('ps is docker\'s table', async t => {
	const {engine, calls} = fakeEngine({listContainers: async () => [container]});
	const {output, exitCode} = await runCommand(['ps', '-a', '--filter', 'status=exited', '--filter', 'name=w'], {engine});
	t.is(exitCode, 0);
	t.is(output, [
		'CONTAINER ID   IMAGE     COMMAND                   CREATED       STATUS       PORTS                  NAMES',
		'aaaaaaaaaaaa   busybox   "sh -c \\"sleep 100000…"   2 hours ago   Up 2 hours   0.0.0.0:8080->80/tcp   web',
		'',
	].join('\n'));
	t.deepEqual(calls, [['listContainers', {all: true, filters: {status: ['exited'], name: ['w']}}]]);
});

test('ps -q, --no-trunc and templates', async t => {
	const {engine, calls} = fakeEngine({listContainers: async () => [container]});
	t.is((await runCommand(['ps', '-q'], {engine})).output, `${'a'.repeat(12)}\n`);
	t.is((await runCommand(['ps', '-q', '--no-trunc'], {engine})).output, `${'a'.repeat(64)}\n`);
	t.is((await runCommand(['ps', '--format', '{{.Names}} {{.Label "app"}} {{.Ports}}'], {engine})).output, 'web x 0.0.0.0:8080->80/tcp\n');
	await runCommand(['ps', '--format', '{{.Size}}', '-n', '3'], {engine});
	t.deepEqual(calls.at(-1), ['listContainers', {all: false, limit: 3, size: true, filters: {}}]);
	await runCommand(['ps', '-l'], {engine});
	t.deepEqual(calls.at(-1), ['listContainers', {all: false, limit: 1, filters: {}}]);
	const wrong = await runCommand(['ps', '--filter', 'nothing'], {engine});
	t.is(wrong.exitCode, 125);
	t.regex(wrong.errors, /^invalid argument "nothing" for "-f, --filter" flag: bad format of filter \(expected name=value\)\n\nUsage: {2}tug ps \[OPTIONS\]\n\nRun 'tug ps --help' for more information\n$/);
});

test('images has a row a tag, and <none> for those without', async t => {
	const image = (id: string, tags: readonly string[], digests: readonly string[] = []) => ({Id: `sha256:${id.repeat(64)}`, RepoTags: tags, RepoDigests: digests, Created: 1, Size: 2_067_000, SharedSize: -1, Containers: -1}) as unknown as ImageInfo;
	const {engine, calls} = fakeEngine({listImages: async () => [image('a', ['127.0.0.1:5000/many:1', 'many:latest'], [`many@sha256:${'d'.repeat(64)}`]), image('b', [])]});
	const {output} = await runCommand(['images'], {engine});
	t.deepEqual(output.split('\n').map(line => line.replace(/\d+ years ago/, 'AGO')), [
		'REPOSITORY            TAG       IMAGE ID       CREATED        SIZE',
		'127.0.0.1:5000/many   1         aaaaaaaaaaaa   AGO   2.07MB',
		'many                  latest    aaaaaaaaaaaa   AGO   2.07MB',
		'<none>                <none>    bbbbbbbbbbbb   AGO   2.07MB',
		'',
	]);
	t.is((await runCommand(['images', 'many', '--format', '{{.Repository}}:{{.Tag}}'], {engine})).output, 'many:latest\n<none>:<none>\n');
	t.deepEqual(calls.at(-1), ['listImages', {all: false, filters: {reference: ['many']}}]);
	t.regex((await runCommand(['images', '--digests'], {engine})).output, /many {18}latest {4}sha256:d{64} {3}a{12}/);
	t.is((await runCommand(['images', '-q', '--no-trunc'], {engine})).output.split('\n')[2], `sha256:${'b'.repeat(64)}`);
});

test('verbs over several names try all, and print the ones that worked', async t => {
	const verbs: ReadonlyArray<readonly [string[], keyof Engine]> = [
		[['stop'], 'stopContainer'], [['kill'], 'killContainer'], [['pause'], 'pauseContainer'], [['unpause'], 'unpauseContainer'], [['restart'], 'restartContainer'], [['rm'], 'removeContainer'],
	];
	for (const [words, method] of verbs) {
		const {engine} = fakeEngine({
			async [method](name: string) {
				if (name === 'b') {
					throw gone('b');
				}
			},
		});
		t.deepEqual(await runCommand([...words, 'a', 'b', 'c'], {engine}), {exitCode: 1, output: 'a\nc\n', errors: 'tug: No such container: b\n'}, words[0]);
		t.deepEqual(await runCommand(['container', ...words, 'a'], {engine}), {exitCode: 0, output: 'a\n', errors: ''});
	}
});

test('stop passes on its signal and time', async t => {
	const {engine, calls} = fakeEngine({stopContainer: async () => true});
	await runCommand(['stop', '-t', '0', '-s', 'INT', 'a'], {engine});
	await runCommand(['stop', '--time=5', 'a'], {engine});
	await runCommand(['stop', 'a'], {engine});
	t.deepEqual(calls, [['stopContainer', 'a', {signal: 'INT', timeoutSeconds: 0}], ['stopContainer', 'a', {timeoutSeconds: 5}], ['stopContainer', 'a', {}]]);
});

test('rm -f of what is not there is no failure', async t => {
	const {engine} = fakeEngine({
		async removeContainer(name) {
			throw gone(name);
		},
	});
	t.deepEqual(await runCommand(['rm', '-f', 'x'], {engine}), {exitCode: 0, output: '', errors: 'tug: No such container: x\n'});
});

test('hints come on the next line', async t => {
	const {engine} = fakeEngine({
		async pauseContainer() {
			throw engineError('notImplemented', 'can\'t pause', {hint: 'Install something.'});
		},
	});
	t.is((await runCommand(['pause', 'x'], {engine})).errors, 'tug: can\'t pause\nInstall something.\n');
});

test('wait prints exit codes in order', async t => {
	const {engine} = fakeEngine({waitContainer: async name => ({exitCode: name === 'a' ? 3 : 0})});
	t.is((await runCommand(['wait', 'a', 'b'], {engine})).output, '3\n0\n');
});

test('start tells which failed', async t => {
	const {engine} = fakeEngine({
		async startContainer(name) {
			if (name === 'b') {
				throw gone('b');
			}

			return true;
		},
	});
	t.deepEqual(await runCommand(['start', 'a', 'b'], {engine}), {exitCode: 1, output: 'a\n', errors: 'tug: No such container: b\ntug: failed to start containers: b\n'});
});

test('logs keeps the streams apart and understands its times', async t => {
	async function * logs(): AsyncGenerator<OutputChunk> {
		yield {stream: 'stdout', data: Buffer.from('out\n')};
		yield {stream: 'stderr', data: Buffer.from('err\n')};
	}

	const {engine, calls} = fakeEngine({logs});
	t.deepEqual(await runCommand(['logs', '-n', '5', '-t', '--since', '1700000000', '--until', '2023-11-15T00:00:00Z', 'web'], {engine}), {exitCode: 0, output: 'out\n', errors: 'err\n'});
	t.deepEqual(calls[0], ['logs', 'web', {follow: false, timestamps: true, tail: 5, since: 1_700_000_000, until: 1_700_006_400}]);
	t.deepEqual(await runCommand(['logs', '--since', 'x', 'web'], {engine}), {exitCode: 1, output: '', errors: 'tug: invalid value for "since": failed to parse value as time or duration: "x"\n'});
});

test('inspect finds containers first, then images, then volumes, and reports what is none of them', async t => {
	const {engine} = fakeEngine({
		async inspectContainer(name) {
			if (name !== 'web') {
				throw gone(name);
			}

			return {Id: 'c', Name: '/web', State: {Pid: 7}} as never;
		},
		async inspectImage(name) {
			if (name !== 'busybox') {
				throw engineError('notFound', `No such image: ${name}`);
			}

			return {Id: 'i'} as never;
		},
		async inspectVolume(name) {
			if (name !== 'data') {
				throw engineError('notFound', `get ${name}: no such volume`);
			}

			return {Name: 'data'} as never;
		},
	});
	t.is((await runCommand(['inspect', '-f', '{{.Name}}', 'data'], {engine})).output, 'data\n');
	t.is((await runCommand(['volume', 'inspect', 'data'], {engine})).output, '[\n    {\n        "Name": "data"\n    }\n]\n');
	t.deepEqual(await runCommand(['volume', 'inspect', 'web'], {engine}), {exitCode: 1, output: '[]\n', errors: 'tug: get web: no such volume\n'});
	t.is((await runCommand(['inspect', 'web'], {engine})).output, `${JSON.stringify([{Id: 'c', Name: '/web', State: {Pid: 7}}], undefined, 4)}\n`);
	t.is((await runCommand(['inspect', '-f', '{{.Id}}', 'web', 'busybox'], {engine})).output, 'c\ni\n');
	t.is((await runCommand(['inspect', '-f', 'json', 'busybox'], {engine})).output, '[{"Id":"i"}]\n');
	t.deepEqual(await runCommand(['inspect', 'none'], {engine}), {exitCode: 1, output: '[]\n', errors: 'tug: No such object: none\n'});
	t.deepEqual(await runCommand(['inspect', '--type', 'image', 'web'], {engine}), {exitCode: 1, output: '[]\n', errors: 'tug: No such image: web\n'});
	t.deepEqual(await runCommand(['image', 'inspect', 'web'], {engine}), {exitCode: 1, output: '[]\n', errors: 'tug: No such image: web\n'});
	t.is((await runCommand(['container', 'inspect', '-f', '{{.State.Pid}}', 'web'], {engine})).output, '7\n');
	t.regex((await runCommand(['inspect', '--type', 'zz', 'web'], {engine})).errors, /unknown type: "zz"/);
	t.regex((await runCommand(['inspect', '-f', '{{.Foo}}', 'web'], {engine})).errors, /map has no entry for key "Foo"/);
});

test('rmi prints what it did and goes on after a failure', async t => {
	const {engine} = fakeEngine({
		async removeImage(name) {
			if (name === 'b') {
				throw engineError('conflict', 'in use');
			}

			return [{Untagged: `${name}:latest`, Deleted: undefined as unknown as string}, {Deleted: 'sha256:1', Untagged: undefined as unknown as string}];
		},
	});
	t.deepEqual(await runCommand(['rmi', 'a', 'b'], {engine}), {exitCode: 1, output: 'Untagged: a:latest\nDeleted: sha256:1\n', errors: 'tug: in use\n'});
});

test('prune asks, and only y is yes', async t => {
	const {engine, calls} = fakeEngine({pruneContainers: async () => ({Deleted: ['x'], SpaceReclaimed: 4_412_000}), pruneImages: async () => ({Deleted: [], SpaceReclaimed: 0})});
	t.is((await runCommand(['container', 'prune'], {engine, input: 'n\n'})).output, 'WARNING! This will remove all stopped containers.\nAre you sure you want to continue? [y/N] ');
	t.is((await runCommand(['container', 'prune'], {engine})).exitCode, 0);
	t.deepEqual(calls, []);
	t.is((await runCommand(['container', 'prune', '-f', '--filter', 'until=1h'], {engine})).output, 'Deleted Containers:\nx\n\nTotal reclaimed space: 4.412MB\n');
	t.true((await runCommand(['image', 'prune', '-a'], {engine, input: 'y\n'})).output.endsWith('Total reclaimed space: 0B\n'));
	t.deepEqual(calls, [['pruneContainers', {filters: {until: ['1h']}}], ['pruneImages', {filters: {dangling: ['false']}}]]);
});

test('diff, history, top, port, tag, rename, commit', async t => {
	const {engine, calls} = fakeEngine({
		changes: async () => [{Path: '/a', Kind: 1}, {Path: '/b', Kind: 0}, {Path: '/c', Kind: 2}],
		imageHistory: async () => [{Id: '<missing>', Created: 1, CreatedBy: `/bin/sh -c ${'x'.repeat(60)}`, Tags: null, Size: 1000, Comment: 'c'}],
		top: async () => ({Titles: ['PID', 'CMD'], Processes: [['1', 'sleep']]}),
		inspectContainer: async () => ({NetworkSettings: {Ports: {'80/tcp': [{HostIp: '0.0.0.0', HostPort: '8080'}, {HostIp: '::', HostPort: '8080'}]}}}) as never,
		async tagImage() {},
		async renameContainer() {},
		commit: async () => 'sha256:new',
	});
	t.is((await runCommand(['diff', 'x'], {engine})).output, 'A /a\nC /b\nD /c\n');
	t.regex((await runCommand(['history', 'x'], {engine})).output, /^IMAGE {7}CREATED {8}CREATED BY {38}SIZE {6}COMMENT\n<missing> {3}\d\d years ago {3}\/bin\/sh -c x{33}… {3}1kB {7}c\n$/);
	t.is((await runCommand(['top', 'x', '-o', 'pid,cmd'], {engine})).output, 'PID                 CMD\n1                   sleep\n');
	t.deepEqual(calls.at(-1), ['top', 'x', '-o pid,cmd']);
	t.is((await runCommand(['port', 'x'], {engine})).output, '80/tcp -> 0.0.0.0:8080\n80/tcp -> [::]:8080\n');
	t.is((await runCommand(['port', 'x', '80'], {engine})).output, '0.0.0.0:8080\n[::]:8080\n');
	t.is((await runCommand(['port', 'x', '81'], {engine})).errors, 'tug: No public port \'81\' published for x\n');
	t.is((await runCommand(['tag', 'a', 'b'], {engine})).exitCode, 0);
	t.is((await runCommand(['rename', 'a', 'b'], {engine})).exitCode, 0);
	t.is((await runCommand(['commit', '-m', 'm', '-a', 'me', '-c', 'CMD x', '--pause=false', 'c', 'r:1'], {engine})).output, 'sha256:new\n');
	t.deepEqual(calls.at(-1), ['commit', {container: 'c', pause: false, changes: ['CMD x'], reference: 'r:1', comment: 'm', author: 'me'}]);
});

test('load prints what was loaded, import the id', async t => {
	async function * loadImages() {
		yield {status: 'Loading layer', id: 'x'};
		yield {stream: 'Loaded image: busybox:latest\n'};
	}

	const {engine, calls} = fakeEngine({loadImages, importImage: async () => 'sha256:1'});
	t.is((await runCommand(['load'], {engine, input: 'tar'})).output, 'Loaded image: busybox:latest\n');
	t.is((await runCommand(['load', '-i', '/proc/self/stat'], {engine})).exitCode, 0);
	t.deepEqual(calls.at(-1), ['loadImages', {path: '/proc/self/stat'}]);
	t.deepEqual(await runCommand(['load', '-i', '/nosuch'], {engine}), {exitCode: 1, output: '', errors: 'tug: open /nosuch: no such file or directory\n'});
	t.regex((await runCommand(['load'], {engine, isTerminal: true})).errors, /stdin is empty/);
	t.is((await runCommand(['import', '-m', 'm', '-', 'x:1'], {engine, input: 'tar'})).output, 'sha256:1\n');
	t.regex((await runCommand(['import', 'https://x/y.tar'], {engine})).errors, /curl -L/);
});

test('archives don\'t go to a terminal', async t => {
	const {engine} = fakeEngine();
	t.regex((await runCommand(['save', 'x'], {engine, isTerminal: true})).errors, /cowardly refusing to save to a terminal/);
	t.regex((await runCommand(['export', '-o', '/nosuch/x', 'c'], {engine})).errors, /directory "\/nosuch" does not exist/);
	t.regex((await runCommand(['export', '-o', '/tmp', 'c'], {engine})).errors, /is a directory/);
	t.is((await runCommand(['save', '--format', 'zip', 'c'], {engine})).exitCode, 125);
});

test('events are docker\'s lines, JSON, or a template', async t => {
	const event: EventMessage = {Type: 'container', Action: 'die', Actor: {ID: 'abc', Attributes: {name: 'web', exitCode: '1'}}, scope: 'local', time: 1_700_000_000, timeNano: 1_700_000_000_123_000_000};
	async function * events() {
		yield event;
	}

	const {engine, calls} = fakeEngine({events});
	t.regex((await runCommand(['events'], {engine})).output, /^2023-11-1[45]T\d\d:\d\d:20\.123\d{6}\S+ container die abc \(exitCode=1, name=web\)\n$/);
	t.is((await runCommand(['events', '--format', 'json'], {engine})).output, `${JSON.stringify(event)}\n`);
	t.is((await runCommand(['events', '--format', '{{.Action}} {{.Actor.Attributes.name}}', '--since', '5', '--filter', 'type=container'], {engine})).output, 'die web\n');
	t.like(calls.at(-1)![1], {since: 5, filters: {type: ['container']}});
});

test('stats is docker\'s arithmetic', async t => {
	async function * stats() {
		yield {
			id: 'a'.repeat(64), name: '/web',
			cpu_stats: {cpu_usage: {total_usage: 300}, system_cpu_usage: 2000, online_cpus: 2}, precpu_stats: {cpu_usage: {total_usage: 100}, system_cpu_usage: 1000},
			memory_stats: {usage: 12 * 1024 * 1024, limit: 1024 ** 3, stats: {inactive_file: 2 * 1024 * 1024}},
			networks: {eth0: {rx_bytes: 1020, tx_bytes: 126}}, blkio_stats: {io_service_bytes_recursive: [{op: 'read', value: 4096}, {op: 'Write', value: 0}]}, pids_stats: {current: 3},
		} as never;
	}

	const {engine} = fakeEngine({stats, listContainers: async () => [container], inspectContainer: async name => ({Id: name}) as never});
	t.is((await runCommand(['stats', '--no-stream'], {engine})).output, [
		'CONTAINER ID   NAME      CPU %     MEM USAGE / LIMIT   MEM %     NET I/O         BLOCK I/O     PIDS',
		'aaaaaaaaaaaa   web       40.00%    10MiB / 1GiB        0.98%     1.02kB / 126B   4.1kB / 0B    3',
		'',
	].join('\n').replace('BLOCK I/O     PIDS', 'BLOCK I/O    PIDS').replace('4.1kB / 0B    3', '4.1kB / 0B   3'));
	t.is((await runCommand(['stats', '--no-stream', '--format', '{{.Name}} {{.PIDs}}', 'web'], {engine})).output, 'web 3\n');
});

test('version and info print their summaries and templates', async t => {
	const {engine} = fakeEngine({
		version: async () => ({Version: '1.2', ApiVersion: '1.51', MinAPIVersion: '1.24', Os: 'linux', Arch: 'amd64'}),
		info: async () => ({Containers: 3, ContainersRunning: 1, ContainersPaused: 0, ContainersStopped: 2, Images: 4, ServerVersion: '1.2', Name: 'here', DockerRootDir: '/x', MemTotal: 1024 ** 3, Warnings: ['no memory limits: install x']}),
	});
	t.regex((await runCommand(['version'], {engine})).output, /^Client: tug\n Version: +\d.*\nServer: built in\n Version: +1\.2\n API version: +1\.51 \(minimum version 1\.24\)\n/s);
	t.is((await runCommand(['version', '-f', '{{.Server.Version}} {{.Client.ApiVersion}}'], {engine})).output, '1.2 1.51\n');
	const {output, errors} = await runCommand(['info'], {engine});
	t.regex(output, /^Containers: 3 \(1 running, 0 paused, 2 stopped\)\nImages: 4\n/);
	t.regex(output, /Total Memory: 1GiB\n/);
	t.is(errors, 'WARNING: no memory limits: install x\n');
	t.is((await runCommand(['info', '-f', '{{.Images}}'], {engine})).output, '4\n');
	t.regex((await runCommand(['info'], {engine, isTerminal: true})).output, /│ Images +│ 4/);
});

test('a wrong number of arguments is told as docker tells it', async t => {
	t.deepEqual(await runCommand(['rm']), {exitCode: 1, output: '', errors: 'tug: \'tug rm\' requires at least 1 argument\n\nUsage:  tug rm [OPTIONS] CONTAINER [CONTAINER...]\n\nRun \'tug rm --help\' for more information\n'});
	t.regex((await runCommand(['ps', 'x'])).errors, /'tug ps' accepts no arguments/);
	t.regex((await runCommand(['rename', 'x'])).errors, /'tug rename' requires 2 arguments/);
});

test('a slip in an option is pointed out', async t => {
	t.deepEqual(await runCommand(['ps', '--fromat', 'x']), {exitCode: 125, output: '', errors: 'unknown flag: --fromat\n\nDid you mean --format?\n\nUsage:  tug ps [OPTIONS]\n\nRun \'tug ps --help\' for more information\n'});
});

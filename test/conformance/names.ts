/** Names, and what is not there or not right. */
import {Readable} from 'node:stream';
import type {Engine} from '../../engine/index.js';
import {tarOf} from '../helpers/image-lab.js';
import {bytesOf, logsOf, type Behaves} from './behaviour.js';

export function namesBehaviour(behaves: Behaves): void {
	behaves('names are taken once, and given back', async (t, engine) => {
		const {Id} = await engine.createContainer({name: 'one', Image: 'busybox'});
		t.like(await t.throwsAsync(engine.createContainer({name: '/one', Image: 'busybox'})), {
			kind: 'conflict',
			message: `Conflict. The container name "/one" is already in use by container "${Id}". You have to remove (or rename) that container to be able to reuse that name.`,
		});
		await engine.renameContainer('one', 'two');
		t.is((await engine.inspectContainer('two')).Id, Id);
		await engine.createContainer({name: 'one', Image: 'busybox'});
		t.like(await t.throwsAsync(engine.renameContainer('two', 'one')), {kind: 'conflict'});
		await engine.removeContainer('one');
		await engine.renameContainer('two', 'one');
		await engine.removeContainer('one');
		t.like(await t.throwsAsync(engine.inspectContainer('one')), {kind: 'notFound', message: 'No such container: one'});
		t.deepEqual(await engine.listContainers({all: true}), []);
	});

	for (const bad of ['-x', 'a/b', '../../etc', 'x', 'a b', 'ä']) {
		behaves(`the name ${JSON.stringify(bad)} is refused`, async (t, engine) => {
			t.like(await t.throwsAsync(engine.createContainer({name: bad, Image: 'busybox'})), {
				kind: 'invalidParameter', message: `Invalid container name (${bad}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
			});
			t.like(await t.throwsAsync(engine.inspectContainer(bad)), {kind: 'notFound'});
		});
	}

	behaves('what is not there is not found, with docker\'s texts', async (t, engine) => {
		const missing = {kind: 'notFound', message: 'No such container: nope'};
		t.like(await t.throwsAsync(engine.startContainer('nope')), missing);
		t.like(await t.throwsAsync(engine.stopContainer('nope')), missing);
		t.like(await t.throwsAsync(engine.removeContainer('nope')), missing);
		t.like(await t.throwsAsync(engine.waitContainer('nope')), missing);
		t.like(await t.throwsAsync(engine.attach('nope')), missing);
		t.like(await t.throwsAsync(logsOf(engine, 'nope')), missing);
		t.like(await t.throwsAsync(engine.createContainer({Image: 'nope:1'})), {kind: 'notFound', message: 'No such image: nope:1'});
		t.like(await t.throwsAsync(engine.inspectExec('f'.repeat(64))), {kind: 'notFound', message: `No such exec instance: ${'f'.repeat(64)}`});
	});

	behaves('a container answers to its name, with a slash too, its id and any prefix that fits no other', async (t, engine) => {
		const {Id} = await engine.createContainer({name: 'answers', Image: 'busybox'});
		for (const name of ['answers', '/answers', Id, Id.slice(0, 12), Id.slice(0, 3)]) {
			t.is((await engine.inspectContainer(name)).Id, Id, name);
		}

		const ids = [Id];
		for (let index = 0; index < 16; index++) { // One more than there are hexadecimal digits: two begin with the same
			ids.push((await engine.createContainer({Image: 'busybox'})).Id);
		}

		const first = ids.map(id => id[0]!).find((digit, index, digits) => digits.indexOf(digit) !== index)!;
		t.like(await t.throwsAsync(engine.inspectContainer(first)), {kind: 'invalidParameter', message: `multiple IDs found with provided prefix: ${first}`});
		// A name goes before a prefix.
		const other = ids[1]!;
		await engine.renameContainer(Id, other.slice(0, 12));
		t.is((await engine.inspectContainer(other.slice(0, 12))).Id, Id);
	});

	behaves('renaming: docker\'s refusals', async (t, engine) => {
		const {Id} = await engine.createContainer({name: 'old', Image: 'busybox'});
		const {Id: other} = await engine.createContainer({name: 'taken', Image: 'busybox'});
		const refusals: ReadonlyArray<readonly [name: string, kind: string, message: string]> = [
			['', 'invalidParameter', 'Neither old nor new names may be empty'],
			['old', 'invalidParameter', 'Renaming a container with the same name as its current name'],
			['-bad', 'invalidParameter', 'Error when allocating new name: Invalid container name (/-bad), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed'],
			['../x', 'invalidParameter', 'Error when allocating new name: Invalid container name (/../x), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed'],
			['taken', 'conflict', `Error when allocating new name: Conflict. The container name "/taken" is already in use by container "${other}". You have to remove (or rename) that container to be able to reuse that name.`],
		];
		for (const [name, kind, message] of refusals) {
			t.like(await t.throwsAsync(engine.renameContainer('old', name)), {kind, message});
		}

		t.like(await t.throwsAsync(engine.renameContainer('nope', 'new')), {kind: 'notFound'});
		t.is((await engine.inspectContainer('old')).Id, Id);
		await engine.renameContainer('old', '/new');
		t.is((await engine.inspectContainer(Id)).Name, '/new');
		await engine.startContainer('new');
	});

	behaves('of many who want one name, one gets it', async (t, engine) => {
		const outcomes = await Promise.allSettled(Array.from({length: 8}, async () => engine.createContainer({name: 'wanted', Image: 'busybox'})));
		t.is(outcomes.filter(({status}) => status === 'fulfilled').length, 1);
		t.true(outcomes.every(outcome => outcome.status === 'fulfilled' || (outcome.reason as {code?: string}).code === 'nameInUse'));
		t.is((await engine.listContainers({all: true})).length, 1);
	});

	behaves('every verb says that a container is not there', async (t, engine) => {
		const verbs: Readonly<Record<string, () => Promise<unknown>>> = {
			inspect: async () => engine.inspectContainer('nope'),
			restart: async () => engine.restartContainer('nope'),
			kill: async () => engine.killContainer('nope'),
			pause: async () => engine.pauseContainer('nope'),
			unpause: async () => engine.unpauseContainer('nope'),
			rename: async () => engine.renameContainer('nope', 'new'),
			resize: async () => engine.resizeContainer('nope', {rows: 1, columns: 1}),
			top: async () => engine.top('nope'),
			changes: async () => engine.changes('nope'),
			export: async () => bytesOf(await engine.exportContainer('nope')),
			stat: async () => engine.statArchive('nope', '/'),
			get: async () => engine.getArchive('nope', '/'),
			put: async () => engine.putArchive('nope', '/', Readable.from([tarOf([])])),
			stats: async () => engine.stats('nope')[Symbol.asyncIterator]().next(),
			exec: async () => engine.createExec('nope', {Cmd: ['true']}),
			commit: async () => engine.commit({container: 'nope'}),
			wait: async () => engine.waitContainer('nope', {condition: 'removed'}),
		};
		for (const [verb, call] of Object.entries(verbs)) {
			t.like(await t.throwsAsync(call(), undefined, verb), {kind: 'notFound', message: 'No such container: nope'}, verb);
		}

		for (const call of [async () => engine.startExec('nope'), async () => engine.resizeExec('nope', {rows: 1, columns: 1}), async () => engine.inspectExec('nope')]) {
			t.like(await t.throwsAsync(call()), {kind: 'notFound', message: 'No such exec instance: nope'});
		}
	});

	const mistakes: ReadonlyArray<readonly [options: unknown, message: string]> = [
		[{}, 'config cannot be empty in order to create a container'],
		[{Image: 'busybox', Cmd: [], Entrypoint: ['']}, 'no command specified'],
		[{Image: 'busybox', WorkingDir: 'rel'}, 'the working directory \'rel\' is invalid, it needs to be an absolute path'],
		[{Image: 'busybox', Env: ['=x']}, 'invalid environment variable: =x'],
		[{Image: 'busybox', StopSignal: 'NOPE'}, 'invalid signal: NOPE'],
		[{Image: 'busybox', HostConfig: {Binds: ['a:b']}}, 'invalid volume specification: \'a:b\': invalid mount config for type "volume": invalid mount path: \'b\' mount path must be absolute'],
		[{Image: 'busybox', HostConfig: {Binds: ['/a:/']}}, 'invalid volume specification: \'/a:/\': invalid mount config for type "bind": invalid specification: destination can\'t be \'/\''],
		[{Image: 'busybox', HostConfig: {Binds: ['/a:/b', '/c:/b']}}, 'Duplicate mount point: /b'],
		[{Image: 'busybox', HostConfig: {Mounts: [{Type: 'bind', Source: '/no/such', Target: '/x'}]}}, 'invalid mount config for type "bind": bind source path does not exist: /no/such'],
		[{Image: 'busybox', HostConfig: {CapAdd: ['NOPE']}}, 'invalid CapAdd: unknown capability: "CAP_NOPE"'],
		[{Image: 'busybox', HostConfig: {Memory: 1000}}, 'Minimum memory limit allowed is 6MB'],
		[{Image: 'busybox', HostConfig: {PidMode: 'nope'}}, 'invalid PID mode: nope'],
		[{Image: 'busybox', HostConfig: {DeviceCgroupRules: ['x']}}, 'invalid device cgroup rule format: \'x\''],
	];
	for (const [options, message] of mistakes) {
		behaves(`refused as docker refuses it: ${message}`, async (t, engine) => {
			t.like(await t.throwsAsync(engine.createContainer(options as Parameters<Engine['createContainer']>[0])), {kind: 'invalidParameter', message});
			t.deepEqual(await engine.listContainers({all: true}), [], 'nothing is left of it');
		});
	}
}

/** Lists and filters, and prune. */
import type {ContainerCreateOptions, Engine} from '../../engine/index.js';
import {create, runAttached, until, type Behaves} from './behaviour.js';

export function listsBehaviour(behaves: Behaves): void {
	behaves('lists show what docker shows, filtered', async (t, engine) => {
		const ids = [];
		for (const [index, containerName] of ['aa', 'bb', 'cc'].entries()) {
			const {Id} = await engine.createContainer({name: containerName, Image: 'busybox', Cmd: ['sh', '-c', index === 0 ? 'sleep 1000' : `exit ${index}`], Labels: {kind: containerName, all: 'yes'}});
			ids.push(Id);
		}

		await engine.startContainer('aa');
		await runAttached(engine, 'bb');
		const list = async (options: Parameters<Engine['listContainers']>[0]) => (await engine.listContainers(options)).map(container => container.Names[0]);
		t.deepEqual(await list({}), ['/aa']);
		t.deepEqual(await list({all: true}), ['/cc', '/bb', '/aa']);
		t.deepEqual(await list({limit: 2}), ['/cc', '/bb']);
		t.deepEqual(await list({filters: {status: ['created']}}), ['/cc']);
		t.deepEqual(await list({all: true, filters: {label: ['all=yes', 'kind=bb']}}), ['/bb']);
		t.deepEqual(await list({all: true, filters: {name: ['^/?b']}}), ['/bb']);
		t.deepEqual(await list({all: true, filters: {id: [ids[0]!.slice(0, 12)]}}), ['/aa']);
		t.deepEqual(await list({all: true, filters: {before: ['cc']}}), ['/bb', '/aa']);
		t.deepEqual(await list({all: true, filters: {since: ['aa']}}), ['/cc', '/bb']);
		t.deepEqual(await list({all: true, filters: {exited: ['1']}}), ['/bb']);
		t.like(await t.throwsAsync(list({filters: {color: ['red']}})), {kind: 'invalidParameter', message: 'invalid filter \'color\''});
		const [cc, bb, aa] = await engine.listContainers({all: true});
		t.like(aa, {State: 'running', Image: 'busybox', Command: 'sh -c \'sleep 1000\'', Labels: {kind: 'aa', all: 'yes'}});
		t.regex(aa!.Status, /^Up /);
		t.regex(bb!.Status, /^Exited \(1\) /);
		t.is(cc!.Status, 'Created');
	});

	behaves('prune removes what does not run', async (t, engine) => {
		const running = await create(engine, ['sleep', '1000']);
		const exited = await create(engine, ['true']);
		await engine.startContainer(running);
		await runAttached(engine, exited);
		const kept = await engine.createContainer({Image: 'busybox', Labels: {keep: '1'}});
		t.deepEqual((await engine.pruneContainers({filters: {'label!': ['keep']}})).Deleted, [exited]);
		t.deepEqual([...(await engine.pruneContainers()).Deleted], [kept.Id]);
		t.deepEqual((await engine.listContainers({all: true})).map(({Id}) => Id), [running]);
	});

	behaves('each filter by itself, several values of one, several filters', async (t, engine) => {
		const make = async (name: string, options: Partial<ContainerCreateOptions> = {}) => (await engine.createContainer({name, Image: 'busybox', Cmd: ['sleep', '1000'], ...options})).Id;
		const web = await make('web', {Labels: {tier: 'front', owner: 'a'}, ExposedPorts: {'80/tcp': {}, '53/udp': {}}});
		await make('db', {Labels: {tier: 'back'}, HostConfig: {Binds: ['dbdata:/data', '/tmp:/host']}});
		await make('none', {HostConfig: {NetworkMode: 'none'}});
		await make('paused');
		await engine.startContainer('web');
		await engine.startContainer('paused');
		await engine.pauseContainer('paused');
		const list = async (filters: Record<string, string[]>) => (await engine.listContainers({all: true, filters})).map(container => container.Names[0]!.slice(1)).sort((a, b) => a.localeCompare(b)).join(' ');
		const cases: ReadonlyArray<readonly [filters: Record<string, string[]>, expected: string]> = [
			[{}, 'db none paused web'],
			[{name: ['web']}, 'web'],
			[{name: ['web', 'db']}, 'db web'],
			[{name: ['^/?.b$']}, 'db'],
			[{name: ['*']}, ''],
			[{id: [web.slice(0, 8)]}, 'web'],
			[{id: [web]}, 'web'],
			[{label: ['tier']}, 'db web'],
			[{label: ['tier=front']}, 'web'],
			[{label: ['tier', 'owner']}, 'web'],
			[{label: ['tier=']}, ''],
			[{status: ['running']}, 'web'],
			[{status: ['running', 'paused']}, 'paused web'],
			[{status: ['created']}, 'db none'],
			[{status: ['exited', 'dead', 'removing', 'restarting']}, ''],
			[{volume: ['dbdata']}, 'db'],
			[{volume: ['/host']}, 'db'],
			[{volume: ['/nowhere']}, ''],
			[{network: ['none']}, 'none'],
			[{expose: ['80']}, 'web'],
			[{expose: ['53/udp']}, 'web'],
			[{expose: ['50-60/udp']}, 'web'],
			[{expose: ['53']}, ''],
			[{ancestor: ['busybox']}, 'db none paused web'],
			[{ancestor: ['busybox:latest']}, 'db none paused web'],
			[{ancestor: ['nosuch']}, ''],
			[{'is-task': ['false']}, 'db none paused web'],
			[{'is-task': ['true']}, ''],
			[{health: ['none']}, 'db none paused web'],
			[{label: ['tier'], status: ['created']}, 'db'],
			[{exited: ['0']}, ''],
		];
		for (const [filters, expected] of cases) {
			t.is(await list(filters), expected, JSON.stringify(filters));
		}
	});

	const wrong: ReadonlyArray<readonly [filters: Record<string, string[]>, kind: string, message: string]> = [
		[{colour: ['red']}, 'invalidParameter', 'invalid filter \'colour\''],
		[{status: ['nope']}, 'invalidParameter', 'invalid filter \'status=nope\': invalid value for state (nope): must be one of created, running, paused, restarting, removing, exited, dead'],
		[{exited: ['nope']}, 'invalidParameter', 'invalid filter \'exited=nope\': strconv.Atoi: parsing "nope": invalid syntax'],
		[{before: ['nope']}, 'notFound', 'No such container: nope'],
		[{since: ['nope']}, 'notFound', 'No such container: nope'],
	];
	behaves('filters that mean nothing are refused with docker\'s words', async (t, engine) => {
		for (const [filters, kind, message] of wrong) {
			t.like(await t.throwsAsync(engine.listContainers({all: true, filters})), {kind, message});
		}

		t.like(await t.throwsAsync(engine.pruneContainers({filters: {until: ['nope']}})), {kind: 'invalidParameter', message: 'failed to parse value as time or duration: "nope"'});
		t.like(await t.throwsAsync(engine.pruneContainers({filters: {colour: ['red']}})), {kind: 'invalidParameter', message: 'invalid filter \'colour\''});
	});

	behaves('a list shows sizes when asked, what is mounted, and the state of each', async (t, engine) => {
		const {Id} = await engine.createContainer({Image: 'busybox', Cmd: ['sh', '-c', 'head -c 5000 /dev/zero > /five; exec sleep 1000'], HostConfig: {Binds: ['listed:/v:ro']}, ExposedPorts: {'80/tcp': {}}});
		await engine.startContainer(Id);
		await until(async () => engine.statArchive(Id, '/five').then(({size}) => size === 5000, () => false));
		const [plain] = await engine.listContainers();
		t.false('SizeRw' in plain!);
		const [sized] = await engine.listContainers({size: true});
		t.true(sized!.SizeRw! >= 5000 && sized!.SizeRootFs! > sized!.SizeRw!);
		t.like(sized, {Id, State: 'running', Ports: [{PrivatePort: 80, Type: 'tcp'}], Mounts: [{Type: 'volume', Name: 'listed', Destination: '/v', RW: false}]});
		t.true(Math.abs(sized!.Created - Date.now() / 1000) < 60);
		await engine.pauseContainer(Id);
		t.regex((await engine.listContainers())[0]!.Status, /^Up .* \(Paused\)$/);
	});

	behaves('prune goes by age and labels, and tells what was freed', async (t, engine) => {
		const {Id: old} = await engine.createContainer({Image: 'busybox', Cmd: ['sh', '-c', 'head -c 100000 /dev/zero > /file'], Labels: {keep: 'no'}});
		await runAttached(engine, old);
		const {Id: kept} = await engine.createContainer({Image: 'busybox', Labels: {keep: 'yes'}});
		t.deepEqual((await engine.pruneContainers({filters: {until: ['1h']}})).Deleted, []);
		t.deepEqual((await engine.pruneContainers({filters: {until: [String(Math.floor(Date.now() / 1000) - 3600)]}})).Deleted, []);
		t.deepEqual((await engine.pruneContainers({filters: {label: ['keep=maybe']}})).Deleted, []);
		const {Deleted, SpaceReclaimed} = await engine.pruneContainers({filters: {label: ['keep=no'], until: [new Date(Date.now() + 1000).toISOString()]}});
		t.deepEqual([...Deleted], [old]);
		t.true(SpaceReclaimed >= 100_000);
		t.deepEqual((await engine.listContainers({all: true})).map(({Id}) => Id), [kept]);
	});
}

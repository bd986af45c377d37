/** Volumes: their life, what is in them at first, and every way to mount them. */
import fs from 'node:fs';
import path from 'node:path';
import {Readable} from 'node:stream';
import type {ExecutionContext} from 'ava';
import {isEngineError, type ContainerCreateOptions, type Engine} from '../../engine/index.js';
import {temporaryFolder} from '../helpers/image-lab.js';
import {bytesOf, collectEvents, create, runAttached, until, type Behaves, type Subject} from './behaviour.js';

type Ran = Awaited<ReturnType<typeof runAttached>>;

/** Runs a shell line to its end, and takes the container away with its anonymous volumes. */
async function shell(engine: Engine, line: string, options: Omit<ContainerCreateOptions, 'Cmd'> = {}): Promise<Ran> {
	const {Id} = await engine.createContainer({Image: 'busybox', ...options, Cmd: ['sh', '-c', line]});
	try {
		return await runAttached(engine, Id);
	} finally {
		await engine.removeContainer(Id, {force: true, volumes: true});
	}
}

/** An image with /data full of things that are easily lost, and VOLUME /declared. */
async function filledImage(t: ExecutionContext, engine: Engine, single: boolean): Promise<void> {
	t.teardown(async () => clearAway(engine));
	const id = await create(engine, ['sh', '-c', [
		'mkdir -p /data/sub/closed /declared',
		'echo hello > /data/f',
		'chmod 640 /data/f',
		'ln -s f /data/l',
		'ln /data/f /data/h',
		'mkfifo /data/p',
		'chmod 4755 /data/f',
		'echo x > /declared/x',
		'echo deep > /data/sub/closed/x',
		'chmod 0 /data/sub/closed',
		'touch -d "2020-01-02 03:04:05" /data/sub',
		...(single ? [] : ['chown 33:1000 /data/f', 'chmod 4640 /data/f', 'chown 33:33 /data']),
		'chmod 1770 /data',
	].join(' && ')]);
	const {exitCode} = await runAttached(engine, id);
	if (exitCode !== 0) {
		throw new Error('the image could not be filled');
	}

	await engine.commit({container: id, reference: 'filled', changes: ['VOLUME /declared']});
	await engine.removeContainer(id);
}

/** What belongs to other ids only the engine can delete: the test's own folder is removed by a plain user. */
async function clearAway(engine: Engine): Promise<void> {
	const {Mountpoint: place} = await engine.createVolume({Name: 'last'});
	for (const {Id} of await engine.listContainers({all: true})) {
		await engine.removeContainer(Id, {force: true});
	}

	await engine.removeImage('filled', {force: true}).catch(() => {});
	await engine.pruneVolumes({filters: {all: ['true']}});
	await until(async () => fs.readdirSync(path.resolve(place, '../../../trash')).length === 0);
}

const look = 'cd /v && stat -c "%n %a %u:%g %F %h" . * sub/closed | sort && cat f && ls -l l | cut -c1-10 && readlink l && stat -c %y sub | cut -c1-19';

async function refused(t: ExecutionContext, attempt: () => Promise<unknown>, kind: string, message: string | RegExp): Promise<void> {
	const error = await t.throwsAsync(attempt);
	t.true(isEngineError(error), String(error));
	t.is(isEngineError(error) ? error.kind : '', kind);
	if (typeof message === 'string') {
		t.is(error?.message, message);
	} else {
		t.regex(error?.message ?? '', message);
	}
}

export function volumesBehaviour(behaves: Behaves, {single = false}: Subject): void {
	behaves('a volume is made, found, listed and removed, in docker\'s shapes', async (t, engine) => {
		const made = await engine.createVolume({Name: 'data', Labels: {b: '2', a: ''}});
		t.deepEqual(made, {CreatedAt: made.CreatedAt, Driver: 'local', Labels: {a: '', b: '2'}, Mountpoint: made.Mountpoint, Name: 'data', Options: null, Scope: 'local'});
		t.deepEqual(Object.keys(made), ['CreatedAt', 'Driver', 'Labels', 'Mountpoint', 'Name', 'Options', 'Scope']);
		t.deepEqual(Object.keys(made.Labels!), ['a', 'b']);
		t.regex(made.CreatedAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
		t.true(Math.abs(Date.parse(made.CreatedAt) - Date.now()) < 60_000);
		t.true(fs.statSync(made.Mountpoint).isDirectory());
		t.deepEqual(await engine.inspectVolume('data'), made);
		t.deepEqual(await engine.createVolume({Name: 'data', Labels: {other: 'x'}}), made, 'the one that is there stays as it is');
		const anonymous = await engine.createVolume();
		t.regex(anonymous.Name, /^[\da-f]{64}$/);
		t.deepEqual(anonymous.Labels, {'com.docker.volume.anonymous': ''});
		t.deepEqual((await engine.listVolumes()).map(({Name}) => Name), [anonymous.Name, 'data'].sort());
		await engine.removeVolume('data');
		await refused(t, async () => engine.inspectVolume('data'), 'notFound', 'get data: no such volume');
		await refused(t, async () => engine.removeVolume('data'), 'notFound', 'get data: no such volume');
		await engine.removeVolume('data', {force: true});
		t.false(fs.existsSync(made.Mountpoint));
	});

	behaves('names that are paths, too short or too long are refused wherever a volume can be named', async (t, engine) => {
		const rule = 'only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed';
		for (const name of ['../x', 'a/b', '.hidden', '-x', 'a b', 'ä', 'a\nb', 'x\0y', '..']) {
			await refused(t, async () => engine.createVolume({Name: name}), 'invalidParameter', new RegExp(rule.replaceAll(/[[\]]/g, String.raw`\$&`)));
			await refused(t, async () => engine.inspectVolume(name), 'notFound', `get ${name}: no such volume`);
			await refused(t, async () => engine.removeVolume(name), 'notFound', `get ${name}: no such volume`);
			await refused(t, async () => engine.createContainer({Image: 'busybox', HostConfig: {Mounts: [{Type: 'volume', Source: name, Target: '/x'}]}}), 'invalidParameter', /includes invalid characters/);
			await refused(t, async () => engine.importVolume(name, Readable.from([])), 'invalidParameter', /includes invalid characters/);
			await refused(t, async () => engine.exportVolume(name), 'notFound', /no such volume/);
		}

		await refused(t, async () => engine.createVolume({Name: 'x'}), 'invalidParameter', 'create x: volume name is too short, names should be at least two alphanumeric characters');
		await refused(t, async () => engine.createVolume({Name: 'x'.repeat(256)}), 'invalidParameter', /too long/);
		t.is((await engine.createVolume({Name: 'x'.repeat(255)})).Name.length, 255);
		t.deepEqual((await engine.listContainers({all: true})).length, 0);
	});

	behaves('lists of volumes are filtered as docker filters them', async (t, engine) => {
		await engine.createVolume({Name: 'one', Labels: {kind: 'db', env: 'test'}});
		await engine.createVolume({Name: 'two', Labels: {kind: 'web'}});
		await engine.createContainer({Image: 'busybox', HostConfig: {Binds: ['two:/x']}});
		const names = async (filters: Record<string, string[]>) => (await engine.listVolumes({filters})).map(({Name}) => Name);
		const cases: ReadonlyArray<readonly [Record<string, string[]>, string[]]> = [
			[{}, ['one', 'two']],
			[{dangling: ['true']}, ['one']],
			[{dangling: ['0']}, ['two']],
			[{label: ['kind']}, ['one', 'two']],
			[{label: ['kind=db']}, ['one']],
			[{label: ['kind=db', 'env']}, ['one']],
			[{label: ['kind=web', 'env']}, []],
			[{name: ['o']}, ['one', 'two']],
			[{name: ['^t']}, ['two']],
			[{name: ['(']}, []],
			[{name: ['on', 'tw']}, ['one', 'two']],
			[{driver: ['local']}, ['one', 'two']],
			[{driver: ['nfs']}, []],
			[{driver: ['local'], dangling: ['1'], name: ['one']}, ['one']],
		];
		for (const [filters, expected] of cases) {
			t.deepEqual(await names(filters), expected, JSON.stringify(filters));
		}

		await refused(t, async () => names({bogus: ['1']}), 'invalidParameter', 'invalid filter \'bogus\'');
		await refused(t, async () => names({dangling: ['maybe']}), 'invalidParameter', 'invalid filter \'dangling=[maybe]\'');
	});

	behaves('a volume that a container has is not removed, by nobody and not by force', async (t, engine) => {
		const {Id} = await engine.createContainer({Image: 'busybox', Cmd: ['true'], HostConfig: {Binds: ['data:/x', 'data:/y:ro']}});
		const message = `remove data: volume is in use - [${Id}]`;
		await refused(t, async () => engine.removeVolume('data'), 'conflict', message);
		await refused(t, async () => engine.removeVolume('data', {force: true}), 'conflict', message);
		await runAttached(engine, Id);
		await refused(t, async () => engine.removeVolume('data'), 'conflict', message);
		t.deepEqual(await engine.pruneVolumes({filters: {all: ['true']}}), {Deleted: [], SpaceReclaimed: 0});
		await engine.removeContainer(Id, {volumes: true});
		t.is((await engine.inspectVolume('data')).Name, 'data', 'one with a name stays');
		await engine.removeVolume('data');
	});

	behaves('pruning takes the anonymous volumes nobody has, or all of those, and tells how much that was', async (t, engine) => {
		await shell(engine, 'echo 12345 > /a/x; echo 1234567890 > /b/y', {HostConfig: {Binds: ['keep:/a', 'used:/b']}});
		await engine.createContainer({Image: 'busybox', HostConfig: {Binds: ['used:/x']}});
		const {Name: anonymous} = await engine.createVolume({Labels: {kind: 'none'}});
		await engine.createVolume({Name: 'labelled', Labels: {kind: 'some'}});
		await refused(t, async () => engine.pruneVolumes({filters: {bogus: ['1']}}), 'invalidParameter', 'invalid filter \'bogus\'');
		await refused(t, async () => engine.pruneVolumes({filters: {all: ['perhaps']}}), 'invalidParameter', 'invalid filter \'all=[perhaps]\'');
		t.deepEqual(await engine.pruneVolumes({filters: {label: ['kind=some']}}), {Deleted: [], SpaceReclaimed: 0});
		t.deepEqual(await engine.pruneVolumes({filters: {'label!': ['kind=none']}}), {Deleted: [], SpaceReclaimed: 0});
		t.deepEqual(await engine.pruneVolumes(), {Deleted: [anonymous], SpaceReclaimed: 0});
		t.deepEqual(await engine.pruneVolumes({filters: {all: ['true'], 'label!': ['kind']}}), {Deleted: ['keep'], SpaceReclaimed: 6});
		t.deepEqual((await engine.listVolumes()).map(({Name}) => Name), ['labelled', 'used']);
	});

	behaves('system df and inspect tell how much volumes hold and who has them', async (t, engine) => {
		await shell(engine, 'head -c 5000 /dev/zero > /a/x; ln /a/x /a/y; echo 123 > /b/z', {HostConfig: {Binds: ['full:/a', 'small:/b']}});
		await engine.createVolume({Name: 'empty'});
		await engine.createContainer({Image: 'busybox', HostConfig: {Binds: ['full:/a', 'full:/b:ro']}});
		await engine.createContainer({Image: 'busybox', HostConfig: {Binds: ['full:/a']}});
		t.deepEqual((await engine.diskUsage()).Volumes.map(({Name, UsageData}) => [Name, UsageData.Size, UsageData.RefCount]), [['empty', 0, 0], ['full', 5000, 2], ['small', 4, 0]]);
		t.deepEqual((await engine.inspectVolume('full', {size: true})).UsageData, {Size: 5000, RefCount: 2});
		t.is((await engine.inspectVolume('full')).UsageData, undefined);
	});

	behaves('a new volume begins with what the image has in its place: owners, modes, links and times', async (t, engine) => {
		await filledImage(t, engine, single);
		const plain = await shell(engine, look.replace('/v', '/data'), {Image: 'filled'});
		t.is(plain.exitCode, 0, plain.stderr);
		t.regex(plain.stdout, /\nf 4[67][45][05] (33:1000|0:0) regular file 2\n/);
		t.regex(plain.stdout, /sub\/closed 0 0:0 directory 2\n/);
		t.true(plain.stdout.endsWith('2020-01-02 03:04:05\n'));
		await shell(engine, 'true', {Image: 'filled', HostConfig: {Binds: ['copy:/data']}});
		t.deepEqual(await shell(engine, look, {HostConfig: {Binds: ['copy:/v']}}), plain);
		// From a read-only mount, by --mount, and through a symlink in the image's path
		await shell(engine, 'true', {Image: 'filled', HostConfig: {Mounts: [{Type: 'volume', Source: 'copy2', Target: '/data', ReadOnly: true}]}});
		t.deepEqual(await shell(engine, look, {HostConfig: {Binds: ['copy2:/v']}}), plain);
		t.is((await shell(engine, 'cat /declared/x', {Image: 'filled'})).stdout, 'x\n');
	});

	behaves('a volume that holds something, or is not to be filled, stays as it is', async (t, engine) => {
		await filledImage(t, engine, single);
		const of = async (options: ContainerCreateOptions['HostConfig'], place = '/data') => (await shell(engine, `ls -A ${place}`, {Image: 'filled', HostConfig: options ?? {}})).stdout;
		await shell(engine, 'touch /v/mine', {HostConfig: {Binds: ['mine:/v']}});
		t.is(await of({Binds: ['mine:/data']}), 'mine\n');
		t.is(await of({Binds: ['plain:/data:nocopy']}), '');
		t.is(await of({Mounts: [{Type: 'volume', Source: 'plain2', Target: '/data', VolumeOptions: {NoCopy: true, Labels: {}, DriverConfig: {Name: '', Options: {}}}}]}), '');
		t.is(await of({Binds: ['nothing:/not/there']}, '/not/there'), '');
		t.is(await of({Binds: ['nothing:/data']}), 'f\nh\nl\np\nsub\n', 'an empty one is filled by whoever comes next');
		await refused(t, async () => engine.createContainer({Image: 'filled', HostConfig: {Binds: ['file:/data/f']}}), 'system', /source \/data\/f is not directory/);
		t.deepEqual((await engine.listContainers({all: true})).length, 0);
	});

	behaves('a container that has an empty volume mounted sees what comes into it later', async (t, engine) => {
		await filledImage(t, engine, single);
		const {Id} = await engine.createContainer({Image: 'busybox', Cmd: ['sh', '-c', 'while [ ! -e /v/f ] || [ ! -d /v/sub ]; do sleep 0.05; done; cat /v/f'], HostConfig: {Binds: ['shared:/v']}});
		const running = runAttached(engine, Id);
		await until(async () => (await engine.inspectContainer(Id)).State.Running);
		await shell(engine, 'true', {Image: 'filled', HostConfig: {Binds: ['shared:/data']}});
		t.is((await running).stdout, 'hello\n');
	});

	behaves('volumes lie in binds and binds in volumes, whatever the order they are named in', async (t, engine) => {
		const folder = temporaryFolder(t);
		fs.chmodSync(folder, 0o755);
		fs.writeFileSync(`${folder}/host`, '');
		const binds = ['deep:/v/b/d/deep', `${folder}:/v/b`, 'top:/v', 'beside:/v/c'];
		for (const order of [binds, binds.toReversed()]) {
			const {stdout, stderr} = await shell(engine, 'touch /v/t /v/b/d/deep/x /v/c/y; find /v | sort', {HostConfig: {Binds: order}});
			t.is(stdout, '/v\n/v/b\n/v/b/d\n/v/b/d/deep\n/v/b/d/deep/x\n/v/b/host\n/v/c\n/v/c/y\n/v/t\n', stderr);
		}

		t.deepEqual(fs.readdirSync(`${folder}/d/deep`), []);
		t.is((await shell(engine, 'cat /etc/hostname | wc -c; test -e /etc/passwd && echo yes', {HostConfig: {Binds: ['etc:/etc']}})).stdout, '13\nyes\n', 'what tug writes lies over a volume at /etc');
		t.is((await shell(engine, 'echo x > /v/x && ! touch /y && cat /v/x', {HostConfig: {ReadonlyRootfs: true, Binds: ['top:/v']}})).stdout, 'x\n');
		t.regex((await shell(engine, 'touch /v/x', {HostConfig: {Binds: ['top:/v:ro']}})).stderr, /Read-only file system/);
	});

	behaves('a subpath of a volume is mounted, a file too, and none leads out of it', async (t, engine) => {
		await shell(engine, 'mkdir -p /v/a/b; echo in > /v/a/b/x; echo file > /v/f; ln -s a/b /v/good; ln -s /etc /v/absolute; ln -s ../../../.. /v/up; ln -s loop /v/loop; ln -s ../.. /v/a/out', {HostConfig: {Binds: ['data:/v']}});
		const mount = (Subpath: string) => ({HostConfig: {Mounts: [{Type: 'volume', Source: 'data', Target: '/s', VolumeOptions: {Subpath}}]} as unknown as ContainerCreateOptions['HostConfig']}) as ContainerCreateOptions;
		t.is((await shell(engine, 'cat /s/x', mount('a/b'))).stdout, 'in\n');
		t.is((await shell(engine, 'cat /s/x', mount('good'))).stdout, 'in\n');
		t.is((await shell(engine, 'cat /s/x', mount('./a//b/'))).stdout, 'in\n');
		t.is((await shell(engine, 'cat /s; test -f /s && echo plain', mount('f'))).stdout, 'file\nplain\n');
		for (const subpath of ['absolute', 'up', 'a/out', 'a/out/etc']) {
			await refused(t, async () => shell(engine, 'ls /s', mount(subpath)), 'invalidParameter', new RegExp(`^path concatenation escapes the base directory, base: .*, subpath: ${subpath}$`));
		}

		await refused(t, async () => shell(engine, 'ls /s', mount('none')), 'invalidParameter', /^cannot access path .*\/none: no such file or directory$/);
		await refused(t, async () => shell(engine, 'ls /s', mount('loop')), 'invalidParameter', /symbolic links/);
		await refused(t, async () => shell(engine, 'ls /s', mount('f/x')), 'invalidParameter', /not a directory/);
		for (const subpath of ['../x', '/etc', 'a/../../b', '..', 'a\0b']) {
			await refused(t, async () => shell(engine, 'ls /s', mount(subpath)), 'invalidParameter', 'invalid mount config for type "volume": subpath must be a relative path within the volume');
		}

		// Files of a stopped one are found through the same door
		const {Id} = await engine.createContainer({Image: 'busybox', Cmd: ['true'], ...mount('a/b')});
		t.is((await engine.statArchive(Id, '/s/x')).size, 3);
		await refused(t, async () => engine.statArchive(Id, '/s/none'), 'notFound', /Could not find the file/);
	});

	behaves('--volumes-from brings another container\'s volumes and binds, not what is in memory', async (t, engine) => {
		const folder = temporaryFolder(t);
		fs.chmodSync(folder, 0o755);
		const {Id: first} = await engine.createContainer({
			name: 'first', Image: 'busybox', Cmd: ['sh', '-c', 'echo one > /named/x; echo two > /anonymous/x; echo three > /bound/x'],
			Volumes: {'/anonymous': {}}, HostConfig: {Binds: ['data:/named', `${folder}:/bound`, 'locked:/locked:ro'], Tmpfs: {'/memory': ''}},
		});
		await runAttached(engine, first);
		const from = (...VolumesFrom: string[]) => ({HostConfig: {VolumesFrom}});
		t.is((await shell(engine, 'cat /named/x /anonymous/x /bound/x; ls -d /memory', from('first'))).stdout, 'one\ntwo\nthree\n');
		t.is((await shell(engine, 'touch /named/y && echo written; touch /locked/y || echo locked', from('first:rw'))).stdout, 'written\nlocked\n');
		t.regex((await shell(engine, 'touch /named/y; touch /anonymous/y; touch /bound/y', from('first:ro'))).stderr, /(Read-only[^]*){3}/);
		const {stdout} = await shell(engine, 'ls /named /anonymous', {HostConfig: {VolumesFrom: ['first'], Binds: ['other:/named']}});
		t.is(stdout, '/anonymous:\nx\n\n/named:\n', 'what is asked for itself goes first');
		t.is((await shell(engine, 'cat /anonymous/x', {Volumes: {'/anonymous': {}}, ...from('first')})).stdout, 'two\n');
		await refused(t, async () => engine.createContainer({Image: 'busybox', ...from('none')}), 'notFound', 'No such container: none');
		await refused(t, async () => engine.createContainer({Image: 'busybox', ...from('first:bogus')}), 'invalidParameter', 'invalid mode: bogus');
		await refused(t, async () => engine.createContainer({Image: 'busybox', ...from('')}), 'invalidParameter', 'volumes-from specification cannot be an empty string');

		// The anonymous one stays as long as one of the two has it
		const anonymous = (await engine.inspectContainer(first)).Mounts.find(mount => mount.Destination === '/anonymous')!.Name!;
		const {Id: second} = await engine.createContainer({Image: 'busybox', Cmd: ['cat', '/anonymous/x'], ...from('first')});
		await engine.removeContainer(first, {volumes: true});
		t.is((await runAttached(engine, second)).stdout, 'two\n');
		await engine.removeContainer(second, {volumes: true});
		await refused(t, async () => engine.inspectVolume(anonymous), 'notFound', /no such volume/);
		t.is((await engine.inspectVolume('data')).Name, 'data');
	});

	behaves('anonymous volumes go with --rm, and stay with plain rm', async (t, engine) => {
		const {Id} = await engine.createContainer({Image: 'busybox', Cmd: ['true'], Volumes: {'/x': {}}, HostConfig: {AutoRemove: true, Binds: ['named:/n']}});
		t.is((await engine.listVolumes()).length, 2);
		await engine.startContainer(Id);
		await engine.waitContainer(Id, {condition: 'removed'}).catch(() => {});
		await until(async () => (await engine.listVolumes()).length === 1);
		const {Id: kept} = await engine.createContainer({Image: 'busybox', Cmd: ['true'], Volumes: {'/x': {}}});
		await engine.removeContainer(kept);
		t.is((await engine.listVolumes({filters: {dangling: ['true'], label: ['com.docker.volume.anonymous']}})).length, 1);
	});

	behaves('a volume may be a folder of the host, or a tmpfs; what can\'t be mounted is refused when it is made', async (t, engine) => {
		const folder = temporaryFolder(t);
		fs.chmodSync(folder, 0o755);
		fs.writeFileSync(`${folder}/in`, 'host\n');
		const bound = await engine.createVolume({Name: 'bound', DriverOpts: {type: 'none', o: 'bind', device: folder}});
		t.deepEqual(bound.Options, {device: folder, o: 'bind', type: 'none'});
		t.is((await shell(engine, 'cat /v/in; echo out > /v/out', {HostConfig: {Binds: ['bound:/v']}})).stdout, 'host\n');
		t.is(fs.readFileSync(`${folder}/out`, 'utf8'), 'out\n');
		await engine.createVolume({Name: 'locked', DriverOpts: {type: 'none', o: 'bind,ro', device: folder}});
		t.regex((await shell(engine, 'touch /v/x', {HostConfig: {Binds: ['locked:/v']}})).stderr, /Read-only file system/);
		await engine.createVolume({Name: 'memory', DriverOpts: {type: 'tmpfs', o: 'size=1m,mode=700', device: 'tmpfs'}});
		t.regex((await shell(engine, 'grep " /v " /proc/mounts; stat -c %a /v', {HostConfig: {Binds: ['memory:/v']}})).stdout, /^tmpfs \/v tmpfs rw,.*size=1024k.*\n700\n$/);
		await engine.createVolume({Name: 'gone', DriverOpts: {type: 'none', o: 'bind', device: `${folder}/gone`}});
		await refused(t, async () => shell(engine, 'true', {HostConfig: {Binds: ['gone:/v']}}), 'invalidParameter', /^error while mounting volume '(.*\/gone\/_data)': failed to mount local volume: mount .*\/gone:\1, flags: 0x1000: no such file or directory$/);
		t.deepEqual((await engine.pruneVolumes({filters: {all: ['true']}})).Deleted, [], 'made with options, none is pruned');
		t.deepEqual((await engine.diskUsage()).Volumes, [], 'or counted');
		const wrong: ReadonlyArray<readonly [Record<string, string>, string, RegExp]> = [
			[{bad: '1'}, 'invalidParameter', /^create v2: invalid option: "bad"$/],
			[{type: 'tmpfs'}, 'invalidParameter', /^create v2: missing required option: "device"$/],
			[{o: 'bind', device: '/x'}, 'invalidParameter', /^create v2: missing required option: "type"$/],
			[{type: 'none', o: 'bind', device: 'relative'}, 'invalidParameter', /not an absolute path/],
			[{type: 'none', o: 'bind,upperdir=/', device: '/x'}, 'notImplemented', /"upperdir=\/" is not supported/],
			[{type: 'nfs', o: 'addr=10.0.0.1', device: ':/x'}, 'notImplemented', /volume type "nfs" is not supported/],
			[{type: 'ext4', device: '/dev/sda1'}, 'notImplemented', /volume type "ext4" is not supported/],
			[{size: '1g'}, 'invalidParameter', /no quota support/],
		];
		for (const [DriverOpts, kind, message] of wrong) {
			await refused(t, async () => engine.createVolume({Name: 'v2', DriverOpts}), kind, message);
		}

		await refused(t, async () => engine.createVolume({Name: 'v2', Driver: 'nfs'}), 'notFound', 'create v2: error looking up volume plugin nfs: plugin "nfs" not found');
		await refused(t, async () => engine.inspectVolume('v2'), 'notFound', /no such volume/);
	});

	behaves('a volume goes into a tar and comes back as it was', async (t, engine) => {
		await filledImage(t, engine, single);
		await shell(engine, 'true', {Image: 'filled', HostConfig: {Binds: ['from:/data']}});
		const before = await shell(engine, look, {HostConfig: {Binds: ['from:/v']}});
		const tar = await bytesOf(await engine.exportVolume('from'));
		await engine.importVolume('to', Readable.from([tar]));
		t.deepEqual(await shell(engine, look, {HostConfig: {Binds: ['to:/v']}}), before);
		// Into one that is there: beside what it has
		await shell(engine, 'echo mine > /v/mine; echo other > /v/f', {HostConfig: {Binds: ['third:/v']}});
		await engine.importVolume('third', Readable.from([tar]));
		t.is((await shell(engine, 'cat /v/mine /v/f', {HostConfig: {Binds: ['third:/v']}})).stdout, 'mine\nhello\n');
		// What is cut off, or no tar, makes no volume
		await t.throwsAsync(async () => engine.importVolume('cut', Readable.from([tar.subarray(0, 1300)])));
		await t.throwsAsync(async () => engine.importVolume('noise', Readable.from([Buffer.alloc(4096, 'no tar')])));
		await t.throwsAsync(async () => engine.importVolume('broken', Readable.from((async function* () {
			yield tar.subarray(0, 1024);
			throw new Error('the line is cut');
		})())), {message: 'the line is cut'});
		t.deepEqual((await engine.listVolumes()).map(({Name}) => Name), ['from', 'third', 'to']);
		await refused(t, async () => engine.exportVolume('none'), 'notFound', 'get none: no such volume');
	});

	behaves('volumes tell of themselves: create, mount, unmount, destroy, prune', async (t, engine) => {
		const ending = new AbortController();
		t.teardown(() => {
			ending.abort();
		});
		const events = collectEvents(engine, {filters: {type: ['volume']}, signal: ending.signal});
		const {Id} = await engine.createContainer({Image: 'busybox', Cmd: ['true'], Volumes: {'/x': {}}, HostConfig: {Binds: ['data:/d:ro']}});
		await runAttached(engine, Id);
		const anonymous = (await engine.inspectContainer(Id)).Mounts.find(mount => mount.Destination === '/x')!.Name!;
		await engine.removeContainer(Id, {volumes: true});
		await engine.removeVolume('data');
		await engine.pruneVolumes();
		await until(async () => events.some(({Action}) => Action === 'prune'));
		const driver = 'local';
		const told = events.map(({Action, Actor}) => [Action, Actor.ID, {...Actor.Attributes}] as const);
		t.deepEqual(told.slice(0, 2).map(([action, , attributes]) => [action, attributes]), [['create', {driver}], ['create', {driver}]]);
		t.deepEqual(told.slice(2, 4).map(([action]) => action), ['mount', 'mount']);
		t.deepEqual(told.find(([action, id]) => action === 'mount' && id === 'data')![2], {container: Id, destination: '/d', driver, propagation: '', 'read/write': 'false'});
		t.deepEqual(told.find(([action, id]) => action === 'mount' && id === anonymous)![2], {container: Id, destination: '/x', driver, propagation: '', 'read/write': 'true'});
		t.deepEqual(new Map(told.filter(([action]) => action === 'unmount').map(([, id, attributes]) => [id, attributes])), new Map([['data', {container: Id, driver}], [anonymous, {container: Id, driver}]]));
		t.deepEqual(told.slice(-3), [['destroy', anonymous, {driver}], ['destroy', 'data', {driver}], ['prune', '', {reclaimed: '0'}]]);
	});
}

/** A container's files from outside: changes, archives, export, commit. */
import fs from 'node:fs';
import {Readable} from 'node:stream';
import {isEngineError} from '../../engine/index.js';
import {tarOf, temporaryFolder} from '../helpers/image-lab.js';
import {bytesOf, create, logged, runAttached, until, type Behaves} from './behaviour.js';

export function filesBehaviour(behaves: Behaves): void {
	behaves('changes, archives in and out, and export', async (t, engine) => {
		const Id = await create(engine, ['sh', '-c', 'echo new > /new; rm /bin/yes; echo more >> /etc/passwd; mkdir /d; ln -s /etc/passwd /d/link']);
		await runAttached(engine, Id);
		const changes = await engine.changes(Id);
		const kinds = Object.fromEntries(changes.map(({Path, Kind}) => [Path, Kind]));
		t.like(kinds, {'/new': 1, '/bin/yes': 2, '/etc/passwd': 0, '/d/link': 1});
		t.like(await engine.statArchive(Id, '/new'), {name: 'new', size: 4});
		t.like(await engine.statArchive(Id, '/d/link'), {name: 'link', linkTarget: '/etc/passwd'});
		t.like(await t.throwsAsync(engine.statArchive(Id, '/no/such')), {kind: 'notFound', message: `Could not find the file /no/such in container ${Id}`});
		await engine.putArchive(Id, '/d', Readable.from([tarOf([{name: 'put', data: 'put in'}])]));
		const {stat, tar} = await engine.getArchive(Id, '/d/put');
		t.is(stat.size, 6);
		t.true((await bytesOf(tar)).includes('put in'));
		t.like(await t.throwsAsync(engine.putArchive(Id, '/new', Readable.from([tarOf([{name: 'x', data: 'x'}])]))), {kind: 'invalidParameter'});
		const whole = await bytesOf(await engine.exportContainer(Id));
		t.true(whole.includes('put in') && whole.includes('bin/busybox'));
		t.false(whole.includes('bin/yes\0'));
	});

	behaves('archives of a stopped container reach its volumes and what is bound, as docker\'s do', async (t, engine) => {
		const folder = temporaryFolder(t);
		fs.chmodSync(folder, 0o777);
		fs.writeFileSync(`${folder}/one`, 'bound\n');
		const {Id} = await engine.createContainer({
			Image: 'busybox',
			Cmd: ['sh', '-c', 'echo volume > /vol/x; echo gone > /tmpf/x; mkdir /deep && ln -s ../vol /deep/link'],
			HostConfig: {Binds: ['archived:/vol', `${folder}:/bind`, `${folder}/one:/etc/one`, `${folder}:/read:ro`], Tmpfs: {'/tmpf': ''}},
		});
		// Never started: what is mounted is there already.
		t.true((await bytesOf((await engine.getArchive(Id, '/bind/one')).tar)).includes('bound'));
		t.like(await engine.statArchive(Id, '/etc/one'), {name: 'one', size: 6});
		await runAttached(engine, Id);
		const file = () => Readable.from([tarOf([{name: 'put', data: 'put in'}])]);
		t.true((await bytesOf((await engine.getArchive(Id, '/vol')).tar)).includes('volume'));
		t.like(await engine.statArchive(Id, '/deep/link/x'), {name: 'x', size: 7});
		t.like(await t.throwsAsync(engine.statArchive(Id, '/tmpf/x')), {kind: 'notFound'});
		t.true((await engine.statArchive(Id, '/etc/hosts')).size > 20);
		await engine.putArchive(Id, '/bind', file());
		t.is(fs.readFileSync(`${folder}/put`, 'utf8'), 'put in');
		await engine.putArchive(Id, '/deep/link', file());
		t.like(await engine.statArchive(Id, '/vol/put'), {size: 6});
		t.like(await t.throwsAsync(engine.putArchive(Id, '/read', file())), {kind: 'forbidden', message: 'mounted volume is marked read-only'});
		t.deepEqual((await engine.changes(Id)).filter(({Path}) => Path.endsWith('/put') || Path === '/vol/x'), []);
		t.false((await bytesOf(await engine.exportContainer(Id))).includes('put in'));
	});

	behaves('archives and a read-only root', async (t, engine) => {
		const {Id} = await engine.createContainer({Image: 'busybox', Cmd: ['sleep', '1000'], HostConfig: {ReadonlyRootfs: true, Binds: ['writable:/vol']}});
		const file = () => Readable.from([tarOf([{name: 'put', data: 'put in'}])]);
		for (const isRunning of [false, true]) {
			if (isRunning) {
				await engine.startContainer(Id);
			}

			t.like(await t.throwsAsync(engine.putArchive(Id, '/etc', file())), {kind: 'forbidden', message: 'container rootfs is marked read-only'});
			await engine.putArchive(Id, '/vol', file());
			t.like(await engine.statArchive(Id, '/vol/put'), {size: 6});
			t.like(await engine.statArchive(Id, '/etc/passwd'), {name: 'passwd'});
		}
	});

	behaves('archives go in and out of a running container too', async (t, engine) => {
		const Id = await create(engine, ['sh', '-c', 'mkdir /seen; while ! test -f /seen/file; do sleep 0.02; done; cat /seen/file; sleep 1000']);
		await engine.startContainer(Id);
		await until(async () => engine.statArchive(Id, '/seen').then(() => true, () => false));
		await engine.putArchive(Id, '/seen', Readable.from([tarOf([{name: 'file', data: 'from outside\n'}])]));
		await logged(engine, Id, 'from outside');
		t.true((await bytesOf((await engine.getArchive(Id, '/seen/file')).tar)).includes('from outside'));
	});

	behaves('a commit is an image to run', async (t, engine) => {
		const Id = await create(engine, ['sh', '-c', 'echo committed > /file; sleep 1000']);
		await engine.startContainer(Id);
		await until(async () => engine.statArchive(Id, '/file').then(() => true, () => false));
		const imageId = await engine.commit({container: Id, reference: 'mine:1', comment: 'a comment', changes: ['CMD ["cat", "/file"]', 'ENV X=y']});
		t.regex(imageId, /^sha256:[\da-f]{64}$/);
		t.is((await engine.inspectContainer(Id)).State.Status, 'running');
		const {Id: child} = await engine.createContainer({Image: 'mine:1'});
		t.is((await runAttached(engine, child)).stdout, 'committed\n');
		t.deepEqual((await engine.listContainers({all: true, filters: {ancestor: ['busybox']}})).length, 2);
		t.deepEqual((await engine.listContainers({all: true, filters: {ancestor: ['mine:1']}})).map(container => container.Id), [child]);
	});

	const hostile: ReadonlyArray<readonly [title: string, entries: Parameters<typeof tarOf>[0]]> = [
		['a name that leads up', [{name: '../../../escaped', data: 'x'}]],
		['an absolute name', [{name: '/escaped', data: 'x'}]],
		['a symbolic link to the outside, and a file through it', [{name: 'out', symlink: '/../../../../..'}, {name: 'out/escaped', data: 'x'}]],
		['a hard link to a file of the host', [{name: 'shadow', hardlink: '/etc/shadow'}]],
		['one name twice, as a folder and as a file', [{name: 'twice', directory: true}, {name: 'twice/x', data: 'x'}, {name: 'twice', data: 'y'}]],
	];
	for (const [title, entries] of hostile) {
		behaves(`an archive with ${title} stays in its container`, async (t, engine) => {
			for (const isRunning of [false, true]) {
				const Id = await create(engine, ['sleep', '1000']);
				if (isRunning) {
					await engine.startContainer(Id);
				}

				await engine.putArchive(Id, '/tmp', Readable.from([tarOf(entries)])).catch((error: unknown) => {
					t.true(isEngineError(error));
				});
				t.false(fs.existsSync('/escaped'));
				t.false(fs.existsSync('/tmp/escaped'));
				const changes = await engine.changes(Id);
				t.true(changes.every(({Path}) => Path === '/tmp' || Path.startsWith('/tmp/') || Path === '/escaped'), JSON.stringify(changes));
				await engine.removeContainer(Id, {force: true});
			}
		});
	}

	behaves('an archive that is cut off or none is refused', async (t, engine) => {
		const Id = await create(engine, ['true']);
		const whole = tarOf([{name: 'file', data: 'x'.repeat(2000)}]);
		t.like(await t.throwsAsync(engine.putArchive(Id, '/tmp', Readable.from([whole.subarray(0, 1000)]))), {name: 'EngineError'});
		t.like(await t.throwsAsync(engine.putArchive(Id, '/tmp', Readable.from([Buffer.alloc(2048, 'x')]))), {name: 'EngineError'});
		t.like(await t.throwsAsync(engine.putArchive(Id, '/no/such', Readable.from([whole]))), {kind: 'notFound', message: `Could not find the file /no/such in container ${Id}`});
		const broken = Readable.from((function * () {
			yield whole.subarray(0, 600);
			throw new Error('the sender stopped');
		})());
		await t.throwsAsync(engine.putArchive(Id, '/tmp', broken));
		await engine.putArchive(Id, '/tmp', Readable.from([whole]));
		t.like(await engine.statArchive(Id, '/tmp/file'), {size: 2000});
	});

	behaves('kinds are kept on demand', async (t, engine) => {
		const Id = await create(engine, ['true']);
		await engine.putArchive(Id, '/tmp', Readable.from([tarOf([{name: 'folder', directory: true}, {name: 'file', data: 'x'}])]));
		for (const entries of [[{name: 'folder', data: 'x'}], [{name: 'file', directory: true}]] as const) {
			await t.throwsAsync(engine.putArchive(Id, '/tmp', Readable.from([tarOf(entries)]), {noOverwriteDirNonDir: true}));
		}

		await engine.putArchive(Id, '/tmp', Readable.from([tarOf([{name: 'file', data: 'longer'}])]), {noOverwriteDirNonDir: true});
		t.like(await engine.statArchive(Id, '/tmp/file'), {size: 6});
	});

	behaves('a path says what it is: file, folder, link, what is reached through a link', async (t, engine) => {
		const Id = await create(engine, ['sh', '-c', 'mkdir -p /d/sub && echo abc > /d/f && chmod 640 /d/f && ln -s /d/f /d/l && ln -s sub /d/s && ln -s /no /d/broken && touch -d "2001-02-03 04:05:06" /d/f']);
		await runAttached(engine, Id);
		const kind = async (place: string) => (await engine.statArchive(Id, place)).mode & 0o17_0000;
		t.deepEqual(await Promise.all(['/d', '/d/f', '/d/l', '/d/s', '/d/s/', '/d/broken', '/'].map(async place => kind(place))), [0o4_0000, 0o10_0000, 0o12_0000, 0o12_0000, 0o4_0000, 0o12_0000, 0o4_0000]);
		t.like(await engine.statArchive(Id, '/d/f'), {name: 'f', size: 4, mode: 0o10_0640, mtime: '2001-02-03T04:05:06.000000000Z', linkTarget: ''});
		t.like(await engine.statArchive(Id, 'd/l'), {name: 'l', linkTarget: '/d/f'});
		t.like(await t.throwsAsync(engine.statArchive(Id, '/d/f/x')), {name: 'EngineError'});
		const {stat, tar} = await engine.getArchive(Id, '/d');
		t.is(stat.name, 'd');
		const bytes = await bytesOf(tar);
		t.true(bytes.includes('d/\0'));
		for (const name of ['d/f', 'd/l', 'd/s', 'd/sub/', 'd/broken']) {
			t.true(bytes.includes(`${name}\0`), name);
		}
	});

	behaves('changes: added, changed and deleted, folders that only hold changes, nothing at all', async (t, engine) => {
		const untouched = await create(engine, ['true']);
		t.deepEqual(await engine.changes(untouched), []);
		const Id = await create(engine, ['sh', '-c', 'mkdir -p /new/deep && touch /new/deep/x; rm -r /home; chmod 700 /root; mv /etc/group /etc/moved; rm /bin/yes && ln -s busybox /bin/yes']);
		await runAttached(engine, Id);
		t.deepEqual((await engine.changes(Id)).map(({Path, Kind}) => `${'CAD'[Kind]} ${Path}`), ['C /bin', 'C /bin/yes', 'C /etc', 'D /etc/group', 'A /etc/moved', 'D /home', 'A /new', 'A /new/deep', 'A /new/deep/x', 'C /root']);
	});

	behaves('a commit takes over the container\'s settings, changes on top, files and deletions', async (t, engine) => {
		const {Id} = await engine.createContainer({Image: 'busybox', Cmd: ['sh', '-c', 'echo new > /new; rm /etc/group; exec sleep 1000'], Env: ['A=1'], Labels: {of: 'container'}, User: 'root', WorkingDir: '/tmp', StopSignal: 'SIGINT'});
		await engine.startContainer(Id);
		await until(async () => engine.statArchive(Id, '/new').then(() => true, () => false));
		const imageId = await engine.commit({container: Id, reference: 'committed:2', author: 'me', comment: 'why', pause: false, changes: ['LABEL more=yes', 'EXPOSE 80', 'VOLUME /data', 'USER app', 'WORKDIR /new-place', 'ENTRYPOINT ["sh"]', 'CMD ["-c", "true"]', 'ENV B=2']});
		t.like(await engine.inspectImage('committed:2'), {
			Id: imageId, Author: 'me', Comment: 'why',
			Config: {Labels: {of: 'container', more: 'yes'}, ExposedPorts: {'80/tcp': {}}, Volumes: {'/data': {}}, User: 'app', WorkingDir: '/new-place', Entrypoint: ['sh'], Cmd: ['-c', 'true'], StopSignal: 'SIGINT'},
		});
		t.true((await engine.inspectImage(imageId)).Config.Env.includes('A=1') && (await engine.inspectImage(imageId)).Config.Env.includes('B=2'));
		const {Id: child} = await engine.createContainer({Image: imageId, User: 'root', Entrypoint: ['sh'], Cmd: ['-c', 'cat /new; ls /etc/group 2>&1 | grep -c "No such"; pwd']});
		t.is((await runAttached(engine, child)).stdout, 'new\n1\n/new-place\n');
		for (const [change, message] of [['RUN x', 'RUN is not a valid change command'], ['BOGUS x', 'BOGUS is not a valid change command']] as const) {
			t.like(await t.throwsAsync(engine.commit({container: Id, changes: [change]})), {kind: 'invalidParameter', message});
		}

		t.like(await t.throwsAsync(engine.commit({container: Id, reference: 'BAD'})), {kind: 'invalidParameter', message: 'invalid reference format: repository name (library/BAD) must be lowercase'});
		t.is((await engine.inspectContainer(Id)).State.Status, 'running', 'nothing stays paused');
	});
}

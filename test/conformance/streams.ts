/** Standard streams: attached, piped, on a terminal. */
import {createHash} from 'node:crypto';
import {setTimeout as delay} from 'node:timers/promises';
import {collect, create, logged, logsOf, until, type Behaves} from './behaviour.js';

export function streamsBehaviour(behaves: Behaves): void {
	behaves('stdin of a pipe arrives whole', async (t, engine) => {
		const {Id} = await engine.createContainer({Image: 'busybox', Cmd: ['md5sum'], OpenStdin: true, StdinOnce: true, AttachStdin: true});
		const attachment = await engine.attach(Id, {stdin: true});
		await engine.startContainer(Id);
		const block = Buffer.alloc(1024 * 1024, 'x');
		const collected = collect(attachment);
		for (let i = 0; i < 20; i++) {
			await attachment.write(block);
		}

		await attachment.end();
		const hash = createHash('md5');
		for (let i = 0; i < 20; i++) {
			hash.update(block);
		}

		t.is((await collected).stdout, `${hash.digest('hex')}  -\n`);
	});

	behaves('much output comes whole to a slow reader', async (t, engine) => {
		const Id = await create(engine, ['sh', '-c', 'seq 1 300000']);
		const attachment = await engine.attach(Id);
		await engine.startContainer(Id);
		let bytes = 0;
		let last = '';
		for await (const {data} of attachment.output) {
			bytes += data.length;
			last = (last + data.toString()).slice(-7);
			if (bytes % 7 === 0) {
				await delay(1);
			}
		}

		t.is(bytes, 1_988_895);
		t.is(last, '300000\n');
		t.deepEqual(await attachment.done, {reason: 'exited', exitCode: 0});
		t.is((await logsOf(engine, Id)).length, 1_988_895);
	});

	behaves('a terminal has its size, and takes a new one', async (t, engine) => {
		const {Id} = await engine.createContainer({Image: 'busybox', Cmd: ['sh', '-c', 'stty size; read x; stty size; test -t 0 && echo terminal'], Tty: true, OpenStdin: true});
		const attachment = await engine.attach(Id, {stdin: true, size: {rows: 11, columns: 22}});
		t.true(attachment.tty);
		await engine.startContainer(Id);
		const collected = collect(attachment);
		await logged(engine, Id, '11 22');
		await attachment.resize({rows: 33, columns: 44});
		await attachment.write(Buffer.from('\n'));
		const {stdout, stderr} = await collected;
		t.regex(stdout, /^11 22\r\n\r\n33 44\r\nterminal\r\n$/);
		t.is(stderr, '');
	});

	behaves('closing an attachment detaches; another one sees what follows', async (t, engine) => {
		const {Id} = await engine.createContainer({Image: 'busybox', Cmd: ['sh', '-c', 'echo one; read x; echo two $x'], OpenStdin: true});
		const first = await engine.attach(Id, {stdin: true});
		await engine.startContainer(Id);
		await logged(engine, Id, 'one');
		first.close();
		t.deepEqual(await first.done, {reason: 'detached'});
		t.is((await engine.inspectContainer(Id)).State.Status, 'running');
		const second = await engine.attach(Id, {stdin: true, logs: true});
		await second.write(Buffer.from('more\n'));
		t.is((await collect(second)).stdout, 'one\ntwo more\n');
	});

	behaves('attaching and leaving without a start leaves a container that can be started', async (t, engine) => {
		const Id = await create(engine, ['echo', 'x']);
		const attachment = await engine.attach(Id);
		attachment.close();
		await attachment.done;
		t.is((await engine.inspectContainer(Id)).State.Status, 'created');
		await until(async () => engine.startContainer(Id).catch(() => false));
		await engine.waitContainer(Id);
		t.is(await logsOf(engine, Id), 'x\n');
	});

	behaves('a hundred megabytes go in and out whole', async (t, engine) => {
		const {Id} = await engine.createContainer({Image: 'busybox', Cmd: ['cat'], OpenStdin: true, StdinOnce: true, AttachStdin: true, HostConfig: {LogConfig: {Type: 'none', Config: {}}}});
		const attachment = await engine.attach(Id, {stdin: true});
		await engine.startContainer(Id);
		const blocks = 400;
		const block = Buffer.alloc(256 * 1024, 'tug');
		const sent = createHash('sha256');
		const writing = (async () => {
			for (let index = 0; index < blocks; index++) {
				block.writeUInt32LE(index);
				sent.update(block);
				await attachment.write(Buffer.from(block));
			}

			await attachment.end();
		})();
		const received = createHash('sha256');
		let bytes = 0;
		for await (const {stream, data} of attachment.output) {
			t.is(stream, 'stdout');
			received.update(data);
			bytes += data.length;
		}

		await writing;
		t.is(bytes, blocks * block.length);
		t.is(received.digest('hex'), sent.digest('hex'));
		t.deepEqual(await attachment.done, {reason: 'exited', exitCode: 0});
	});

	behaves('only the streams that were asked for', async (t, engine) => {
		for (const [options, expected] of [[{stdout: true, stderr: false}, ['out\n', '']], [{stdout: false, stderr: true}, ['', 'err\n']]] as const) {
			const Id = await create(engine, ['sh', '-c', 'echo out; echo err >&2']);
			const attachment = await engine.attach(Id, options);
			await engine.startContainer(Id);
			const {stdout, stderr} = await collect(attachment);
			t.deepEqual([stdout, stderr], [...expected]);
		}
	});

	behaves('input that is open for several reaches the program from each, and ends with none of them', async (t, engine) => {
		const {Id} = await engine.createContainer({Image: 'busybox', Cmd: ['sh', '-c', 'while read x; do echo got $x; done'], OpenStdin: true});
		await engine.startContainer(Id);
		for (const word of ['one', 'two']) {
			const attachment = await engine.attach(Id, {stdin: true});
			await attachment.write(Buffer.from(`${word}\n`));
			await attachment.end();
			await logged(engine, Id, `got ${word}\n`);
			attachment.close();
			t.deepEqual(await attachment.done, {reason: 'detached'});
		}

		t.is((await engine.inspectContainer(Id)).State.Status, 'running');
	});

	behaves('a container without open input takes none', async (t, engine) => {
		const {Id} = await engine.createContainer({Image: 'busybox', Cmd: ['sh', '-c', 'cat; echo end']});
		const attachment = await engine.attach(Id, {stdin: true});
		await engine.startContainer(Id);
		await attachment.write(Buffer.from('lost'));
		await attachment.end();
		t.is((await collect(attachment)).stdout, 'end\n');
	});

	behaves('whoever attaches late may have what was said before, each byte once', async (t, engine) => {
		const {Id} = await engine.createContainer({Image: 'busybox', Cmd: ['sh', '-c', 'echo before; echo told >&2; read x; echo after'], OpenStdin: true});
		await engine.startContainer(Id);
		await logged(engine, Id, 'told');
		const attachment = await engine.attach(Id, {stdin: true, logs: true});
		const collected = collect(attachment);
		await attachment.write(Buffer.from('\n'));
		t.deepEqual(await collected, {stdout: 'before\nafter\n', stderr: 'told\n', exitCode: 0});
	});

	behaves('attaching to a paused container is refused', async (t, engine) => {
		const Id = await create(engine, ['sleep', '1000']);
		await engine.startContainer(Id);
		await engine.pauseContainer(Id);
		t.like(await t.throwsAsync(engine.attach(Id)), {kind: 'conflict', message: `container ${Id} is paused, unpause the container before attach`});
	});

	behaves('impossible sizes are refused', async (t, engine) => {
		const {Id} = await engine.createContainer({Image: 'busybox', Cmd: ['sleep', '1000'], Tty: true});
		await engine.startContainer(Id);
		for (const size of [{rows: -1, columns: 1}, {rows: 1.5, columns: 1}, {rows: 1, columns: 70_000}, {rows: Number.NaN, columns: 1}]) {
			t.like(await t.throwsAsync(engine.resizeContainer(Id, size)), {kind: 'invalidParameter'});
		}

		await engine.resizeContainer(Id, {rows: 50, columns: 120});
		const {Id: execId} = await engine.createExec(Id, {Cmd: ['sh', '-c', 'stty size < /proc/1/fd/0'], AttachStdout: true, AttachStderr: true});
		t.is((await collect((await engine.startExec(execId))!)).stdout, '50 120\n');
	});
}

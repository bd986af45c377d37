/** What a container has said. */
import {Readable} from 'node:stream';
import {tarOf} from '../helpers/image-lab.js';
import {create, logged, logsOf, runAttached, type Behaves} from './behaviour.js';

export function logsBehaviour(behaves: Behaves): void {
	behaves('logs: the end of them, since when, with times, and following', async (t, engine) => {
		const Id = await create(engine, ['sh', '-c', 'for i in 1 2 3 4 5; do echo line $i; done; sleep 0.3; echo late; sleep 0.1']);
		await engine.startContainer(Id);
		const followed: string[] = [];
		for await (const {data} of engine.logs(Id, {follow: true, tail: 2})) {
			followed.push(data.toString());
		}

		t.regex(followed.join(''), /late\n$/);
		t.is(await logsOf(engine, Id, {tail: 2}), 'line 5\nlate\n');
		t.is(await logsOf(engine, Id, {tail: 0}), '');
		const stamped = (await logsOf(engine, Id, {timestamps: true})).trim().split('\n');
		t.is(stamped.length, 6);
		t.true(stamped.every(line => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z l/.test(line)));
		const lateMs = Date.parse(stamped[5]!.slice(0, 23) + 'Z');
		t.is(await logsOf(engine, Id, {since: lateMs / 1000 - 0.1}), 'late\n');
		t.is((await logsOf(engine, Id, {until: lateMs / 1000 - 0.1})).split('\n').length, 6);
		await t.throwsAsync(logsOf(engine, Id, {stdout: false, stderr: false}), {message: 'Bad parameters: you must choose at least one stream'});
	});

	behaves('a log is rotated as asked, and read over its parts', async (t, engine) => {
		const {Id} = await engine.createContainer({Image: 'busybox', Cmd: ['seq', '1', '2000'], HostConfig: {LogConfig: {Type: 'json-file', Config: {'max-size': '20k', 'max-file': '3'}}}});
		await engine.startContainer(Id);
		await engine.waitContainer(Id);
		const numbers = (await logsOf(engine, Id)).trim().split('\n').map(Number);
		t.is(numbers.at(-1), 2000);
		t.true(numbers.length < 1000 && numbers.length > 200);
		t.true(numbers.every((number, index) => number === numbers[0]! + index));
		t.is(await logsOf(engine, Id, {tail: 300}), `${numbers.slice(-300).join('\n')}\n`);
	});

	behaves('what was never said is not there, and what has no log has none to show', async (t, engine) => {
		const Id = await create(engine, ['true']);
		t.is(await logsOf(engine, Id), '');
		t.is(await logsOf(engine, Id, {follow: true}), '');
		const {Id: silent} = await engine.createContainer({Image: 'busybox', Cmd: ['echo', 'hi'], HostConfig: {LogConfig: {Type: 'none', Config: {}}}});
		t.is((await runAttached(engine, silent)).stdout, 'hi\n');
		t.like(await t.throwsAsync(logsOf(engine, silent)), {kind: 'notImplemented', message: 'configured logging driver does not support reading'});
		t.is((await engine.inspectContainer(silent)).LogPath, '');
	});

	const texts: ReadonlyArray<readonly [title: string, script: string, expected: string]> = [
		['a last line without an end', 'printf "one\\ntwo"', 'one\ntwo'],
		['carriage returns', 'printf "a\\r\\nb\\r\\n"', 'a\r\nb\r\n'],
		['quotes, backslashes and control characters', String.raw`printf '"\\\033[31m\t\001\n'`, '"\\\u001B[31m\t\u0001\n'],
		['characters of several bytes', 'echo "grün 漢字 🐳"', 'grün 漢字 🐳\n'],
		['bytes that are no characters', String.raw`printf 'a\377b\n'`, 'a\uFFFDb\n'],
		['empty lines', 'printf "\\n\\n\\n"', '\n\n\n'],
		['a line longer than a piece of the log', 'head -c 40000 /dev/zero | tr "\\0" x; echo', `${'x'.repeat(40_000)}\n`],
		['nothing', 'true', ''],
	];
	for (const [title, script, expected] of texts) {
		behaves(`logged and read again: ${title}`, async (t, engine) => {
			const Id = await create(engine, ['sh', '-c', script]);
			await engine.startContainer(Id);
			await engine.waitContainer(Id);
			t.is(await logsOf(engine, Id), expected);
			t.is(await logsOf(engine, Id, {tail: 1000}), expected);
		});
	}

	behaves('both streams in the order they were written, each by itself on demand', async (t, engine) => {
		const Id = await create(engine, ['sh', '-c', 'for i in 1 2 3; do echo out $i; sleep 0.02; echo err $i >&2; sleep 0.02; done']);
		await engine.startContainer(Id);
		await engine.waitContainer(Id);
		t.is(await logsOf(engine, Id), 'out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\n');
		// The last lines are counted first, then those of the other stream left out: so does docker.
		t.is(await logsOf(engine, Id, {stdout: false, tail: 3}), 'err 2\nerr 3\n');
		t.is(await logsOf(engine, Id, {stderr: false, tail: 1}), '');
		t.is(await logsOf(engine, Id, {tail: 'all'}), await logsOf(engine, Id));
	});

	behaves('since and until cut between lines, to the nanosecond of each', async (t, engine) => {
		const Id = await create(engine, ['sh', '-c', 'for i in 1 2 3; do echo $i; sleep 0.1; done']);
		await engine.startContainer(Id);
		await engine.waitContainer(Id);
		const times = (await logsOf(engine, Id, {timestamps: true})).trim().split('\n').map(line => Date.parse(`${line.slice(0, 23)}Z`) / 1000);
		t.is(await logsOf(engine, Id, {since: times[1]! - 0.02}), '2\n3\n');
		t.is(await logsOf(engine, Id, {until: times[1]! - 0.02}), '1\n');
		t.is(await logsOf(engine, Id, {since: times[1]! - 0.02, until: times[2]! - 0.02}), '2\n');
		t.is(await logsOf(engine, Id, {since: times[2]! + 10}), '');
		t.is(await logsOf(engine, Id, {until: times[0]! - 10}), '');
		t.is(await logsOf(engine, Id, {since: times[1]! - 0.02, tail: 1}), '3\n');
	});

	behaves('following: until told to stop, or the container ends, across a rotation', async (t, engine) => {
		const {Id} = await engine.createContainer({
			Image: 'busybox', Cmd: ['sh', '-c', 'seq 1 200; while ! test -f /go; do sleep 0.02; done; seq 201 1500'], HostConfig: {LogConfig: {Type: 'json-file', Config: {'max-size': '20k', 'max-file': '20'}}},
		});
		await engine.startContainer(Id);
		await logged(engine, Id, '\n200\n');
		const controller = new AbortController();
		let seen = '';
		for await (const {data} of engine.logs(Id, {follow: true, signal: controller.signal})) {
			seen += data.toString();
			if (seen.endsWith('\n200\n')) {
				controller.abort();
			}
		}

		t.is(seen.split('\n').length, 201);
		const following = logsOf(engine, Id, {follow: true});
		await engine.putArchive(Id, '/', Readable.from([tarOf([{name: 'go', data: ''}])]));
		const numbers = (await following).trim().split('\n').map(Number);
		t.is(numbers.length, 1500);
		t.true(numbers.every((number, index) => number === index + 1));
	});
}

import fs from 'node:fs';
import path from 'node:path';
import {setTimeout as delay} from 'node:timers/promises';
import test, {type ExecutionContext} from 'ava';
import {eventFilter, eventJournal, eventJson, matchesLabel, type EventQuery} from '../engine/events.js';
import type {EventMessage, Filters} from '../engine/engine.js';
import {temporaryFolder} from './helpers/temporary-folder.js';

function journalFile(t: ExecutionContext): string {
	return path.join(temporaryFolder(t), 'events.jsonl');
}

const container = (action: string, id = 'abc', attributes: Record<string, string> = {}) => ({type: 'container', action, id, attributes}) as const;

async function actions(file: string, query: EventQuery): Promise<string[]> {
	const found: string[] = [];
	for await (const {Action} of eventJournal(file).read(query)) {
		found.push(Action);
	}

	return found;
}

const past = () => ({since: 0, until: Date.now() / 1000 + 0.001});

test('what was written is read again, in docker\'s form', async t => {
	const file = journalFile(t);
	const journal = eventJournal(file);
	journal.append(container('create', 'abc', {name: 'n', image: 'i'}));
	const [event] = await collect(journal.read(past()));
	t.like(event, {Type: 'container', Action: 'create', Actor: {ID: 'abc', Attributes: {name: 'n', image: 'i'}}, scope: 'local'});
	t.true(Math.abs(event!.timeNano / 1e9 - Date.now() / 1000) < 5);
	t.is(event!.time, Math.floor(event!.timeNano / 1e9));
	t.regex(fs.readFileSync(file, 'utf8'), /"timeNano":\d{19}\}\n$/);
});

test('a time keeps all its digits on its way out', async t => {
	const file = journalFile(t);
	const lines = [
		'{"Type":"container","Action":"die","Actor":{"ID":"x","Attributes":{"a":"\\"timeNano\\":5}","timeNano":"7"}},"scope":"local","time":1795247225,"timeNano":1795247225846339651}',
		'{"Type":"container","Action":"start","Actor":{"ID":"x","Attributes":{}},"scope":"local","time":1795247225,"timeNano":1795247225846339999}',
	];
	fs.writeFileSync(file, `${lines.join('\n')}\n`);
	const events = await collect(eventJournal(file).read(past()));
	t.deepEqual(events.map(event => eventJson(event)), lines);
	t.deepEqual(events.map(({timeNanoText}) => timeNanoText), ['1795247225846339651', '1795247225846339999']);
	t.deepEqual(Object.keys(events[0]!), ['Type', 'Action', 'Actor', 'scope', 'time', 'timeNano']);
	t.is(eventJson({...events[1]!, timeNano: 5}), lines[1]!.replace('1795247225846339999', '5'));
});

test('events written one after the other have rising times close to the clock\'s', t => {
	const file = journalFile(t);
	const journal = eventJournal(file);
	for (let index = 0; index < 50; index++) {
		journal.append(container(`a${index}`));
	}

	const lines = fs.readFileSync(file, 'utf8').trim().split('\n');
	const times = lines.map(line => BigInt(/"timeNano":(\d+)/.exec(line)![1]!));
	t.true(times.every((time, index) => index === 0 || time > times[index - 1]!));
	t.true(Math.abs(Number(times[0]! / 1_000_000n) - Date.now()) < 5000);
});

test('without since, only what comes', async t => {
	const file = journalFile(t);
	const journal = eventJournal(file);
	journal.append(container('old'));
	const controller = new AbortController();
	const reading = actions(file, {signal: controller.signal});
	await delay(20);
	journal.append(container('new'));
	await delay(50);
	controller.abort();
	t.deepEqual(await reading, ['new']);
});

test('followers see events at once, also those of a journal that begins meanwhile', async t => {
	const file = journalFile(t);
	const controller = new AbortController();
	const iterator = eventJournal(file).read({signal: controller.signal})[Symbol.asyncIterator]();
	const next = iterator.next();
	await delay(20);
	const startedMs = Date.now();
	eventJournal(file).append(container('first'));
	const {value} = await next as IteratorResult<EventMessage, unknown>;
	t.is((value as EventMessage).Action, 'first');
	t.true(Date.now() - startedMs < 2000); // Milliseconds, on a machine that does nothing else
	controller.abort();
	t.true((await iterator.next()).done);
});

test('since and until bound the stream, which ends then', async t => {
	const file = journalFile(t);
	fs.writeFileSync(file, [1, 2, 3, 4].map(second => JSON.stringify({Type: 'container', Action: `at ${second}`, Actor: {ID: 'x', Attributes: {}}, scope: 'local', time: second, timeNano: second * 1e9})).join('\n') + '\n');
	t.deepEqual(await actions(file, {since: 2, until: 3}), ['at 2', 'at 3']);
	const startedMs = Date.now();
	t.deepEqual(await actions(file, {since: 4, until: Date.now() / 1000 + 0.1}), ['at 4']);
	t.true(Date.now() - startedMs >= 90);
});

test('a journal that grew too big goes on in a new file; followers follow', async t => {
	const file = journalFile(t);
	const journal = eventJournal(file);
	const controller = new AbortController();
	const reading = actions(file, {signal: controller.signal});
	await delay(20);
	journal.append(container('one'));
	fs.appendFileSync(file, `${'x'.repeat(8 * 1024 * 1024)}\n`);
	journal.append(container('two'));
	t.true(fs.existsSync(`${file}.1`));
	t.false(fs.existsSync(file));
	journal.append(container('three'));
	await delay(100);
	controller.abort();
	t.deepEqual(await reading, ['one', 'two', 'three']);
	t.deepEqual(await actions(file, past()), ['one', 'two', 'three']);
});

test('damaged lines are skipped, and characters cut in two are whole', async t => {
	const file = journalFile(t);
	fs.writeFileSync(file, '{"Type":"cont\n\n[]\n7\n');
	const journal = eventJournal(file);
	for (let i = 0; i < 3000; i++) {
		journal.append(container('müde', `id${i}`, {name: 'ä€😀'.repeat(5)}));
	}

	const events = await collect(journal.read(past()));
	t.is(events.length, 3000);
	t.true(events.every(({Action, Actor}) => Action === 'müde' && Actor.Attributes['name'] === 'ä€😀'.repeat(5)));
});

test('telling never fails', t => {
	t.notThrows(() => {
		eventJournal('/proc/no/such/file').append(container('x'));
	});
});

test('an unknown filter is refused at once', t => {
	t.like(t.throws(() => eventJournal('/x').read({filters: {color: ['red']}})), {kind: 'invalidParameter', message: 'invalid filter \'color\''});
});

const event = {
	Type: 'container', Action: 'exec_create: sh', Actor: {ID: 'abcdef', Attributes: {name: 'web', image: 'busybox:1', tier: 'front', empty: ''}}, scope: 'local', time: 1, timeNano: 1e9,
} as const;
const image = {...event, Type: 'image', Action: 'tag', Actor: {ID: 'sha256:1234', Attributes: {name: 'busybox:1'}}} as const;
const filters: Array<[Filters, EventMessage, boolean]> = [
	[{}, event, true],
	[{type: ['container', 'image']}, event, true],
	[{type: ['image']}, event, false],
	[{event: ['exec_create']}, event, true],
	[{event: ['exec']}, event, false],
	[{container: ['abc']}, event, true],
	[{container: ['web']}, event, true],
	[{container: ['/web']}, event, true],
	[{container: ['we']}, event, false],
	[{container: ['abc']}, image, false],
	[{image: ['busybox']}, event, true],
	[{image: ['busybox:1']}, event, true],
	[{image: ['busy']}, event, false],
	[{image: ['1234']}, image, true],
	[{label: ['tier']}, event, true],
	[{label: ['tier=front', 'empty=']}, event, true],
	[{label: ['tier=back']}, event, false],
	[{type: ['container'], event: ['die']}, event, false],
	[{type: []}, event, true],
];
for (const [wanted, subject, matches] of filters) {
	test(`${JSON.stringify(wanted)} ${matches ? 'matches' : 'does not match'} ${subject.Type} ${subject.Action}`, t => {
		t.is(eventFilter(wanted)(subject), matches);
	});
}

test('labels of Object.prototype are not there', t => {
	t.false(matchesLabel({}, 'toString'));
});

async function collect(events: AsyncIterable<EventMessage>): Promise<EventMessage[]> {
	const found: EventMessage[] = [];
	for await (const each of events) {
		found.push(each);
	}

	return found;
}

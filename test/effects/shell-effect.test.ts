import test from 'ava';
import type {Attachment, Engine, OutputChunk} from '../../engine/index.js';
import {shellEffect} from '../../source/effects/shell-effect.js';
import {reducer} from '../../source/state/reducer.js';
import {createStore} from '../../source/state/store.js';
import type {GuestTerminal, Size, Terminal} from '../../source/terminal/terminal.js';
import {loaded, stateAfter} from '../helpers/app-states.js';

type Script = {
	/** By shell: what starting it gives. */
	readonly start: (shell: string) => Attachment | Error | undefined;
};

function bench({start}: Script) {
	const store = createStore(reducer, stateAfter([loaded(1)]));
	const written: string[] = [];
	const started: Array<{readonly shell: string; readonly options: unknown}> = [];
	let type = (_data: Buffer) => {};
	let resize = (_size: Size) => {};
	const guest: GuestTerminal = {
		size: {columns: 100, rows: 30},
		write: data => written.push(Buffer.from(data).toString()),
		onInput(listener) {
			type = listener;
		},
		onResize(listener) {
			resize = listener;
		},
	};
	const engine = {
		createExec: async (_id: string, {Cmd = []}: {readonly Cmd?: readonly string[]}) => ({Id: Cmd[0] ?? ''}),
		async startExec(shell: string, options: unknown) {
			started.push({shell, options});
			const result = start(shell);
			if (result instanceof Error) {
				throw result;
			}

			return result;
		},
	} as unknown as Engine;
	shellEffect({engine, store, signal: new AbortController().signal}, {lend: async <Result>(work: (guest: GuestTerminal) => Promise<Result>) => work(guest)} as unknown as Terminal);
	const ended = new Promise<void>(resolve => {
		store.onAction(action => {
			if (action.type === 'messageShown') {
				resolve();
			}
		});
	});
	store.dispatch({type: 'shellRequested', id: 'id-c0'});
	return {
		store, written, started, ended,
		type(text: string) {
			type(Buffer.from(text, 'latin1'));
		},
		resize(size: Size) {
			resize(size);
		},
	};
}

function attachment({exitCode = 0, output = [] as readonly string[], isOver = true} = {}) {
	const received: string[] = [];
	let closed: () => void = () => {};
	const close = new Promise<void>(resolve => {
		closed = resolve;
	});
	const result: Attachment = {
		tty: true,
		output: (async function * (): AsyncGenerator<OutputChunk> {
			for (const text of output) {
				yield {stream: 'stdout', data: Buffer.from(text)};
			}

			if (!isOver) {
				await close;
			}
		})(),
		async write(data) {
			received.push(Buffer.from(data).toString('latin1'));
		},
		async end() {},
		async resize({columns, rows}) {
			received.push(`${columns}x${rows}`);
		},
		get done() {
			return Promise.resolve(isOver ? {reason: 'exited', exitCode} as const : {reason: 'detached'} as const);
		},
		close() {
			closed();
		},
	};
	return {result, received};
}

const missing = Object.assign(new Error('exec: not found'), {exitCode: 127});
const settle = async () => new Promise(resolve => {
	setTimeout(resolve, 20);
});

test('bash when it is there, in the size of the terminal', async t => {
	const {ended, started, written, store} = bench({start: () => attachment({output: ['welcome']}).result});
	await ended;
	t.deepEqual(started, [{shell: '/bin/bash', options: {tty: true, stdin: true, size: {columns: 100, rows: 30}}}]);
	t.true(written.join('').includes('welcome'));
	t.is(store.getState().message?.text, 'the shell in c0 ended');
});

test('sh when there is no bash', async t => {
	const {ended, started} = bench({start: shell => (shell === '/bin/bash' ? missing : attachment().result)});
	await ended;
	t.deepEqual(started.map(({shell}) => shell), ['/bin/bash', '/bin/sh']);
});

test('an engine far away tells only by the exit code', async t => {
	const {ended, started} = bench({start: shell => attachment({exitCode: shell === '/bin/bash' ? 127 : 0}).result});
	await ended;
	t.deepEqual(started.map(({shell}) => shell), ['/bin/bash', '/bin/sh']);
});

test('neither: it says so', async t => {
	const {ended, store} = bench({start: () => missing});
	await ended;
	t.like(store.getState().message, {tone: 'bad', text: 'shell in c0: there is neither /bin/bash nor /bin/sh in this container', hint: 'Images made of a single program have no shell.'});
});

test('another problem is not mistaken for a missing shell', async t => {
	const {ended, store, started} = bench({start: () => new Error('container is gone')});
	await ended;
	t.is(store.getState().message?.text, 'shell in c0: container is gone');
	t.is(started.length, 1);
});

test('a shell that was used and ended with 127 was a shell', async t => {
	const {result} = attachment({exitCode: 127, isOver: false});
	const opened = bench({start: () => ({...result, done: Promise.resolve({reason: 'exited', exitCode: 127})})});
	await settle();
	opened.type('nonsense\r');
	result.close();
	await opened.ended;
	t.is(opened.started.length, 1);
	t.is(opened.store.getState().message?.text, 'the shell in c0 ended');
});

test('keys and sizes go through as they are', async t => {
	const {result, received} = attachment({isOver: false});
	const {type, resize, ended} = bench({start: () => result});
	await settle();
	type('ls\r');
	type('\u00E9\u0003');
	resize({columns: 80, rows: 24});
	result.close();
	await ended;
	t.deepEqual(received, ['ls\r', '\u00E9\u0003', '80x24']);
});

test('ctrl-p waits for ctrl-q, together or apart, and goes through when something else follows', async t => {
	for (const presses of [['\u0010\u0011'], ['\u0010', '\u0011']]) {
		const {result, received} = attachment({isOver: false});
		const {type, ended, store} = bench({start: () => result});
		await settle();
		for (const press of presses) {
			type(press);
		}

		await ended;
		t.deepEqual(received, []);
		t.is(store.getState().message?.text, 'the shell in c0 goes on');
	}

	const {result, received} = attachment({isOver: false});
	const {type, ended} = bench({start: () => result});
	await settle();
	type('\u0010');
	type('x');
	result.close();
	await ended;
	t.is(received.join(''), '\u0010x');
});

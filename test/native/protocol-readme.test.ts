/** engine/native/readme.md is the contract of the monitor's socket: its tables and examples against both ends. */
import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {attachBits, encodeFrame, frameReader, frameType} from '../../engine/runtime/monitor-protocol.js';
import {repositoryRoot} from '../helpers/repository-root.js';

const native = path.join(repositoryRoot, 'engine', 'native');
const section = fs.readFileSync(path.join(native, 'readme.md'), 'utf8').split('### Socket protocol')[1]!.split('\n### ')[0]!;
const clientHeader = fs.readFileSync(path.join(native, 'client.h'), 'utf8');

/** `NAME` → number, in the spelling of the C header. */
function numbersOf(text: string, pattern: RegExp): Map<string, number> {
	return new Map([...text.matchAll(pattern)].map(match => [match[1]!, Number(match[2])]));
}

const inC = numbersOf(clientHeader, /^\tFRAME_(\w+) = (\d+),/gm);
const isWritten = ([name]: readonly [string, number]) => name !== 'COMMAND_LAST';

test('the frames of the C header and of TypeScript are the same', t => {
	const inTypeScript = Object.entries(frameType).map(([name, number]) => [name.replaceAll(/[A-Z]/g, letter => `_${letter}`).toUpperCase(), number] as const);
	t.deepEqual(inTypeScript, [...inC].filter(entry => isWritten(entry)));
	t.deepEqual([...numbersOf(clientHeader, /^#define ATTACH_(STD\w+) (\d)u/gm)], Object.entries(attachBits).map(([name, bit]) => [name.toUpperCase(), bit]));
});

test('the readme\'s tables have every frame', t => {
	const rows = [...section.matchAll(/^\| (\d[^|]*) \|/gm)].flatMap(([, cell]) => [...cell!.matchAll(/(\d+) ([A-Z_]+)/g)].map(([, number, name]) => [name!, Number(number)] as const));
	t.deepEqual(rows.sort((one, other) => one[1] - other[1]), [...inC].filter(entry => isWritten(entry)));
});

test('the readme\'s limits are those of the C files', t => {
	const defined = (file: string, name: string) => new RegExp(`#define ${name} (.*)`).exec(fs.readFileSync(path.join(native, file), 'utf8'))?.[1];
	t.is(defined('client.h', 'CLIENT_COMMAND_MAX'), '(1u << 20)');
	t.is(defined('client.h', 'CLIENT_QUEUE_MAX'), '(1u << 20)');
	t.is(defined('stdin_pipe.h', 'STDIN_BUFFER_SIZE'), '(64 * 1024)');
	t.is(defined('monitor_output.c', 'READ_SIZE'), '(64 * 1024)');
	t.is(defined('monitor.c', 'CLIENTS_MAX'), '512');
	for (const stated of ['a command above 1 MiB', 'more than 1 MiB waiting', '64 KiB are held', 'up to 64 KiB', '512 connections']) {
		t.true(section.toLowerCase().includes(stated.toLowerCase()), stated);
	}
});

test('the readme\'s example is what goes over the socket', t => {
	const lines = [...section.matchAll(/^ {4}((?:[\da-f]{2} ){7}[\da-f]{2}) {2}(.*?) {2,}([A-Z]+)/gm)].map(([, header, payload, name]) => ({name: name!, header: Buffer.from(header!.replaceAll(' ', ''), 'hex'), payload: bytesOf(payload!)}));
	t.deepEqual(lines.map(({name}) => name), ['ATTACH', 'RESIZE', 'REPLY', 'REPLY', 'STDOUT']);
	for (const {name, header, payload} of lines) {
		t.deepEqual(Buffer.concat([header, payload]), encodeFrame(inC.get(name)!, payload), name);
	}

	const seen: unknown[] = [];
	const read = frameReader({
		output: (stream, data) => seen.push([stream, String(data)]),
		reply: report => seen.push(report),
		exit: report => seen.push(report),
	});
	for (const {header, payload} of lines.slice(2)) {
		read(Buffer.concat([header, payload]));
	}

	t.deepEqual(seen, [{ok: true, tty: true}, {ok: true}, ['stdout', 'hi\r\n']]);
});

function bytesOf(text: string): Buffer {
	return /^(?:[\da-f]{2} ?)+$/.test(text) ? Buffer.from(text.replaceAll(' ', ''), 'hex') : Buffer.from(text.replace(String.raw`\r\n`, '\r\n'));
}

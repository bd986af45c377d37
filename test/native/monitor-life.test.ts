import fs from 'node:fs';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {frameType} from '../../engine/runtime/monitor-protocol.js';
import {MonitorClient} from '../helpers/monitor-client.js';
import {forEachSubject, launch, readStatus, waitForStatus} from '../helpers/native-container.js';
import type {Subject} from '../helpers/native-trees.js';

type Journal = {readonly Type: string; readonly Action: string; readonly Actor: {readonly ID: string; readonly Attributes: Record<string, string>}; readonly time: number; readonly timeNano: number};

const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/;

async function connect(t: ExecutionContext, subject: Subject, plan: {readonly socket: string}) {
	return MonitorClient.connect(t, subject, plan.socket);
}

function readJournal(file: string): Journal[] {
	return fs.existsSync(file) ? fs.readFileSync(file, 'utf8').split('\n').filter(Boolean).map(line => JSON.parse(line) as Journal) : [];
}

test('who attaches before the start gets every byte, the exit comes last, then the connection ends', async t => {
	await forEachSubject(t, async (subject, rootfs) => {
		const {plan, report} = launch(t, subject, rootfs, {args: ['/bin/sh', '-c', 'echo out; echo err >&2; exit 7']}, 'create');
		t.true(report.ok, report.message);
		t.true((report['pid'] as number) > 1);
		const client = await connect(t, subject, plan);
		t.like(await client.attach(), {ok: true, tty: false});
		t.deepEqual(await client.command(frameType.start), {ok: true});
		t.like(await client.exit(), {exitCode: 7, signal: 0, oomKilled: false});
		await client.closed;
		t.is(String(client.output(1)), 'out\n');
		t.is(String(client.output(2)), 'err\n');
		t.is(client.frames.at(-1)!.type, frameType.exit);
		t.false(fs.existsSync(plan.socket));
	});
});

/** What the monitor wrote, and whether it can still be true. */
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import test from 'ava';
import {isMonitorAlive, processStartTicks, readBootId, readRuntimeStatus, type RuntimeStatus} from '../../engine/runtime/status-file.js';
import {temporaryFolder} from '../helpers/temporary-folder.js';

const whole: RuntimeStatus = {
	status: 'exited', pid: 5, startTicks: 6, bootId: 'b', monitorPid: 7, monitorStartTicks: 8, startedAt: '2026-01-01T00:00:00.000000001Z', finishedAt: '2026-01-01T00:00:01.000000001Z', exitCode: 3, signal: 9, oomKilled: true, error: 'e',
};

test('a record is read as the monitor writes it', t => {
	const file = path.join(temporaryFolder(t), 'status.json');
	t.is(readRuntimeStatus(file), undefined);
	fs.writeFileSync(file, JSON.stringify({version: 1, ...whole}));
	t.deepEqual(readRuntimeStatus(file), whole);
	fs.writeFileSync(file, JSON.stringify({version: 1, status: 'created'}));
	t.deepEqual(readRuntimeStatus(file), {
		status: 'created', pid: 0, startTicks: 0, bootId: '', monitorPid: 0, monitorStartTicks: 0, startedAt: '', finishedAt: '', exitCode: 0, signal: 0, oomKilled: false, error: '',
	});
});

for (const text of ['', '{', '[]', 'null', '7', '{}', '{"status":"sleeping"}', '{"status":7}', '\0\0\0', '{"status":"running"']) {
	test(`${JSON.stringify(text)} is no record`, t => {
		const file = path.join(temporaryFolder(t), 'status.json');
		fs.writeFileSync(file, text);
		t.is(readRuntimeStatus(file), undefined);
	});
}

test('fields of the wrong kind count as absent', t => {
	const file = path.join(temporaryFolder(t), 'status.json');
	fs.writeFileSync(file, '{"status":"running","pid":"5","startedAt":7,"oomKilled":1,"error":null}');
	t.like(readRuntimeStatus(file), {status: 'running', pid: 0, startedAt: '', oomKilled: false, error: ''});
});

test('a monitor lives while its pid, start and boot are the same', t => {
	const bootId = readBootId();
	t.regex(bootId, /^[\da-f-]{36}$/);
	const own = {...whole, bootId, monitorPid: process.pid, monitorStartTicks: processStartTicks(process.pid)!};
	t.true(isMonitorAlive(own, bootId));
	t.false(isMonitorAlive({...own, monitorStartTicks: own.monitorStartTicks + 1}, bootId), 'the pid is somebody else\'s');
	t.false(isMonitorAlive({...own, bootId: 'another'}, bootId));
	t.false(isMonitorAlive({...own, monitorPid: 999_999_999}, bootId));
	t.is(processStartTicks(999_999_999), undefined);
	t.is(processStartTicks(0), undefined);
});

import {spawn} from 'node:child_process';
import process from 'node:process';
import test from 'ava';
import {processRows, processTitles} from '../../engine/runtime/process-table.js';

test('a row of ps -ef without ps', t => {
	const [row] = processRows([process.pid]);
	t.is(row?.length, processTitles.length);
	t.is(row?.[1], String(process.pid));
	t.is(row?.[2], String(process.ppid));
	t.regex(row?.[4] ?? '', /^\d\d:\d\d$|^[A-Z][a-z]{2}\d\d$/);
	t.regex(row?.[6] ?? '', /^\d\d:\d\d:\d\d$/);
	t.regex(row?.[7] ?? '', /node/);
});

test('processes that are gone are left out; pid 1 is root\'s', async t => {
	const child = spawn('true');
	await new Promise(resolve => {
		child.once('exit', resolve);
	});
	const rows = processRows([1, child.pid!]);
	t.deepEqual(rows.map(row => row.slice(0, 3)), [['root', '1', '0']]);
});

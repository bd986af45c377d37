/** The tests of this folder once more, as users without privileges: one with subordinate ids, one without. Only root can become them. */
import {spawnSync} from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import test from 'ava';

const files = ['confinement', 'escapes'].map(name => `build/test/security/${name}.test.js`);

function userEntry(name: string): {uid: string; gid: string} | undefined {
	const fields = fs.readFileSync('/etc/passwd', 'utf8').split('\n').find(line => line.startsWith(`${name}:`))?.split(':');
	return fields === undefined ? undefined : {uid: fields[2]!, gid: fields[3]!};
}

for (const [name, what] of [['tug1', 'with subordinate ids'], ['tug2', 'without subordinate ids']] as const) {
	test.serial(`containers of a user ${what} are as confined`, t => {
		const user = userEntry(name);
		const reason = process.getuid!() === 0 ? (user === undefined ? `no user ${name} here` : undefined) : 'only root can become another user';
		if (reason !== undefined) {
			t.log(`skipped: ${reason}`);
			t.pass();
			return;
		}

		t.timeout(170_000);
		const home = fs.mkdtempSync(path.join(os.tmpdir(), `${name}-`));
		t.teardown(() => {
			fs.rmSync(home, {recursive: true, force: true});
		});
		fs.chownSync(home, Number(user!.uid), Number(user!.gid));
		const {status, stdout, stderr} = spawnSync(
			'setpriv',
			['--reuid', user!.uid, '--regid', user!.gid, '--clear-groups', process.execPath, 'node_modules/ava/entrypoints/cli.mjs', '--tap', ...files],
			{encoding: 'utf8', env: {HOME: home, XDG_RUNTIME_DIR: home, PATH: process.env['PATH'], USER: name, FORCE_COLOR: '0'}},
		);
		const failed = stdout.split('\n').filter(line => line.startsWith('not ok'));
		t.deepEqual(failed, [], stdout.slice(-4000));
		t.is(status, 0, stderr);
		const skipped = stdout.split('\n').filter(line => line.includes('skipped: ')).length;
		t.log(`${stdout.split('\n').filter(line => line.startsWith('ok')).length} passed, ${skipped} of them skipped`);
	});
}

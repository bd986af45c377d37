import {spawnSync} from 'node:child_process';
import process from 'node:process';
import test from 'ava';
import {repositoryRoot} from '../helpers/repository-root.js';

test('docs/commands.md says what the option table says', t => {
	const {stderr, status} = spawnSync(process.execPath, ['scripts/docs.mjs', '--check'], {cwd: repositoryRoot, encoding: 'utf8'});
	t.is(stderr, '');
	t.is(status, 0);
});

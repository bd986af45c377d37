/** The completion scripts in the shells they are for, typed on a terminal, against the real command. */
import {spawnSync} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import test from 'ava';
import type {Shell} from '../../source/arguments/completion-script.js';
import {Robot} from '../helpers/robot.js';
import {temporaryFolder} from '../helpers/temporary-folder.js';
import {cli} from '../helpers/tug-cli.js';

type Subject = {readonly shell: Shell; readonly start: readonly string[]; readonly load: string};

const subjects: readonly Subject[] = [
	{shell: 'bash', start: ['bash', '--norc', '--noprofile'], load: 'PS1="% "; source <(tug completion bash)'},
	{shell: 'zsh', start: ['zsh', '-f'], load: 'PS1="%% "; autoload -Uz compinit; compinit -u -D; source <(tug completion zsh)'},
	{shell: 'fish', start: ['fish', '--no-config'], load: 'function fish_prompt; echo "% "; end; tug completion fish | source'},
];

const cases: ReadonlyArray<readonly [string, string]> = [
	['tug unp', 'tug unpause '],
	['tug container renam', 'tug container rename '],
	['tug run --read-o', 'tug run --read-only '],
	['tug run --pull mis', 'tug run --pull missing '],
	['tug load -i arch', 'tug load -i archive-of-images.tar '],
	['tug --root fold', 'tug --root folder/'],
];

for (const {shell, start, load} of subjects) {
	test.serial(`${shell} completes verbs, options, values and files`, async t => {
		if (spawnSync(shell, ['-c', 'true']).error !== undefined) {
			t.log(`skipped: ${shell} is not installed`);
			t.pass();
			return;
		}

		const folder = temporaryFolder(t);
		fs.writeFileSync(path.join(folder, 'tug'), `#!/bin/sh\nexec ${process.execPath} ${cli} "$@"\n`, {mode: 0o755});
		fs.writeFileSync(path.join(folder, 'archive-of-images.tar'), '');
		fs.mkdirSync(path.join(folder, 'folder'));
		const robot = new Robot(start, {
			columns: 120, rows: 40, cwd: folder,
			environment: {PATH: `${folder}:${process.env['PATH'] ?? ''}`, HOME: folder, XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder, TUG_ROOT: path.join(folder, 'store'), TUG_RUN: path.join(folder, 'run'), TERM: 'xterm'},
		});
		t.teardown(async () => robot.end());
		robot.press(`${load}; echo loa''ded\r`);
		await robot.until(/^loaded/m);
		for (const [typed, expected] of cases) {
			robot.press(`${typed}\t`);
			await robot.until(screen => `${screen.trimEnd()} `.includes(expected.trimEnd()), 20_000);
			t.true(robot.screen.includes(expected.trimEnd()), typed);
			robot.press('\u0015');
			await robot.until(screen => !screen.trimEnd().endsWith(expected.trimEnd()));
		}
	});
}

/** Several tugs at one container at once: each gets docker's answer, and nothing is damaged. */
import {execFile} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import test from 'ava';
import {createEngine} from '../../engine/index.js';
import {until} from '../conformance/behaviour.js';
import {containerLab, removeAll} from '../helpers/container-lab.js';

const worker = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', 'fixtures', 'container-contention.js');
const run = promisify(execFile);

for (const verbs of [['create', 'start', 'remove'], ['create', 'start', 'stop', 'remove', 'exec'], ['create', 'create', 'rename', 'remove', 'list'], ['create', 'start', 'start', 'start', 'stop', 'stop']]) {
	test(`at once: ${verbs.join(', ')}`, async t => {
		const lab = await containerLab(t);
		if (lab === undefined) {
			return;
		}

		const outputs = await Promise.all(verbs.map(async verb => run(process.execPath, [worker, lab.root, lab.run, 'thing', verb])));
		t.deepEqual(outputs.map(({stdout}) => stdout).sort(), verbs.map(verb => `${verb} done\n`).sort());
		const engine = await createEngine(lab);
		for (const {Id, Names, State} of await engine.listContainers({all: true})) {
			t.is((await engine.inspectContainer(Names[0]!)).Id, Id);
			t.true(['created', 'running', 'exited'].includes(State));
		}

		await removeAll(engine);
		await engine.close();
		for (const folder of ['containers', 'names', 'leaving', 'tmp']) {
			t.deepEqual(fs.existsSync(path.join(lab.root, folder)) ? fs.readdirSync(path.join(lab.root, folder)) : [], [], folder);
		}

		const sockets = fs.readdirSync(lab.run).find(name => !name.startsWith('sandbox'));
		await until(async () => fs.readdirSync(path.join(lab.run, sockets!)).length === 0);
	});
}

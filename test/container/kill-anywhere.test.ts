/** kill -9 at any moment of creating, starting and removing: the next start of an engine finds a store in order. */
import {spawn} from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import {setTimeout as delay} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';
import test from 'ava';
import {createEngine, isEngineError} from '../../engine/index.js';
import {until} from '../conformance/behaviour.js';
import {containerLab, removeAll} from '../helpers/container-lab.js';

const worker = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', 'fixtures', 'container-churn.js');

test('killed while it makes, starts and removes containers', async t => {
	const lab = await containerLab(t);
	if (lab === undefined) {
		return;
	}

	for (let round = 0; round < 12; round++) {
		const child = spawn(process.execPath, [worker, lab.root, lab.run, String(round)], {stdio: ['ignore', 'pipe', 'inherit']});
		await new Promise(resolve => {
			child.stdout.once('data', resolve);
		});
		await delay(Math.random() * 250);
		child.kill('SIGKILL');
		await new Promise(resolve => {
			child.once('exit', resolve);
		});
		const engine = await createEngine({root: lab.root, run: lab.run});
		await checkConsistency(lab.root, engine);
		await removeAll(engine);
		await engine.close();
		t.deepEqual(fs.readdirSync(path.join(lab.root, 'names')), [], `round ${round}`);
	}

	let left: string[] = [];
	await until(async () => {
		left = await leftovers(lab);
		return left.length === 0;
	}).catch(() => {});
	t.deepEqual(left, []);
});

/** After one more start. Anonymous volumes of a container that was never removed with them stay; what lies in trash/ goes a minute later. */
async function leftovers({root, run}: {root: string; run: string}): Promise<string[]> {
	await (await createEngine({root, run})).close();
	return ['containers', 'tmp', 'leaving', 'execs'].flatMap(folder => listed(path.join(root, folder)).map(name => `${folder}/${name}`));
}

async function checkConsistency(root: string, engine: Awaited<ReturnType<typeof createEngine>>): Promise<void> {
	const containers = await engine.listContainers({all: true});
	const folders = fs.readdirSync(path.join(root, 'containers'));
	if (containers.length !== folders.length) {
		throw new Error(`${folders.length} folders, ${containers.length} containers`);
	}

	for (const {Id, Names, State} of containers) {
		const {State: state} = await engine.inspectContainer(Names[0]!);
		// What the killed one had under way goes on: it may start and end meanwhile.
		if (state.Status !== State && !['created', 'running'].includes(State)) {
			throw new Error(`${Id} is ${State} in the list, ${state.Status} alone`);
		}

		if (state.Status === 'created') {
			await engine.startContainer(Id).catch((error: unknown) => {
				if (!isEngineError(error, 'notFound')) {
					throw error; // A `--rm` one may have gone
				}
			});
		}
	}

	for (const name of fs.readdirSync(path.join(root, 'names'))) {
		const owner = fs.readlinkSync(path.join(root, 'names', name));
		if (!folders.includes(owner)) {
			// A name whose owner is gone does not stand in the way.
			const {Id} = await engine.createContainer({name, Image: 'busybox'});
			await engine.removeContainer(Id);
		}
	}
}

function listed(folder: string): string[] {
	return fs.existsSync(folder) ? fs.readdirSync(folder) : [];
}

/** Several tugs at one volume at once, and tugs that are killed over it: never lost, never half-filled. */
import {execFile, spawn} from 'node:child_process';
import {once} from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import test, {type ExecutionContext} from 'ava';
import {createEngine, type Engine} from '../../engine/index.js';
import {create, runAttached, until} from '../conformance/behaviour.js';
import {containerLab, type ContainerLab} from '../helpers/container-lab.js';

const worker = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', 'fixtures', 'volume-contention.js');
const run = promisify(execFile);

/** With the image `filled`: 40 files of 100 bytes in /data. */
async function filledLab(t: ExecutionContext): Promise<ContainerLab | undefined> {
	const lab = await containerLab(t);
	if (lab === undefined) {
		return undefined;
	}

	const id = await create(lab.engine, ['sh', '-c', 'mkdir /data; for i in $(seq 40); do printf "%100d" $i > /data/$i; done; chmod 750 /data']);
	t.is((await runAttached(lab.engine, id)).exitCode, 0);
	await lab.engine.commit({container: id, reference: 'filled'});
	await lab.engine.removeContainer(id);
	return lab;
}

async function countFiles(engine: Engine, image = 'filled'): Promise<string> {
	const {Id} = await engine.createContainer({Image: image, Cmd: ['sh', '-c', 'ls /data | wc -l; stat -c %a /data'], HostConfig: {Binds: ['shared:/data']}});
	const {stdout} = await runAttached(engine, Id);
	await engine.removeContainer(Id);
	return stdout.replaceAll(/\s+/g, ' ').trim();
}

for (const verbs of [['use', 'use', 'use'], ['use', 'use', 'remove'], ['use', 'create', 'remove', 'prune', 'list']]) {
	test.serial(`at once: ${verbs.join(', ')}`, async t => {
		t.timeout(120_000);
		const lab = await filledLab(t);
		if (lab === undefined) {
			return;
		}

		const outputs = await Promise.all(verbs.map(async verb => run(process.execPath, [worker, lab.root, lab.run, verb])));
		t.deepEqual(outputs.map(({stdout}) => stdout).sort(), verbs.map(verb => `${verb} done\n`).sort());
		t.is(await countFiles(lab.engine), '40 750');
		await lab.engine.removeVolume('shared');
		t.deepEqual(fs.readdirSync(path.join(lab.root, 'volumes')), []);
		t.deepEqual(fs.readdirSync(path.join(lab.root, 'tmp')), []);
	});
}

test.serial('whoever is killed over a volume, anywhere, leaves one that the next finds whole', async t => {
	t.timeout(300_000);
	const lab = await filledLab(t);
	if (lab === undefined) {
		return;
	}

	for (let round = 0; round < 12; round++) {
		const child = spawn(process.execPath, [worker, lab.root, lab.run, round % 3 === 2 ? 'remove' : 'use'], {stdio: ['ignore', 'pipe', 'inherit'], detached: true});
		const volume = path.join(lab.root, 'volumes', 'shared');
		// Each time at another step: when there is a volume, when it is being filled, when it is full
		const steps = [() => fs.existsSync(volume), () => fs.existsSync(path.join(volume, '_staging')), () => fs.existsSync(path.join(volume, '_fill')), () => fs.existsSync(path.join(volume, '_data', '1'))];
		const [isThere] = [steps[round % steps.length]!];
		const {signal} = await Promise.race([until(async () => isThere() || child.exitCode !== null).then(() => ({signal: undefined})), once(child, 'exit').then(([, ended]) => ({signal: ended as string}))]);
		t.is(signal ?? undefined, undefined);
		try {
			process.kill(-child.pid!, 'SIGKILL'); // With the native program, which is of its group
		} catch {} // It was done

		const next = await createEngine(lab);
		for (const {Id} of await next.listContainers({all: true})) {
			await next.removeContainer(Id, {force: true});
		}

		t.is(await countFiles(next), '40 750', `round ${round}`);
		if (round % 2 === 1) {
			await next.removeVolume('shared');
		}

		await next.close();
	}
});

test.serial('a volume that was being moved into when its filler died is finished by whoever mounts it next, whatever his image has there', async t => {
	const lab = await filledLab(t);
	if (lab === undefined) {
		return;
	}

	const {Mountpoint: data} = await lab.engine.createVolume({Name: 'shared'});
	const fill = path.join(data, '..', '_fill');
	fs.mkdirSync(fill, {mode: 0o750});
	fs.writeFileSync(path.join(fill, 'a'), 'from the fill');
	fs.writeFileSync(path.join(fill, 'b'), 'from the fill');
	fs.writeFileSync(path.join(data, 'b'), 'a container\'s own');
	fs.writeFileSync(path.join(data, 'c'), 'moved before');
	fs.mkdirSync(path.join(data, '..', '_staging'));
	t.is(await countFiles(lab.engine, 'busybox'), '3 750');
	t.is(fs.readFileSync(path.join(data, 'b'), 'utf8'), 'a container\'s own');
	t.false(fs.existsSync(fill));
	await lab.engine.removeVolume('shared');
	t.deepEqual(fs.readdirSync(path.join(lab.root, 'volumes')), []);
});

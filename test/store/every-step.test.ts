/**
Each step that an operation does on disk goes wrong once: the process is killed before it, or the step fails. The store is sound at once, in order after the next start, and the
operation can be repeated.
*/
import {spawn} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {once} from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import {fileURLToPath} from 'node:url';
import test, {type ExecutionContext} from 'ava';
import {imageService} from '../../engine/image/image-service.js';
import {reconcile} from '../../engine/store/reconcile.js';
import {assertSound, dockerArchive, imageLab, layerWith, load, reopen, temporaryFolder, type TestImage} from '../helpers/image-lab.js';
import {operations, type OperationName} from '../helpers/store-operations.js';

const fixture = fileURLToPath(new URL('../fixtures/store-steps.js', import.meta.url));
const base = layerWith('base', randomBytes(3000));
const present: TestImage = {layers: [base, layerWith('present')], tags: ['present:1', 'present:also']};
const coming: TestImage = {layers: [base, layerWith('coming', randomBytes(200_000))], tags: ['coming:1']};

/** A store with one image, and what another is to be made of. */
async function prepare(t: ExecutionContext) {
	const lab = imageLab(t);
	if (lab === undefined) {
		return undefined;
	}

	const folder = temporaryFolder(t);
	const file = (name: string, data: Buffer) => {
		fs.writeFileSync(path.join(folder, name), data);
		return path.join(folder, name);
	};

	await load(lab.images, {path: file('present.tar', dockerArchive(present))});
	assertSound(t, lab.store);
	const request = {run: lab.store.layout.run, native: lab.store.native, single: lab.store.mapping.single, archive: file('coming.tar', dockerArchive(coming)), rootfs: file('rootfs.tar', layerWith('etc', 'x'))};
	const copyTo = (name: string) => {
		fs.cpSync(lab.store.layout.root, path.join(folder, name), {recursive: true, verbatimSymlinks: true});
		return path.join(folder, name);
	};

	return {...lab, request, copyTo};
}

async function run(request: unknown): Promise<{readonly signal: NodeJS.Signals | null; readonly lines: readonly string[]; readonly complaint: string}> {
	const child = spawn(process.execPath, [fixture, JSON.stringify(request)], {stdio: ['ignore', 'pipe', 'pipe']});
	const [output, complaint] = await Promise.all([child.stdout.toArray(), child.stderr.toArray(), once(child, 'close')]);
	return {signal: child.signalCode, lines: output.join('').split('\n').filter(Boolean), complaint: complaint.join('')};
}

const killed = test.macro({
	title: (_, operation: OperationName) => `killed before each of its steps: ${operation}`,
	async exec(t, operation: OperationName) {
		const made = await prepare(t);
		if (made === undefined) {
			return;
		}

		const {request, copyTo, store: {native, mapping, layout}} = made;
		for (let number = 1, isKilled = true; isKilled; number++) {
			const root = copyTo(`killed-${number}`);
			const {signal, lines, complaint} = await run({...request, root, operation, killAt: number});
			isKilled = signal === 'SIGKILL';
			t.is(complaint, '');
			t.true(isKilled || lines.length === 1, `step ${number}: ${String(signal)}`);

			// What the next start finds, before and after it has put things in order.
			const store = reopen({...made.store, native, mapping, layout: {...layout, root}});
			assertSound(t, store, false);
			await reconcile(store);
			assertSound(t, store);
			const images = imageService(store);
			if (operation !== 'remove' && operation !== 'prune') {
				t.true(images.list().some(image => image.references.length > 0), 'what was there is there');
			}

			await operations[operation](images, request);
			assertSound(t, store);
			fs.rmSync(root, {recursive: true, force: true});
			if (!isKilled) {
				t.log(`${number - 1} steps`);
			}
		}
	},
});

test(killed, 'load');
test(killed, 'import');
test(killed, 'save');
test(killed, 'tag');
test(killed, 'remove');
test(killed, 'prune');

type Outcome = {readonly step?: string; readonly kind?: string; readonly code?: string; readonly message?: string; readonly hint?: string; readonly problems: readonly string[]; readonly again?: string; readonly left: readonly string[]};

const hints: Readonly<Record<string, RegExp>> = {ENOSPC: /free some space/, EROFS: /can be written/, EIO: /^$/};

/** Cleaning up may fail quietly: what is left then is swept later. */
const failing = test.macro({
	title: (_, operation: OperationName, code: string) => `each of its steps fails with ${code}: ${operation}`,
	async exec(t, operation: OperationName, code: string) {
		const made = await prepare(t);
		if (made === undefined) {
			return;
		}

		const {lines, complaint} = await run({...made.request, root: made.copyTo('failing'), operation, code});
		t.is(complaint, '');
		const outcomes = lines.map(line => JSON.parse(line) as Outcome);
		t.is(outcomes.at(-1)?.step, undefined, 'the last round met no failure any more');
		for (const {step, kind, code: told, message, hint, problems, again, left} of outcomes) {
			t.deepEqual(problems, [], step);
			t.deepEqual(left, [], step);
			t.is(again, undefined, `${step ?? ''}: repeating it`);
			if (kind !== undefined || message !== undefined) {
				t.is(kind, 'system', `${step ?? ''}: ${message ?? ''}`);
				t.is(told, code, `${step ?? ''}: ${message ?? ''}`);
				t.regex(message!, /injected/, step);
				t.regex(hint ?? '', hints[code]!, `${step ?? ''}: ${message ?? ''}`);
			}
		}

		const told = outcomes.filter(({kind}) => kind !== undefined).length;
		t.log(`${outcomes.length - 1} steps, ${told} of them told`);
	},
});

test(failing, 'load', 'ENOSPC');
test(failing, 'load', 'EIO');
test(failing, 'loadStream', 'ENOSPC');
test(failing, 'import', 'ENOSPC');
test(failing, 'save', 'ENOSPC');
test(failing, 'tag', 'ENOSPC');
test(failing, 'tag', 'EROFS');
test(failing, 'untag', 'EIO');
test(failing, 'remove', 'EIO');
test(failing, 'prune', 'EIO');

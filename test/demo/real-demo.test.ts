/** The demo on the engine itself. */
import test from 'ava';
import {startDemo} from '../../engine/demo/start-demo.js';
import {demoReference} from '../../engine/demo/demo-image.js';
import {openBox} from '../helpers/container-box.js';

test('the demo starts on this engine: running, paused, exited with 0 and 1, created; and again', async t => {
	const box = await openBox(t);
	if (box === undefined) {
		return;
	}

	const {engine} = box;
	const names = await startDemo(engine);
	const states = async () => Object.fromEntries(await Promise.all(names.map(async name => {
		const {State} = await engine.inspectContainer(name);
		return [name, `${State.Status} ${State.ExitCode}`];
	}))) as Record<string, string>;
	const expected = {
		'demo-web': 'running 0',
		'demo-worker': 'running 0',
		'demo-api': 'running 0',
		'demo-burner': 'running 0',
		'demo-queue': 'paused 0',
		'demo-migrate': 'exited 0',
		'demo-crash': 'exited 1',
		'demo-nightly': 'created 0',
	};
	t.deepEqual(await states(), expected);
	t.deepEqual(await startDemo(engine), names);
	t.deepEqual(await states(), expected);

	const layers = await engine.imageLayers(demoReference);
	t.is(layers.length, 3);
	t.true(layers.every(layer => layer.Size > 0 && layer.CreatedBy !== ''));
	t.true((await engine.imageHistory(demoReference)).length > 3);

	let stderr = '';
	for await (const {stream, data} of engine.logs('demo-crash')) {
		stderr += stream === 'stderr' ? String(data) : '';
	}

	t.regex(stderr, /cat: \/app\/settings\.toml: No such file/);

	const {Id} = await engine.createExec('demo-web', {AttachStdout: true, AttachStderr: true, Cmd: ['sh', '-c', 'id; cat /app/notes.txt; ls /app']});
	const session = await engine.startExec(Id);
	let output = '';
	for await (const {data} of session!.output) {
		output += String(data);
	}

	t.regex(output, /^uid=0\(root\) gid=0\(root\)/);
	t.regex(output, /orders\.json\npublic\n/);
});

/** The engine itself. */
import {create, runAttached, type Behaves} from './behaviour.js';

export function systemBehaviour(behaves: Behaves): void {
	behaves('info counts what is there', async (t, engine) => {
		t.true(['embedded', 'remote'].includes(engine.kind));
		t.not(engine.label, '');
		t.like(await engine.info(), {Containers: 0, ContainersRunning: 0, ContainersPaused: 0, ContainersStopped: 0, Images: 1});
		const ids = await Promise.all([1, 2, 3].map(async () => create(engine, ['sleep', '1000'])));
		await engine.startContainer(ids[0]!);
		await engine.startContainer(ids[1]!);
		await engine.pauseContainer(ids[1]!);
		const info = await engine.info();
		t.like(info, {Containers: 3, ContainersRunning: 1, ContainersPaused: 1, ContainersStopped: 1, OSType: 'linux'});
		t.true(Array.isArray(info.Warnings));
		t.true((info['NCPU'] as number) >= 1 && (info['MemTotal'] as number) > 1_000_000);
		t.true(typeof info.Name === 'string' && typeof info.DockerRootDir === 'string' && typeof info.ServerVersion === 'string');
	});

	behaves('version is docker\'s, of a level its clients know', async (t, engine) => {
		const version = await engine.version();
		t.regex(String(version['ApiVersion']), /^1\.\d\d$/);
		t.regex(String(version['MinAPIVersion']), /^1\.\d\d$/);
		t.is(version['Os'], 'linux');
		t.regex(String(version['Version']), /^\d+\./);
	});

	behaves('closing lets containers go on', async (t, engine) => {
		const running = await create(engine, ['sleep', '1000']);
		await engine.startContainer(running);
		const made = await create(engine, ['echo', 'later']);
		await engine.attach(made);
		await engine.close();
		await engine.close();
		t.is((await engine.inspectContainer(running)).State.Status, 'running');
		t.is((await runAttached(engine, await create(engine, ['echo', 'still here']))).stdout, 'still here\n');
	});
}

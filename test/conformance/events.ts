/** The stream of events. */
import {setTimeout as delay} from 'node:timers/promises';
import type {Filters} from '../../engine/index.js';
import {collect, collectEvents, until, type Behaves} from './behaviour.js';

export function eventsBehaviour(behaves: Behaves): void {
	behaves('events tell the life of a container, in order', async (t, engine) => {
		const controller = new AbortController();
		const events = collectEvents(engine, {filters: {type: ['container']}, signal: controller.signal});
		await delay(50);
		const {Id} = await engine.createContainer({name: 'told', Image: 'busybox', Cmd: ['sh', '-c', 'sleep 1000'], Labels: {a: 'b'}});
		await engine.startContainer(Id);
		await engine.pauseContainer(Id);
		await engine.unpauseContainer(Id);
		await engine.renameContainer(Id, 'renamed');
		await engine.killContainer(Id);
		await engine.removeContainer(Id);
		await until(async () => events.some(({Action}) => Action === 'destroy'));
		controller.abort();
		t.deepEqual(events.map(({Action}) => Action), ['create', 'start', 'pause', 'unpause', 'rename', 'kill', 'die', 'destroy']);
		t.true(events.every(({Type, Actor, timeNano}) => Type === 'container' && Actor.ID === Id && Actor.Attributes['image'] === 'busybox' && Actor.Attributes['a'] === 'b' && timeNano > 1e18));
		t.is(events.find(({Action}) => Action === 'die')?.Actor.Attributes['exitCode'], '137');
		t.is(events.find(({Action}) => Action === 'rename')?.Actor.Attributes['oldName'], '/told');
		const replayed: string[] = [];
		for await (const {Action} of engine.events({since: events[0]!.timeNano / 1e9 - 0.001, until: Date.now() / 1000, filters: {container: [Id], event: ['die', 'start']}})) {
			replayed.push(Action);
		}

		t.deepEqual(replayed, ['start', 'die']);
	});

	behaves('sessions, archives, attaching and images tell their events too', async (t, engine) => {
		const since = Date.now() / 1000 - 0.001;
		const {Id} = await engine.createContainer({name: 'eventful', Image: 'busybox', Cmd: ['sleep', '1000']});
		const attachment = await engine.attach(Id);
		await engine.startContainer(Id);
		const {Id: execId} = await engine.createExec(Id, {Cmd: ['sh', '-c', 'exit 4'], AttachStdout: true});
		await collect((await engine.startExec(execId))!);
		await engine.stopContainer(Id, {timeoutSeconds: 0});
		await attachment.done;
		await engine.commit({container: Id, reference: 'eventful:1'});
		await engine.tagImage('eventful:1', 'eventful:2');
		await engine.removeImage('eventful:2');
		await engine.removeContainer(Id);
		const told = async (filters: Filters): Promise<string[]> => {
			const actions = [];
			for await (const {Action} of engine.events({since, until: (Date.now() / 1000) + 0.05, filters})) {
				actions.push(Action);
			}

			return actions;
		};

		t.deepEqual(await told({container: ['eventful']}), ['create', 'attach', 'start', 'exec_create: sh -c exit 4', 'exec_start: sh -c exit 4', 'exec_die', 'kill', 'kill', 'die', 'stop', 'commit', 'destroy']);
		t.deepEqual(await told({event: ['exec_create']}), ['exec_create: sh -c exit 4']);
		t.deepEqual(await told({type: ['image'], event: ['tag', 'untag']}), ['tag', 'tag', 'untag'], 'a commit with a name is one of them');
		t.deepEqual(await told({container: ['other']}), []);
		t.deepEqual(await told({image: ['busybox'], event: ['start', 'die']}), ['start', 'die']);
		t.deepEqual(await told({label: ['nosuch']}), []);
		t.like(await t.throwsAsync(told({colour: ['red']})), {kind: 'invalidParameter', message: 'invalid filter \'colour\''});
	});

	behaves('a stream ends at its time, or when nobody listens any more', async (t, engine) => {
		const until_ = Date.now() / 1000 + 0.3;
		const seen: string[] = [];
		for await (const {Action} of engine.events({until: until_})) {
			seen.push(Action);
		}

		t.deepEqual(seen, []);
		t.true(Date.now() / 1000 >= until_);
		const controller = new AbortController();
		controller.abort();
		for await (const {Action} of engine.events({signal: controller.signal})) {
			t.fail(Action);
		}

		const {Id} = await engine.createContainer({Image: 'busybox'});
		for await (const {Actor} of engine.events({since: 0})) {
			if (Actor.ID === Id) {
				break; // Leaving the loop closes the stream
			}
		}
	});
}

import {Readable} from 'node:stream';
import {setTimeout as wait} from 'node:timers/promises';
import test from 'ava';
import {tracedEngine} from '../../source/commands/traced-engine.js';
import {fakeEngine} from '../helpers/fake-engine.js';

test('each call is told with its arguments and time, and its result is untouched', async t => {
	const said: string[] = [];
	const {engine} = fakeEngine({
		async startContainer(id) {
			if (id === 'bad') {
				throw new Error('no');
			}

			return true;
		},
		async putArchive() {},
	});
	const traced = tracedEngine(engine, text => said.push(text));
	t.is(traced.label, 'local');
	t.true(await traced.startContainer('web'));
	await t.throwsAsync(traced.startContainer('bad'), {message: 'no'});
	await traced.putArchive('web', '/', Readable.from([]), {copyUidGid: true});
	await wait(0);
	t.regex(said[0]!, /^startContainer\("web"\): \d+\.\d ms$/);
	t.regex(said[1]!, /^startContainer\("bad"\): failed after \d+\.\d ms$/);
	t.regex(said[2]!, /^putArchive\("web", "\/", "…", \{"copyUidGid":true\}\): /);
});

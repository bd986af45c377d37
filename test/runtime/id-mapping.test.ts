import test from 'ava';
import {idMapping, sandboxArguments} from '../../engine/runtime/id-mapping.js';

const user = {uid: 1000, gid: 100, user: 'ada'};

test('own id first, then the ranges, by name or by number', t => {
	t.deepEqual(idMapping({...user, subuid: 'bob:1:2\nada:100000:65536\n', subgid: '1000:300000:10\nada:400000:5', hasHelpers: true}), {
		uidMap: '0 1000 1,1 100000 65536', gidMap: '0 100 1,1 300000 10,11 400000 5', single: false,
	});
});

test('without ranges, or without the programs, one id and what would mend it', t => {
	t.like(idMapping({...user, subuid: '', subgid: 'ada:1:1', hasHelpers: true}), {uidMap: '0 1000 1', gidMap: '0 100 1', single: true, advice: 'add a line such as ada:100000:65536 to /etc/subuid and /etc/subgid'});
	t.regex(idMapping({...user, subuid: 'ada:5:5', subgid: 'ada:5:5', hasHelpers: false}).advice ?? '', /apt install uidmap/);
});

test('damaged lines are left out', t => {
	t.like(idMapping({...user, subuid: 'ada:x:5\nada:-1:5\nada:7\n# ada:1:1\nada:9:0', subgid: 'ada:5:5', hasHelpers: true}), {single: true});
});

test('each mapping has a sandbox of its own, and always the same', t => {
	const single = idMapping({uid: 1000, gid: 1000, user: 'me', subuid: '', subgid: '', hasHelpers: true});
	const full = idMapping({uid: 1000, gid: 1000, user: 'me', subuid: 'me:100000:65536', subgid: 'me:100000:65536', hasHelpers: true});
	const moved = idMapping({uid: 1000, gid: 1000, user: 'me', subuid: 'me:100000:65536', subgid: 'me:200000:65536', hasHelpers: true});
	const folders = [single, full, moved].map(mapping => sandboxArguments(mapping, '/run/me/sandbox')[1]!);
	t.is(new Set(folders).size, 3);
	t.true(folders.every(folder => /^\/run\/me\/sandbox-[\da-f]{8}$/.test(folder)));
	t.deepEqual(sandboxArguments(full, '/run/me/sandbox'), ['--sandbox', folders[1]!, '--uid-map', '0 1000 1,1 100000 65536', '--gid-map', '0 1000 1,1 100000 65536']);
});

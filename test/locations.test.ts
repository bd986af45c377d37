import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import test from 'ava';
import {isEngineError} from '../engine/errors.js';
import {locate, type LocationSources} from '../engine/locations.js';
import {temporaryFolder} from './helpers/temporary-folder.js';

const uid = process.geteuid!();
const key = '58e61592'; // Of /var/lib/tug; a change of it would lose sight of running containers

const asRoot: LocationSources = {uid: 0, home: '/root', environment: {}};

for (const {title, asked, environment, root} of [
	{title: 'nothing said', asked: {}, environment: {}, root: '/var/lib/tug'},
	{title: 'TUG_ROOT', asked: {}, environment: {TUG_ROOT: '/srv/x'}, root: '/srv/x'},
	{title: 'an empty TUG_ROOT', asked: {}, environment: {TUG_ROOT: ''}, root: '/var/lib/tug'},
	{title: 'a root asked for', asked: {root: '/srv/y'}, environment: {TUG_ROOT: '/srv/x'}, root: '/srv/y'},
	{title: 'a root with a detour', asked: {root: '/srv/a/../y/'}, environment: {}, root: '/srv/y'},
]) {
	test(`where root's store is: ${title}`, t => {
		t.is(locate(asked, {...asRoot, environment}).root, root);
	});
}

test('sockets of a store are in a folder named after it, the sandbox beside them', t => {
	t.deepEqual(locate({}, asRoot), {root: '/var/lib/tug', run: `/run/tug/${key}`, sandbox: '/run/tug/sandbox'});
	const other = locate({root: '/srv/x'}, asRoot);
	t.not(other.run, `/run/tug/${key}`);
	t.is(path.dirname(other.run), '/run/tug');
	t.is(locate({root: '/srv/x/'}, asRoot).run, other.run);
});

test('TUG_RUN names the folder of sockets, what is asked for comes before it', t => {
	const environment = {TUG_RUN: '/srv/run'};
	t.is(locate({}, {...asRoot, environment}).run, `/srv/run/${key}`);
	t.is(locate({}, {...asRoot, environment}).sandbox, '/srv/run/sandbox');
	t.is(locate({run: '/srv/other'}, {...asRoot, environment}).run, `/srv/other/${key}`);
	t.is(locate({}, {...asRoot, environment: {TUG_RUN: ''}}).run, `/run/tug/${key}`);
});

test('a folder too long for a socket\'s name is refused with what it may have', t => {
	const run = `/${'x'.repeat(27)}`;
	t.is(locate({run}, asRoot).run, `${run}/${key}`);
	const error = t.throws(() => locate({run: `${run}y`}, asRoot));
	t.true(isEngineError(error, 'invalidParameter') && error.hint === 'It may have 28 bytes.');
	t.throws(() => locate({}, {...asRoot, environment: {TUG_RUN: `/${'ä'.repeat(15)}`}}), {message: /too long/});
});

for (const {title, environment, root} of [
	{title: 'the usual place', environment: {}, root: '/home/me/.local/share/tug'},
	{title: 'XDG_DATA_HOME', environment: {XDG_DATA_HOME: '/data/me'}, root: '/data/me/tug'},
]) {
	test(`where a user's store is: ${title}`, t => {
		t.is(locate({run: '/r'}, {uid: 1000, home: '/home/me', environment}).root, root);
	});
}

test('a user\'s sockets are in the login session\'s folder', t => {
	const base = fs.mkdtempSync('/tmp/l-');
	t.teardown(() => {
		fs.rmSync(base, {recursive: true});
	});
	const session = path.join(base, String(uid + 1));
	fs.mkdirSync(path.join(base, String(uid)));
	fs.mkdirSync(session);
	const sources: LocationSources = {uid: uid === 0 ? 2001 : uid, home: '/home/me', environment: {}, runtimeFolders: base, temporary: base};
	if (uid === 0) {
		fs.mkdirSync(path.join(base, '2001'));
		fs.chownSync(path.join(base, '2001'), 2001, 2001);
	}

	t.is(path.dirname(locate({}, sources).run), path.join(base, String(sources.uid), 'tug'));
	t.is(path.dirname(locate({}, {...sources, environment: {XDG_RUNTIME_DIR: path.join(base, String(sources.uid))}}).run), path.join(base, String(sources.uid), 'tug'));
});

test('without a session\'s folder, or with somebody else\'s, a private one in /tmp serves', t => {
	const temporary = fs.mkdtempSync('/tmp/l-');
	t.teardown(() => {
		fs.rmSync(temporary, {recursive: true});
	});
	const sources: LocationSources = {uid: uid === 0 ? 2001 : uid, home: '/home/me', environment: {}, runtimeFolders: '/nowhere', temporary};
	const own = path.join(temporary, `tug-${sources.uid}`);
	if (uid === 0) {
		fs.mkdirSync(own, {mode: 0o700}); // As that user would have made it
		fs.chownSync(own, sources.uid, sources.uid);
	}

	t.is(path.dirname(locate({}, sources).run), own);
	t.is(path.dirname(locate({}, {...sources, environment: {XDG_RUNTIME_DIR: '/etc'}}).run), own);
	fs.chmodSync(own, 0o755);
	t.true(isEngineError(t.throws(() => locate({}, sources)), 'forbidden'));
	fs.rmdirSync(own);
	fs.symlinkSync(temporaryFolder(t), own);
	t.true(isEngineError(t.throws(() => locate({}, sources)), 'forbidden'));
});

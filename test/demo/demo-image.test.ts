import {spawnSync} from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import {demoImage, demoReference, demoVerbs} from '../../engine/demo/demo-image.js';
import {layerTar} from '../../engine/demo/layer-tar.js';

const program = Buffer.from('#!/bin/true\n');

function temporary(t: {teardown: (undo: () => void) => void}): string {
	const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tug-demo-image-'));
	t.teardown(() => {
		fs.rmSync(folder, {recursive: true});
	});
	return folder;
}

const sha256 = (data: Buffer) => crypto.createHash('sha256').update(data).digest('hex');

type Config = {architecture: string; history: Array<{created_by: string; empty_layer?: boolean}>; rootfs: {diff_ids: string[]}; config: {Cmd: string[]}};

test('the same program gives the same bytes, another one another image', async t => {
	const one = await demoImage(program, 'x64');
	t.deepEqual(await demoImage(program, 'x64'), one);
	t.not((await demoImage(Buffer.from('other'), 'x64')).id, one.id);
	t.not((await demoImage(program, 'arm64')).id, one.id);
});

test('the archive is one that docker loads: blobs by digest, manifest.json, three layers with history', async t => {
	const folder = temporary(t);
	const {archive, id} = await demoImage(program, 'arm64');
	t.is(spawnSync('tar', ['-x', '-C', folder], {input: archive}).status, 0);
	const [image] = JSON.parse(fs.readFileSync(path.join(folder, 'manifest.json'), 'utf8')) as Array<{Config: string; RepoTags: string[]; Layers: string[]}>;
	t.deepEqual(image!.RepoTags, [demoReference]);
	t.is(`sha256:${path.basename(image!.Config)}`, id);
	const config = JSON.parse(fs.readFileSync(path.join(folder, image!.Config), 'utf8')) as Config;
	t.is(config.architecture, 'arm64');
	t.is(image!.Layers.length, 3);
	t.is(config.history.filter(entry => !entry.empty_layer).length, 3);
	t.true(config.history.length > 3);
	for (const [index, layer] of image!.Layers.entries()) {
		const digest = sha256(fs.readFileSync(path.join(folder, layer)));
		t.is(path.basename(layer), digest);
		t.is(config.rootfs.diff_ids[index], `sha256:${digest}`);
	}
});

test('the layers hold the program under all its names, users, and a whiteout', async t => {
	const folder = temporary(t);
	const {archive} = await demoImage(program, 'x64');
	spawnSync('tar', ['-x', '-C', folder], {input: archive});
	const [image] = JSON.parse(fs.readFileSync(path.join(folder, 'manifest.json'), 'utf8')) as Array<{Layers: string[]}>;
	const lists = image!.Layers.map(layer => spawnSync('tar', ['--numeric-owner', '-tvf', path.join(folder, layer)], {encoding: 'utf8'}));
	t.deepEqual(lists.map(({status, stderr}) => [status, stderr]), [[0, ''], [0, ''], [0, '']]);
	const [base, application, settings] = lists.map(({stdout}) => stdout);
	t.regex(base!, /^-rwxr-xr-x 0\/0 +12 .* bin\/tug-demo$/m);
	t.regex(base!, /^hr?.* bin\/sh link to bin\/tug-demo$/m);
	t.regex(base!, /^drwxrwxrwt 0\/0 .* tmp\/$/m);
	for (const verb of demoVerbs) {
		t.true(base!.includes(` bin/${verb} -> tug-demo\n`), verb);
	}

	t.regex(application!, /^drwxr-xr-x 1000\/1000 .* app\/$/m);
	t.regex(settings!, / app\/\.wh\.notes\.txt$/m);
	t.regex(settings!, /^-rw-r----- 0\/1000 .* etc\/demo\.conf$/m);
});

test('a layer tar pads to blocks and ends with two empty ones', t => {
	const tar = layerTar([{kind: 'file', name: 'a', data: Buffer.alloc(513, 'x')}, {kind: 'symlink', name: 'b', target: 'a'}], 0);
	t.is(tar.length, 512 + 1024 + 512 + 1024);
	t.true(tar.subarray(-1024).every(byte => byte === 0));
	t.is(layerTar([], 5).length, 1024);
});

import {execFileSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

const candidates = ['/bin/busybox', '/usr/bin/busybox'];

/** A static busybox on this machine, or undefined. */
export function staticBusybox(): string | undefined {
	return candidates.find(file => fs.existsSync(file) && !fs.readFileSync(file).includes('/lib64/ld-linux'));
}

/** A docker-archive of a one-layer image `busybox:latest` made from the machine's static busybox, by GNU tar; undefined without one. */
export async function busyboxArchive(folder: string): Promise<string | undefined> {
	const busybox = staticBusybox();
	if (busybox === undefined) {
		return undefined;
	}

	const rootfs = path.join(folder, 'rootfs');
	for (const name of ['bin', 'etc', 'tmp', 'proc', 'sys', 'dev', 'root', 'home', 'var']) {
		fs.mkdirSync(path.join(rootfs, name), {recursive: true});
	}

	fs.chmodSync(path.join(rootfs, 'tmp'), 0o1777);
	fs.copyFileSync(busybox, path.join(rootfs, 'bin', 'busybox'));
	for (const applet of execFileSync(busybox, ['--list'], {encoding: 'utf8'}).split('\n').filter(name => name !== '' && name !== 'busybox')) {
		fs.symlinkSync('busybox', path.join(rootfs, 'bin', applet));
	}

	fs.writeFileSync(path.join(rootfs, 'etc', 'passwd'), 'root:x:0:0:root:/root:/bin/sh\nwww-data:x:33:33:www-data:/var/www:/bin/sh\napp:x:1000:1000::/home:/bin/sh\n');
	fs.writeFileSync(path.join(rootfs, 'etc', 'group'), 'root:x:0:\nwww-data:x:33:\nextra:x:50:app\napp:x:1000:\n');
	const layer = path.join(folder, 'layer.tar');
	execFileSync('tar', ['-C', rootfs, '--sort=name', '--numeric-owner', '--owner=0', '--group=0', '--mtime=2026-01-01', '-cf', layer, '.']);
	const diffId = `sha256:${createHash('sha256').update(fs.readFileSync(layer)).digest('hex')}`;
	const config = JSON.stringify({
		architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
		os: 'linux',
		created: '2026-01-01T00:00:00Z',
		config: {Cmd: ['sh'], Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin']},
		rootfs: {type: 'layers', diff_ids: [diffId]},
		history: [{created: '2026-01-01T00:00:00Z', created_by: 'busybox'}],
	});
	const configName = `${createHash('sha256').update(config).digest('hex')}.json`;
	fs.writeFileSync(path.join(folder, configName), config);
	fs.writeFileSync(path.join(folder, 'manifest.json'), JSON.stringify([{Config: configName, RepoTags: ['busybox:latest'], Layers: ['layer.tar']}]));
	const archive = path.join(folder, 'busybox.tar');
	execFileSync('tar', ['-C', folder, '-cf', archive, 'manifest.json', configName, 'layer.tar']);
	return archive;
}

import fs from 'node:fs';
import path from 'node:path';

const applets = [
	'sh', 'ls', 'cat', 'echo', 'true', 'false', 'sleep', 'id', 'ps', 'mount', 'umount', 'touch', 'rm', 'mkdir', 'rmdir', 'ln', 'cp', 'stat', 'readlink', 'grep',
	'sed', 'cut', 'sort', 'wc', 'head', 'tail', 'tr', 'dd', 'kill', 'trap', 'env', 'printenv', 'pwd', 'hostname', 'uname', 'ip', 'ifconfig', 'tty', 'stty', 'test',
	'chown', 'chmod', 'chroot', 'mknod', 'find', 'df', 'su', 'seq', 'yes', 'usleep', 'date', 'awk', 'xargs', 'od', 'printf', 'nohup', 'setsid', 'unshare', 'nproc',
	'ulimit', 'dirname', 'basename', 'mkfifo', 'sync', 'vi', 'time', 'timeout', 'md5sum', 'sha256sum', 'tar', 'busybox',
];

/** Where Debian puts the static busybox (`apt install busybox-static`), or undefined. */
export function findBusybox(): string | undefined {
	return ['/bin/busybox', '/usr/bin/busybox'].find(file => {
		try {
			// A static program has no interpreter; the dynamic busybox would not run without its libraries.
			return !fs.readFileSync(file).subarray(0, 4096).includes('ld-linux') && !fs.readFileSync(file).subarray(0, 4096).includes('ld-musl');
		} catch {
			return false;
		}
	});
}

/**
Makes a small root filesystem at `folder`: busybox with its applets, users root, daemon and alice (1000), groups with members. Reason when it can't be made here.
*/
export function makeBusyboxRootfs(folder: string): string | undefined {
	const busybox = findBusybox();
	if (busybox === undefined) {
		return 'no static busybox (apt install busybox-static)';
	}

	for (const name of ['bin', 'dev', 'etc', 'home/alice', 'proc', 'root', 'sys', 'tmp', 'usr/bin', 'var']) {
		fs.mkdirSync(path.join(folder, name), {recursive: true});
	}

	fs.chmodSync(folder, 0o755);
	fs.chmodSync(path.join(folder, 'tmp'), 0o1777);
	fs.copyFileSync(busybox, path.join(folder, 'bin', 'busybox'));
	fs.chmodSync(path.join(folder, 'bin', 'busybox'), 0o755);
	for (const applet of applets) {
		if (applet !== 'busybox') {
			fs.symlinkSync('busybox', path.join(folder, 'bin', applet));
		}
	}

	fs.writeFileSync(path.join(folder, 'etc', 'passwd'), 'root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/bin/false\nalice:x:1000:1000:Alice:/home/alice:/bin/sh\n');
	fs.writeFileSync(path.join(folder, 'etc', 'group'), 'root:x:0:\ndaemon:x:1:\ntty:x:5:\naudio:x:29:alice\nvideo:x:44:daemon,alice\nalice:x:1000:\n');
	return undefined;
}

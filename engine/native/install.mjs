/**
Compiles the native programs at install time: `tug-runtime` from the C files of this folder, and `tug-demo` from the demo ones. Then lets the program make its compiled form (source/warm-up.ts).

The result is kept by the hash of its sources: `dist/native/NAME-HASH`, with `dist/native/NAME` pointing at it; where the package is not
writable, `$XDG_CACHE_HOME/tug/native/HASH/NAME`. Without a compiler one message is printed and the install goes on: everything that runs no
container works.
*/
import {spawn, spawnSync} from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {fileURLToPath} from 'node:url';

const folder = path.dirname(fileURLToPath(import.meta.url));
const warnings = ['-Wall', '-Wextra', '-Wshadow', '-Wswitch-enum', '-Wformat=2', '-Wstrict-prototypes', '-Wmissing-prototypes'];
const hardening = ['-fstack-protector-strong', '-D_FORTIFY_SOURCE=2', '-Wl,-z,relro,-z,now'];

/** All programs with their sources (absolute paths). */
export function programs() {
	const sources = fs.readdirSync(folder).filter(name => name.endsWith('.c')).sort();
	const at = names => names.map(name => path.join(folder, name));
	return [
		{name: 'tug-runtime', sources: at(sources.filter(name => !isDemo(name)))},
		// It goes into an image: no symbols.
		{name: 'tug-demo', sources: at(sources.filter(name => isDemo(name))), flags: ['-s']},
	];
}

function isDemo(name) {
	return /^demo[._]/.test(name);
}

/** Twelve hexadecimal digits that change whenever a source or header does. */
export function sourceHash(program) {
	const hash = crypto.createHash('sha256').update(`${process.arch}\0`);
	const isOwn = name => isDemo(name) === (program.name === 'tug-demo');
	const headers = fs.readdirSync(folder).filter(name => name.endsWith('.h') && isOwn(name)).sort().map(name => path.join(folder, name));
	// The flags are in this file.
	for (const file of [...program.sources, ...headers, fileURLToPath(import.meta.url)]) {
		hash.update(`${path.basename(file)}\0`).update(fs.readFileSync(file)).update('\0');
	}

	return hash.digest('hex').slice(0, 12);
}

/** Compiles to `output` with the first compiler that does it; resolves to its name. `extra` are more arguments, such as sanitizers. */
export async function compile(program, output, {compilers = defaultCompilers(), extra = []} = {}) {
	const failures = [];
	for (const compiler of compilers) {
		const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'tug-compile-'));
		try {
			const includes = compiler.kernelHeaders ? ['-isystem', linkKernelHeaders(scratch)] : [];
			const args = [...flags(), ...(program.flags ?? []), ...compiler.flags, ...includes, ...extra];
			await compileObjects(compiler.command, args, program.sources, scratch);
			const objects = fs.readdirSync(scratch).filter(name => name.endsWith('.o')).sort();
			await runCompiler(compiler.command, [...args, '-o', 'program', ...objects], scratch);
			place(path.join(scratch, 'program'), output);
			return compiler.command;
		} catch (error) {
			failures.push(`${[compiler.command, ...compiler.flags].join(' ')}: ${error.message}`);
		} finally {
			fs.rmSync(scratch, {recursive: true, force: true});
		}
	}

	throw Object.assign(new Error(failures.join('\n')), {
		code: compilers.every(({command}) => !isInstalled(command)) ? 'NO_COMPILER' : 'COMPILE_FAILED',
	});
}

/** As many compilers at once as there are cores, each with its share of the sources. */
async function compileObjects(command, args, sources, folder) {
	const share = Math.ceil(sources.length / os.availableParallelism());
	const shares = [];
	for (let at = 0; at < sources.length; at += share) {
		shares.push(sources.slice(at, at + share));
	}

	await Promise.all(shares.map(files => runCompiler(command, [...args, '-c', ...files], folder)));
}

async function runCompiler(command, args, folder) {
	const child = spawn(command, args, {cwd: folder, stdio: ['ignore', 'ignore', 'pipe']});
	let text = '';
	child.stderr.setEncoding('utf8').on('data', chunk => {
		text += chunk;
	});
	await new Promise((resolve, reject) => {
		child.once('error', error => {
			reject(error.code === 'ENOENT' ? new Error('not there') : error);
		});
		child.once('close', code => {
			if (code === 0) {
				resolve();
			} else {
				reject(new Error(`\n${text}`));
			}
		});
	});
}

function flags() {
	// Nothing here unwinds a stack, and what nobody calls stays out: 30 KB less.
	const small = ['-fno-asynchronous-unwind-tables', '-ffunction-sections', '-fdata-sections', '-Wl,--gc-sections'];
	return ['-std=gnu11', '-O2', '-s', '-pipe', ...small, ...warnings, ...hardening];
}

function defaultCompilers() {
	const cc = process.env.CC;
	return [
		...(cc ? [{command: cc, flags: ['-static']}] : []),
		{command: 'musl-gcc', flags: ['-static'], kernelHeaders: true},
		{command: 'cc', flags: ['-static']},
		{command: 'cc', flags: []},
	];
}

/** musl-gcc must not see /usr/include, so the kernel's headers are linked into a folder of their own. */
function linkKernelHeaders(scratch) {
	const headers = path.join(scratch, 'include');
	fs.mkdirSync(headers);
	const multiarch = {x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu', riscv64: 'riscv64-linux-gnu', arm: 'arm-linux-gnueabihf', s390x: 's390x-linux-gnu', ppc64: 'powerpc64le-linux-gnu'}[process.arch];
	for (const [name, places] of Object.entries({
		linux: ['/usr/include/linux'],
		'asm-generic': ['/usr/include/asm-generic'],
		asm: [`/usr/include/${multiarch}/asm`, '/usr/include/asm'],
	})) {
		const place = places.find(candidate => fs.existsSync(candidate));
		if (place !== undefined) {
			fs.symlinkSync(place, path.join(headers, name));
		}
	}

	return headers;
}

function isInstalled(command) {
	return spawnSync(command, ['--version'], {stdio: 'ignore'}).error === undefined;
}

/** Copies beside the target and renames: two installs at once both end with a whole file. */
function place(from, to) {
	fs.mkdirSync(path.dirname(to), {recursive: true});
	const temporary = `${to}.${process.pid}.tmp`;
	fs.copyFileSync(from, temporary);
	fs.chmodSync(temporary, 0o755);
	fs.renameSync(temporary, to);
}

/** Makes sure the program is there; resolves to its path. */
export async function install(program) {
	const hash = sourceHash(program);
	const inPackage = path.join(path.dirname(path.dirname(folder)), 'dist', 'native');
	if (isWritable(inPackage)) {
		const binary = path.join(inPackage, `${program.name}-${hash}`);
		if (!fs.existsSync(binary)) {
			await compile(program, binary);
		}

		pointTo(path.join(inPackage, program.name), path.basename(binary));
		removeOld(inPackage, program.name, path.basename(binary));
		return binary;
	}

	const cache = process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache');
	const binary = path.join(cache, 'tug', 'native', hash, program.name);
	if (!fs.existsSync(binary)) {
		await compile(program, binary);
	}

	return binary;
}

function isWritable(target) {
	try {
		fs.mkdirSync(target, {recursive: true});
		fs.accessSync(target, fs.constants.W_OK);
		return true;
	} catch {
		return false;
	}
}

function pointTo(link, target) {
	try {
		if (fs.readlinkSync(link) === target) {
			return;
		}
	} catch {}

	const temporary = `${link}.${process.pid}.link`;
	fs.rmSync(temporary, {force: true});
	fs.symlinkSync(target, temporary);
	fs.renameSync(temporary, link);
}

/** Older builds go; a container that runs one keeps it open anyway. Half-made files of others stay. */
function removeOld(target, name, keep) {
	const old = new RegExp(`^${name}-[0-9a-f]{12}$`);
	for (const file of fs.readdirSync(target)) {
		if (file !== keep && old.test(file)) {
			fs.rmSync(path.join(target, file), {force: true});
		}
	}
}

/** In a checkout it is not built yet: scripts/build.mjs does it then. */
function warmUp() {
	const program = path.join(path.dirname(path.dirname(folder)), 'dist', 'warm-up.cjs');
	if (fs.existsSync(program)) {
		spawnSync(process.execPath, [program], {stdio: 'ignore'});
	}
}

async function main() {
	for (const program of programs()) {
		try {
			await install(program);
		} catch (error) {
			if (error.code !== 'NO_COMPILER') {
				console.error(`tug: compiling ${program.name} failed; containers will not run until it works (npm rebuild tug).\n${error.message}`);
				continue;
			}

			console.error('tug: no C compiler found, so containers cannot run yet. Install one and build again:\n\n    apt install gcc libc6-dev\n    npm rebuild tug\n');
			return;
		}
	}
}

if (process.platform === 'linux' && process.argv[1] !== undefined && fs.realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
	await main();
	warmUp();
}

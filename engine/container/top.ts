/**
The processes of a container.
*/
import {spawnSync} from 'node:child_process';
import {EngineError, systemError} from '../errors.js';
import {frameType} from '../runtime/monitor-protocol.js';
import {processRows, processTitles} from '../runtime/process-table.js';
import type {ContainerContext} from './container-context.js';
import {checkActive} from './container-state.js';
import {findContainer} from './container-store.js';
import {commandMonitor} from './pause.js';
import {readState} from './read-state.js';

export type ContainerTop = {readonly Titles: readonly string[]; readonly Processes: ReadonlyArray<readonly string[]>};

/** `ps -ef` by our own means; other arguments go to the host's ps. Throws `conflict` when it is not running. */
export async function containerTop(context: ContainerContext, unsafeName: string, psArguments = '-ef'): Promise<ContainerTop> {
	const {id} = findContainer(context.store, unsafeName);
	checkActive(readState(context.store, id), id);
	const pids = await containerPids(context, id);
	const words = psArguments.trim().split(/\s+/).filter(word => word !== '');
	return words.length === 0 || psArguments.trim() === '-ef' ? {Titles: processTitles, Processes: processRows(pids)} : hostPs(words, pids);
}

async function containerPids(context: ContainerContext, id: ReturnType<typeof findContainer>['id']): Promise<number[]> {
	const reply = await commandMonitor(context, id, frameType.pids);
	const {pids} = reply;
	return Array.isArray(pids) ? pids.filter(pid => typeof pid === 'number') : [];
}

/** moby daemon/top_unix.go: all processes, of which those of the container are kept. */
function hostPs(words: readonly string[], pids: readonly number[]): ContainerTop {
	// moby validatePSArgs: an output format without the pid can't be filtered
	const result = spawnSync('ps', words, {encoding: 'utf8', maxBuffer: 64 * 1024 * 1024});
	if (result.error) {
		throw systemError('ps', result.error);
	}

	if (result.status !== 0) {
		throw new EngineError('system', `ps: ${result.stderr.trim().split('\n')[0] ?? ''}`);
	}

	const lines = result.stdout.split('\n').filter(line => line.trim() !== '');
	const titles = (lines.shift() ?? '').trim().split(/\s+/);
	const pidColumn = titles.indexOf('PID');
	if (pidColumn === -1) {
		throw new EngineError('system', 'Couldn\'t find PID field in ps output');
	}

	const wanted = new Set(pids.map(String));
	const rows = lines.map(line => splitColumns(line, titles.length)).filter(row => wanted.has(row[pidColumn] ?? ''));
	return {Titles: titles, Processes: rows};
}

/** The last column takes the rest: a command has spaces. */
function splitColumns(line: string, count: number): string[] {
	const words = line.trim().split(/\s+/);
	return words.length <= count ? words : [...words.slice(0, count - 1), words.slice(count - 1).join(' ')];
}

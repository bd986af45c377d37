/**
The life cycle of a container: docker's seven states, and the only ways between them. What a state carries is what is known in it, so a
created container has no exit time and a running one no exit code.
*/
import {EngineError} from '../errors.js';

/** Host pid of the container's init and its start time (field 22 of /proc/PID/stat), which together name it for as long as the boot lasts. */
export type InitProcess = {readonly pid: number; readonly startTicks: number};

export type Created = {
	readonly status: 'created';
	/** The last start failed: docker keeps such a container created, with the exit code and the reason. */
	readonly failure?: {readonly exitCode: number; readonly error: string};
};
export type Running = {readonly status: 'running'; readonly process: InitProcess; readonly startedAt: string};
export type Paused = {readonly status: 'paused'; readonly process: InitProcess; readonly startedAt: string};
export type Exited = {
	readonly status: 'exited';
	readonly exitCode: number;
	readonly oomKilled: boolean;
	readonly error: string; // '' unless it was lost with its monitor
	readonly startedAt: string;
	readonly finishedAt: string;
};
/** Between two runs by restart policy. */
export type Restarting = Omit<Exited, 'status'> & {readonly status: 'restarting'};
/** On its way out; `was` is what it was before. */
export type Removing = {readonly status: 'removing'; readonly was: Created | Exited};
/** Removing it failed; another try may work. */
export type Dead = {readonly status: 'dead'; readonly was: Created | Exited; readonly error: string};

export type ContainerState = Created | Running | Paused | Restarting | Exited | Removing | Dead;

export type Exit = {readonly exitCode: number; readonly oomKilled: boolean; readonly error: string; readonly finishedAt: string};

export const newContainer: Created = {status: 'created'};

export function started(_from: Created | Exited | Restarting, process: InitProcess, startedAt: string): Running {
	return {status: 'running', process, startedAt};
}

/** A start that failed leaves a new container created, an exited one exited. */
export function startFailed(from: Created | Exited, failure: {readonly exitCode: number; readonly error: string; readonly at: string}): Created | Exited {
	const {exitCode, error, at} = failure;
	return from.status === 'created' ? {status: 'created', failure: {exitCode, error}} : {...from, exitCode, error, finishedAt: at};
}

export function paused(from: Running): Paused {
	return {...from, status: 'paused'};
}

export function unpaused(from: Paused): Running {
	return {...from, status: 'running'};
}

export function exited(from: Running | Paused, exit: Exit): Exited {
	return {status: 'exited', startedAt: from.startedAt, exitCode: exit.exitCode, oomKilled: exit.oomKilled, error: exit.error, finishedAt: exit.finishedAt};
}

export function restarting(from: Exited): Restarting {
	return {...from, status: 'restarting'};
}

export function removing(from: Created | Exited | Dead): Removing {
	return {status: 'removing', was: from.status === 'dead' ? from.was : from};
}

export function removalFailed(from: Removing, error: string): Dead {
	return {status: 'dead', was: from.was, error};
}

/** A process of it lives (docker's IsRunning: paused counts). */
export function isActive(state: ContainerState): state is Running | Paused {
	return state.status === 'running' || state.status === 'paused';
}

/**
Narrows to what may be started, or says why not: false when it runs already. Throws `conflict` with docker's texts.
*/
export function checkStartable(state: ContainerState, id: string): Created | Exited | Restarting | false {
	switch (state.status) {
		case 'created':
		case 'exited':
		case 'restarting': {
			return state;
		}

		case 'running': {
			return false;
		}

		case 'paused': {
			throw new EngineError('conflict', 'cannot start a paused container, try unpause instead');
		}

		case 'removing':
		case 'dead': {
			throw new EngineError('conflict', 'container is marked for removal and cannot be started', {hint: `Container ${id.slice(0, 12)} is being removed.`});
		}
	}
}

/** Narrows to a container with a process. Throws `conflict`: `container ID is not running`. */
export function checkActive(state: ContainerState, id: string): Running | Paused {
	if (!isActive(state)) {
		throw notRunning(id);
	}

	return state;
}

export function notRunning(id: string): EngineError {
	return new EngineError('conflict', `container ${id} is not running`, {code: 'notRunning'});
}

/** Narrows to what can be paused. Throws `conflict` with docker's texts. */
export function checkPausable(state: ContainerState, id: string): Running {
	const active = checkActive(state, id);
	if (active.status === 'paused') {
		throw new EngineError('conflict', `Container ${id} is already paused`);
	}

	return active;
}

/** Narrows to a paused one. Throws `system`, as docker does (500). */
export function checkPaused(state: ContainerState, id: string): Paused {
	if (state.status !== 'paused') {
		throw new EngineError('system', `Container ${id} is not paused`, {code: 'notPaused'});
	}

	return state;
}

/** Narrows to what may be removed without force. `name`: as the caller gave it. Throws `conflict` with docker's texts. */
export function checkRemovable(state: ContainerState, name: string): Created | Exited | Restarting | Removing | Dead {
	if (isActive(state)) {
		const advice = state.status === 'paused' ? ' and must be unpaused first' : ': stop the container before removing or force remove';
		throw new EngineError('conflict', `cannot remove container "${name}": container is ${state.status}${advice}`);
	}

	return state;
}

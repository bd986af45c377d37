/**
Docker's words for what a container does: `Up 3 minutes (Paused)`, `Exited (0) 5 seconds ago`.
*/
import type {ContainerState} from '../container/container-state.js';

/** The Status text of a list. */
export function statusText(state: ContainerState, nowMs: number): string {
	switch (state.status) {
		case 'created': {
			return 'Created';
		}

		case 'running': {
			return `Up ${ageOf(state.startedAt, nowMs)}`;
		}

		case 'paused': {
			return `Up ${ageOf(state.startedAt, nowMs)} (Paused)`;
		}

		case 'restarting': {
			return `Restarting (${state.exitCode}) ${ageOf(state.finishedAt, nowMs)} ago`;
		}

		case 'exited': {
			return `Exited (${state.exitCode}) ${ageOf(state.finishedAt, nowMs)} ago`;
		}

		case 'removing': {
			return 'Removal In Progress';
		}

		case 'dead': {
			return 'Dead';
		}
	}
}

function ageOf(time: string, nowMs: number): string {
	return humanDuration(Math.max(0, nowMs - Date.parse(time)));
}

/** docker/go-units HumanDuration. */
export function humanDuration(ms: number): string {
	const seconds = Math.floor(ms / 1000);
	const minutes = Math.floor(seconds / 60);
	const hours = Math.floor(seconds / 3600 + 0.5);
	if (seconds < 1) {
		return 'Less than a second';
	}

	if (seconds === 1) {
		return '1 second';
	}

	if (seconds < 60) {
		return `${seconds} seconds`;
	}

	if (minutes === 1) {
		return 'About a minute';
	}

	if (minutes < 60) {
		return `${minutes} minutes`;
	}

	if (hours === 1) {
		return 'About an hour';
	}

	if (hours < 48) {
		return `${hours} hours`;
	}

	if (hours < 24 * 7 * 2) {
		return `${Math.floor(hours / 24)} days`;
	}

	if (hours < 24 * 30 * 2) {
		return `${Math.floor(hours / 24 / 7)} weeks`;
	}

	if (hours < 24 * 365 * 2) {
		return `${Math.floor(hours / 24 / 30)} months`;
	}

	return `${Math.floor(seconds / 86_400 / 365)} years`;
}

/** A container's state as a sign, a word and a tone: never by colour alone. */
import type {Container, Verb} from '../state/app-state.js';
import type {Tone} from '../theme/tones.js';

export type StateMark = {readonly glyph: string; readonly word: string; readonly tone: Tone};

const busyWords: Readonly<Record<Verb, string>> = {
	stop: 'stopping…', start: 'starting…', restart: 'restarting…', pause: 'pausing…', unpause: 'resuming…', remove: 'removing…',
};

export function stateMark(container: Pick<Container, 'state' | 'exitCode' | 'health'>, busy?: Verb): StateMark {
	if (busy !== undefined) {
		return {glyph: '◌', word: busyWords[busy], tone: 'state.changing'};
	}

	switch (container.state) {
		case 'running': {
			return runningMark(container.health);
		}

		case 'paused': {
			return {glyph: '‖', word: 'paused', tone: 'state.paused'};
		}

		case 'exited': {
			return container.exitCode === undefined || container.exitCode === 0
				? {glyph: '○', word: container.exitCode === undefined ? 'exited' : 'exited 0', tone: 'state.exited'}
				: {glyph: '×', word: `exited ${container.exitCode}`, tone: 'state.failed'};
		}

		case 'created': {
			return {glyph: '·', word: 'created', tone: 'state.created'};
		}

		case 'restarting': {
			return {glyph: '◌', word: 'restarting', tone: 'state.changing'};
		}

		case 'removing': {
			return {glyph: '◌', word: 'removing', tone: 'state.changing'};
		}

		case 'dead': {
			return {glyph: '×', word: 'dead', tone: 'state.failed'};
		}
	}
}

function runningMark(health: Container['health']): StateMark {
	switch (health) {
		case 'unhealthy': {
			return {glyph: '●', word: 'unhealthy', tone: 'state.failed'};
		}

		case 'healthy': {
			return {glyph: '●', word: 'healthy', tone: 'state.running'};
		}

		case 'starting': {
			return {glyph: '●', word: 'starting', tone: 'state.paused'};
		}

		case undefined: {
			return {glyph: '●', word: 'running', tone: 'state.running'};
		}
	}
}

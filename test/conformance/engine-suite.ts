/**
What every engine must do, whether it is in this process or behind HTTP. A factory gives an engine whose store holds the image `busybox:latest` (docker's shape: `Cmd: ['sh']`, users root, www-data 33 and app 1000).
*/
import type {Behaves, Subject} from './behaviour.js';
import {eventsBehaviour} from './events.js';
import {execBehaviour} from './exec.js';
import {filesBehaviour} from './files.js';
import {imagesBehaviour} from './images.js';
import {lifeCycleBehaviour} from './life-cycle.js';
import {listsBehaviour} from './lists.js';
import {logsBehaviour} from './logs.js';
import {namesBehaviour} from './names.js';
import {processesBehaviour} from './processes.js';
import {settingsBehaviour} from './settings.js';
import {statesBehaviour} from './states.js';
import {streamsBehaviour} from './streams.js';
import {systemBehaviour} from './system.js';
import {volumesBehaviour} from './volumes.js';

export function engineSuite(subject: Subject): void {
	const {test, factory, name} = subject;
	const behaves: Behaves = (title, body) => {
		test(`${name}: ${title}`, async t => {
			const engine = await factory(t);
			if (engine !== undefined) {
				await body(t, engine);
			}
		});
	};

	lifeCycleBehaviour(behaves);
	statesBehaviour(behaves);
	namesBehaviour(behaves);
	streamsBehaviour(behaves);
	logsBehaviour(behaves);
	settingsBehaviour(behaves, subject);
	volumesBehaviour(behaves, subject);
	execBehaviour(behaves);
	processesBehaviour(behaves);
	filesBehaviour(behaves);
	listsBehaviour(behaves);
	eventsBehaviour(behaves);
	imagesBehaviour(behaves);
	systemBehaviour(behaves);
}

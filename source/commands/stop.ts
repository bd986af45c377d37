import {int, string} from '../arguments/option.js';
import {defineCommand} from './context.js';
import {eachName} from './each-name.js';

export const stopOptions = {
	signal: string('s', 'The signal sent first (default: the container\'s stop signal, SIGTERM)'),
	timeout: int('t', 'Seconds to wait before SIGKILL; -1 waits for ever (default: the container\'s, 10)'),
} as const;

/** `--time` was its name until docker 28. */
export const oldTimeOption = {time: int('', 'The former name of --timeout', {hidden: true})} as const;

export type StopValues = {readonly signal: string | undefined; readonly timeout: number | undefined; readonly time: number | undefined};

export const command = defineCommand({
	name: 'stop',
	usage: '[OPTIONS] CONTAINER [CONTAINER...]',
	summary: 'Stop running containers',
	options: {...stopOptions, ...oldTimeOption},
	arguments: {min: 1},
	completes: ['running'],
	examples: [['tug stop -t 2 web', 'SIGTERM, and after two seconds SIGKILL']],
	run: async (context, {options, arguments: names}) => eachName(context, names, async (engine, name) => {
		await engine.stopContainer(name, stopArguments(options));
	}),
});

export function stopArguments({signal, timeout, time}: StopValues): {signal?: string; timeoutSeconds?: number} {
	const seconds = timeout ?? time;
	return {...(signal === undefined ? {} : {signal}), ...(seconds === undefined ? {} : {timeoutSeconds: seconds})};
}

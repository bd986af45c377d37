import {bool, string} from '../arguments/option.js';
import {CommandError, defineCommand} from './context.js';
import {detachKeysOption, requireTerminal, runForeground, signalSender} from './foreground-session.js';
import {terminalSizeOf} from './run.js';

export const command = defineCommand({
	name: 'attach',
	usage: '[OPTIONS] CONTAINER',
	summary: 'Join your terminal to a running container',
	description: 'Leave it running with ctrl-p ctrl-q.',
	options: {
		'detach-keys': string('', 'The keys that detach (default ctrl-p,ctrl-q)'),
		'no-stdin': bool('', 'Don\'t attach its input'),
		'sig-proxy': bool('', 'Pass signals on to the process', {initially: true}),
	},
	arguments: {min: 1, max: 1},
	completes: ['running'],
	async run(context, {options, arguments: [name]}) {
		const detachKeys = detachKeysOption(options['detach-keys']);
		const engine = await context.engine();
		const {Id: id, Config: config, State: state} = await engine.inspectContainer(name!);
		if (state.Paused) {
			throw new CommandError('cannot attach to a paused container, unpause it first');
		}

		if (!state.Running) {
			throw new CommandError('cannot attach to a stopped container, start it first');
		}

		const wantsInput = !options['no-stdin'] && config.OpenStdin;
		requireTerminal(context, {tty: config.Tty, stdin: wantsInput});
		const size = config.Tty ? await terminalSizeOf(context) : undefined;
		const attachment = await engine.attach(id, {stdin: wantsInput, stdout: true, stderr: true, ...(size === undefined ? {} : {size})});
		return runForeground(context, {
			attachment,
			wantsInput,
			detachKeys,
			sendSignal: options['sig-proxy'] && !config.Tty ? signalSender(engine, id) : undefined,
		});
	},
});

import type {RegistryAuth} from '../../engine/index.js';
import {bool, string} from '../arguments/option.js';
import {CommandError, defineCommand, type CommandContext} from './context.js';

export const command = defineCommand({
	name: 'login',
	usage: '[OPTIONS] [SERVER]',
	summary: 'Log in to a registry',
	description: 'Docker Hub when no server is named. Kept in docker\'s config.json, or with the credential helper it names, so that docker, podman and tug all know it.',
	options: {
		password: string('p', 'The password or token; anybody who lists processes can see it'),
		'password-stdin': bool('', 'Take the password or token from the standard input'),
		username: string('u', 'The user name'),
	},
	arguments: {min: 0, max: 1},
	examples: [['tug login -u me --password-stdin registry.local:5000 < token.txt', 'from a script']],
	async run(context, {options, arguments: [server = '']}) {
		if (options.password !== undefined && options['password-stdin']) {
			throw new CommandError('--password and --password-stdin are mutually exclusive');
		}

		if (options['password-stdin'] && !options.username) {
			throw new CommandError('the --password-stdin option requires --username to be set');
		}

		if (options.password !== undefined) {
			context.errors.write('WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n');
		}

		const {userCredentials} = await import('../../engine/index.js');
		const credentials = await userCredentials();
		const [auth, isKept] = await chooseAuth(context, {...options, server, stored: await credentials.get(server)});
		const engine = await context.engine();
		const {Status: status, IdentityToken: identitytoken} = await engine.checkAuth({...auth, serveraddress: credentials.nameOf(server)});
		if (!isKept) {
			const helper = await credentials.store(server, {...auth, identitytoken});
			if (helper === undefined) {
				context.errors.write(`\nWARNING! Your credentials are stored unencrypted in '${credentials.file}'.\nConfigure a credential helper (credsStore) to remove this warning.\n\n`);
			}
		}

		context.output.write(`${status}\n`);
		return 0;
	},
});

type Wanted = {readonly username: string | undefined; readonly password: string | undefined; readonly 'password-stdin': boolean; readonly server: string; readonly stored: RegistryAuth};

/** Who it is to be, and whether that is what is kept already. */
async function chooseAuth(context: CommandContext, {username, password, stored, server, ...options}: Wanted): Promise<[RegistryAuth, boolean]> {
	if (options['password-stdin']) {
		return [{username: username!, password: withoutNewline(await readAll(context))}, false];
	}

	if (username !== undefined && password !== undefined) {
		return [{username, password}, false];
	}

	if (username === undefined && password === undefined && stored.username !== undefined) {
		context.output.write('Authenticating with existing credentials...\n');
		return [stored, true];
	}

	if (!context.input.isTerminal) {
		throw new CommandError('cannot perform an interactive login from a non TTY device', {hint: `Use tug login -u USER --password-stdin${server === '' ? '' : ` ${server}`}.`});
	}

	const {askLine, askSecret} = await import('../foreground/ask.js');
	const name = username ?? await askLine(context, stored.username === undefined ? 'Username: ' : `Username (${stored.username}): `);
	const chosen = name === '' ? (stored.username ?? '') : name;
	if (chosen === '') {
		throw new CommandError('username is required');
	}

	const secret = password ?? await askSecret(context, 'Password: ');
	if (secret === '') {
		throw new CommandError('password is required');
	}

	return [{username: chosen, password: secret}, false];
}

async function readAll(context: CommandContext): Promise<string> {
	let text = '';
	for await (const chunk of context.input.stream()) {
		text += String(chunk);
	}

	if (withoutNewline(text) === '') {
		throw new CommandError('the password on the standard input is empty');
	}

	return text;
}

function withoutNewline(text: string): string {
	return text.replace(/\r?\n$/, '');
}

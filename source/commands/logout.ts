import {defineCommand} from './context.js';

export const command = defineCommand({
	name: 'logout',
	usage: '[SERVER]',
	summary: 'Log out from a registry',
	description: 'Docker Hub when no server is named.',
	options: {},
	arguments: {min: 0, max: 1},
	async run(context, {arguments: [server = '']}) {
		const {userCredentials} = await import('../../engine/index.js');
		const credentials = await userCredentials();
		const name = credentials.nameOf(server);
		const wasThere = await credentials.erase(server);
		context.output.write(wasThere ? `Removing login credentials for ${name}\n` : `Not logged in to ${name}\n`);
		return 0;
	},
});

/** What may stand before the verb. */
import {bool, list, string} from './option.js';

export const globalOptions = {
	context: string('c', 'The context to use', {later: 'other engines come with the remote part'}),
	config: string('', 'Where the client\'s settings are', {hidden: true}),
	debug: bool('D', 'Say what is done, and show where errors come from'),
	host: list('H', 'Another engine\'s address', {differs: 'the built-in engine only, so far'}),
	'log-level': string('l', 'How much to say', {hidden: true}),
	root: string('', 'Where images and containers are kept (also TUG_ROOT)', {value: 'directory', completes: 'directory'}),
	version: bool('v', 'Show the version'),
} as const;

/**
The rows: each gives, for a subject, what to do before and what to time. `scale`: how many of the asked rounds it takes (a row of seconds needs fewer).
*/
import fs from 'node:fs';
import {must, removeArguments, run} from './subjects.mjs';
import {timeAtOnce, timeCommand, withSink} from './measure.mjs';

const name = 'bench-one';

/** The life cycle of containers, on the image `image`. */
export function lifeRows(image) {
	const remove = subject => run(subject, removeArguments(subject, name));
	const start = (subject, ...options) => must(subject, ['run', '-d', '--network', 'none', '--name', name, ...options, image.name, ...image.sleep]);
	const simple = (title, args, more = {}) => ({title, time: subject => timeCommand(subject, typeof args === 'function' ? args(subject) : args), ...more});
	return [
		simple('run --rm true, default network', ['run', '--rm', image.name, ...image.true]),
		simple('run --rm --network none true', ['run', '--rm', '--network', 'none', image.name, ...image.true]),
		simple('run -d', ['run', '-d', '--network', 'none', '--name', name, image.name, ...image.sleep], {before: remove, after: remove}),
		simple('create', ['create', '--network', 'none', '--name', name, image.name, ...image.sleep], {before: remove, after: remove}),
		simple('start', ['start', name], {
			before(subject) {
				remove(subject);
				must(subject, ['create', '--network', 'none', '--name', name, image.name, ...image.sleep]);
			},
			after: remove,
		}),
		simple('exec true', ['exec', name, 'true'], {setUp: subject => start(subject), tearDown: remove}),
		simple('stop (handles TERM)', ['stop', name], {
			before(subject) {
				remove(subject);
				start(subject);
			},
			after: remove,
		}),
		simple('rm -f of a running one', subject => removeArguments(subject, name), {
			before(subject) {
				remove(subject);
				start(subject);
			},
		}),
		simple('inspect container', ['inspect', name], {setUp: subject => start(subject), tearDown: remove}),
		simple('inspect image', ['image', 'inspect', image.name]),
		simple('images', ['images']),
		simple('ps -a, 0 containers', ['ps', '-a']),
	];
}

/** ps and run beside many containers. */
export function manyRows(image, count) {
	const names = Array.from({length: count}, (_, index) => `bench-many-${index}`);
	const create = async subject => {
		await timeAtOnce(subject, names.map(each => ['create', '--network', 'none', '--name', each, image.name, ...image.true]), 4);
	};

	const removeAll = subject => {
		for (let at = 0; at < names.length; at += 100) {
			run(subject, removeArguments(subject, ...names.slice(at, at + 100)));
		}
	};

	return [
		{title: `ps -a, ${count} containers`, group: 'many', setUp: create, time: subject => timeCommand(subject, ['ps', '-a'])},
		{title: `run --rm --network none true beside ${count}`, group: 'many', tearDown: removeAll, time: subject => timeCommand(subject, ['run', '--rm', '--network', 'none', image.name, ...image.true])},
	];
}

export function togetherRows(image) {
	const names = Array.from({length: 50}, (_, index) => `bench-together-${index}`);
	const removeAll = subject => run(subject, removeArguments(subject, ...names));
	return [{
		title: '50 × run -d, 8 at once',
		unit: 's',
		scale: 0.4,
		before: removeAll,
		after: removeAll,
		time: subject => timeAtOnce(subject, names.map(each => ['run', '-d', '--network', 'none', '--name', each, image.name, ...image.sleep]), 8),
	}];
}

export function logRows(image, scratch) {
	const remove = subject => run(subject, removeArguments(subject, 'bench-log'));
	const create = subject => {
		remove(subject);
		must(subject, ['create', '--network', 'none', '--name', 'bench-log', image.name, ...image.flood]);
	};

	const fill = subject => {
		create(subject);
		must(subject, ['start', 'bench-log']);
		must(subject, ['wait', 'bench-log']);
	};

	return [
		{
			title: 'a container writes 1,000,000 lines (start, wait)',
			unit: 's',
			scale: 0.5,
			before: create,
			time: subject => timeCommand(subject, ['start', 'bench-log']) + timeCommand(subject, ['wait', 'bench-log']),
		},
		{title: 'logs of them', unit: 's', scale: 0.5, setUp: fill, time: subject => withSink(scratch, output => timeCommand(subject, ['logs', 'bench-log'], {output}))},
		{title: 'logs --tail 100', tearDown: remove, time: subject => timeCommand(subject, ['logs', '--tail', '100', 'bench-log'])},
	];
}

/** load and save of an archive; `cold`: its layers are not in the store. */
export function archiveRows(file, scratch) {
	let reference;
	const load = subject => {
		const said = must(subject, ['load', '-i', file]);
		reference = /Loaded image(?:\(s\))?(?: ID)?: (\S+)/.exec(said)?.[1];
		if (reference === undefined) {
			throw new Error(`${subject.name} load -i ${file} said: ${said}`);
		}

		return reference;
	};

	const forget = subject => {
		if (reference !== undefined) {
			run(subject, ['rmi', '-f', reference, `localhost/${reference}`]);
		}

		run(subject, ['image', 'prune', '-f']);
	};

	const title = `${file.split('/').at(-1)} (${Math.round(fs.statSync(file).size / 1e6)} MB)`;
	return [
		{title: `load ${title}, cold`, unit: 's', scale: 0.5, setUp: load, before: forget, time: subject => timeCommand(subject, ['load', '-q', '-i', file])},
		{title: `save ${title}`, unit: 's', scale: 0.5, tearDown: forget, time: subject => withSink(scratch, output => timeCommand(subject, ['save', reference], {output}))},
	];
}

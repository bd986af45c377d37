/**
`npm run bench`: tug beside its peers, interleaved, medians. Writes a markdown table to stdout and progress to stderr.

    --rows=REGEX     only rows whose title matches (default: all but those with --many)
    --rounds=N       rounds of a row (default 10; rows of seconds take fewer, at least 3)
    --many=N         also with N containers in the store (1000 takes a few minutes)
    --archive=FILE   also load and save this image archive; may be repeated
    --json=FILE      every single time, as JSON
*/
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import {parseArgs} from 'node:util';
import {demoArchive} from './images.mjs';
import {median, timeCommand} from './measure.mjs';
import {memoryPerContainer} from './memory.mjs';
import {archiveRows, lifeRows, logRows, manyRows, togetherRows} from './rows.mjs';
import {findSubjects, machine, must, run} from './subjects.mjs';

const {values: options} = parseArgs({
	options: {
		rows: {type: 'string', default: '.'},
		rounds: {type: 'string', default: '10'},
		many: {type: 'string', default: '0'},
		archive: {type: 'string', multiple: true, default: []},
		json: {type: 'string'},
	},
});
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'tug-bench-'));
const subjects = findSubjects(scratch);
const wanted = new RegExp(options.rows);
const results = [];

try {
	console.error(`subjects: ${subjects.map(({name}) => name).join(', ')}; ${machine()}`);
	const image = await demoArchive(scratch);
	for (const subject of subjects) {
		// By its own stdin: a peer may live in another mount namespace.
		const archive = fs.openSync(image.file, 'r');
		must(subject, ['load'], {stdio: [archive, 'pipe', 'pipe']});
		fs.closeSync(archive);
	}

	const node = {name: 'node -e 0', command: [process.execPath], environment: {}};
	await measureRow({title: 'floor: node -e 0', time: () => timeCommand(node, ['-e', '0'])}, subjects.slice(0, 1));
	for (const row of allRows(image)) {
		if (wanted.test(row.title)) {
			await measureRow(row, subjects);
		}
	}

	if (wanted.test('memory per running container')) {
		await measureMemory(image);
	}

	for (const subject of subjects.slice(1)) {
		run(subject, ['rmi', '-f', image.name]);
	}
} finally {
	cleanUp();
}

print();

function allRows(image) {
	const many = Number(options.many);
	return [
		...lifeRows(image),
		...togetherRows(image),
		...logRows(image, scratch),
		...options.archive.flatMap(file => archiveRows(path.resolve(file), scratch)),
		...(many > 0 ? manyRows(image, many) : []),
	];
}

/** One warm-up and then rounds: subject A, B, C, A, B, C … A subject that fails a row sits it out. */
async function measureRow(row, among) {
	const rounds = Math.max(3, Math.round(Number(options.rounds) * (row.scale ?? 1)));
	const times = new Map(among.map(subject => [subject.name, []]));
	const failed = new Map();
	const attempt = async (subject, act) => {
		if (failed.has(subject.name)) {
			return;
		}

		try {
			await act();
		} catch (error) {
			failed.set(subject.name, error.message);
			console.error(`  ${error.message.split('\n')[0].slice(0, 200)}`);
		}
	};

	for (const subject of among) {
		await attempt(subject, () => row.setUp?.(subject));
	}

	for (let round = -1; round < rounds; round++) {
		for (const subject of among) {
			await attempt(subject, async () => {
				await row.before?.(subject);
				const ms = await row.time(subject);
				await row.after?.(subject);
				if (round >= 0) {
					times.get(subject.name).push(ms);
				}
			});
		}
	}

	for (const subject of among) {
		row.tearDown?.(subject);
	}

	results.push({title: row.title, unit: row.unit ?? 'ms', times: Object.fromEntries(times)});
	console.error(`${row.title}: ${[...times].map(([name, list]) => `${name} ${cell(list, row.unit ?? 'ms')}`).join(', ')}`);
}

async function measureMemory(image) {
	const times = {};
	for (const subject of subjects) {
		try {
			const {rss, pss, onceRss, programs} = await memoryPerContainer(subject, image);
			times[subject.name] = [pss];
			console.error(`memory: ${subject.name} ${rss.toFixed(2)} MiB RSS, ${pss.toFixed(2)} MiB PSS a container (${programs.join(', ')}), ${onceRss.toFixed(1)} MiB RSS once`);
		} catch (error) {
			console.error(`  ${error.message}`);
		}
	}

	results.push({title: 'memory per running container (PSS)', unit: 'MiB', times});
}

function print() {
	const names = subjects.map(({name}) => name);
	console.log(`\n${machine()}\n`);
	console.log(`| | ${names.join(' | ')} |${names.slice(1).map(name => ` ${name} ÷ tug |`).join('')}`);
	console.log(`|---|${names.map(() => '---:|').join('')}${names.slice(1).map(() => '---:|').join('')}`);
	for (const {title, unit, times} of results) {
		const own = times.tug ?? [];
		const ratios = names.slice(1).map(name => (own.length > 0 && times[name]?.length > 0 ? `${(median(times[name]) / median(own)).toFixed(1)} ×` : '–'));
		console.log(`| ${title} | ${names.map(name => cell(times[name] ?? [], unit)).join(' | ')} |${ratios.map(ratio => ` ${ratio} |`).join('')}`);
	}

	console.log('\nMedian (min–max, runs), wall time of the command line.');
	if (options.json !== undefined) {
		fs.writeFileSync(options.json, `${JSON.stringify({machine: machine(), results}, null, '\t')}\n`);
	}
}

function cell(values, unit) {
	if (values.length === 0) {
		return '–';
	}

	const show = value => (unit === 's' ? (value / 1000).toFixed(2) : unit === 'MiB' ? value.toFixed(2) : value.toFixed(value < 10 ? 1 : 0));
	return values.length === 1 ? `${show(values[0])} ${unit}` : `**${show(median(values))}** ${unit} (${show(Math.min(...values))}–${show(Math.max(...values))}, ${values.length})`;
}

/** tug's own store goes with the folder; its containers first. */
function cleanUp() {
	const [tug] = subjects;
	const ids = String(run(tug, ['ps', '-aq']).stdout ?? '').split('\n').filter(Boolean);
	if (ids.length > 0) {
		run(tug, ['rm', '-f', ...ids]);
	}

	run(tug, ['rmi', '-f', ...String(run(tug, ['images', '-q']).stdout ?? '').split('\n').filter(Boolean)]);
	for (const folder of tug.folders) {
		try {
			fs.rmSync(folder, {recursive: true, force: true});
		} catch (error) {
			console.error(`left behind: ${folder} (${error.message})`);
		}
	}
}

/** What must hold for any words. */
import test from 'ava';
import fc from 'fast-check';
import {runOptions} from '../../source/arguments/container-options.js';
import {commaFields} from '../../source/arguments/comma-fields.js';
import {didYouMean} from '../../source/arguments/did-you-mean.js';
import {parseDuration} from '../../source/arguments/duration.js';
import {bool, int, list, string} from '../../source/arguments/option.js';
import {parse} from '../../source/arguments/parse.js';
import {UsageError} from '../../source/arguments/usage-error.js';

const options = {all: bool('a', ''), env: list('e', ''), name: string('', ''), number: int('n', ''), quiet: bool('q', '')};
const value = fc.string({minLength: 1});

test('every way to write an option means the same', t => {
	fc.assert(fc.property(value, text => {
		const expected = [text];
		t.deepEqual(parse({options}, ['--env', text]).options.env, expected);
		t.deepEqual(parse({options}, [`--env=${text}`]).options.env, expected);
		t.deepEqual(parse({options}, ['-e', text]).options.env, expected);
		t.deepEqual(parse({options}, [`-e=${text}`]).options.env, expected);
		t.deepEqual(parse({options}, ['-aq', `-qe=${text}`]).options.env, expected);
		if (!text.startsWith('=')) {
			t.deepEqual(parse({options}, [`-e${text}`]).options.env, expected);
		}
	}));
});

test('after two dashes everything is an argument, whatever it looks like', t => {
	fc.assert(fc.property(fc.array(fc.string()), words => {
		t.deepEqual(parse({options}, ['-a', '--', ...words]).arguments, words);
	}));
});

test('after the image everything is the container\'s', t => {
	fc.assert(fc.property(fc.array(fc.string()), words => {
		t.deepEqual(parse({options: runOptions, interspersed: false}, ['--rm', 'image', ...words]).arguments, ['image', ...words]);
	}));
});

test('no words make the parser fail otherwise than by telling what is wrong', t => {
	const word = fc.oneof(fc.string(), fc.constantFrom(...Object.keys(runOptions).map(name => `--${name}`)), fc.string().map(text => `-${text}`), fc.string().map(text => `--${text}`));
	fc.assert(fc.property(fc.array(word), words => {
		try {
			parse({options: runOptions, interspersed: false}, words);
		} catch (error) {
			t.true(error instanceof UsageError, String(error));
			t.false((error as UsageError).message === '');
		}
	}), {numRuns: 2000});
	t.pass();
});

test('fields in quotes come back as they were', t => {
	fc.assert(fc.property(fc.array(fc.string({unit: 'grapheme-ascii'}), {minLength: 1}), fields => {
		t.deepEqual(commaFields(fields.map(field => `"${field.replaceAll('"', '""')}"`).join(',')), fields);
	}));
});

test('durations add up', t => {
	fc.assert(fc.property(fc.nat(1000), fc.nat(59), fc.nat(59), fc.nat(999), (hours, minutes, seconds, milliseconds) => {
		t.is(parseDuration(`${hours}h${minutes}m${seconds}s${milliseconds}ms`), ((((hours * 60 + minutes) * 60 + seconds) * 1000) + milliseconds) * 1e6);
	}));
});

test('a known word is its own best guess', t => {
	const known = Object.keys(runOptions);
	fc.assert(fc.property(fc.constantFrom(...known), name => {
		t.is(didYouMean(name, known), name);
	}));
});
